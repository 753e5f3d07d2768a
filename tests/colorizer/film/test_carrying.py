"""Tests of colorizer/film/carrying.py and of the spans that it takes: colours that stay with their things."""

from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np
import pytest
import skimage.data
import torch
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from colorizer.film.carrying import Answered, Coloured, carry_colours
from colorizer.film.decode.frame import Frame, LumaSamples
from colorizer.film.keyframes import choose_spans
from colorizer.film.shot_state import ShotState
from colorizer.film.steadiness import distance_of

Picture = NDArray[np.float32]
STEADY = distance_of("auto")
PICTURE: Picture = cv2.GaussianBlur(skimage.data.camera().astype(np.float32) / 255, (0, 0), 1.5)


def shot(pictures: Sequence[Picture], edge: int = 0) -> list[Frame]:
    """Measured frames of one shot; from `edge` on they belong to segment 1."""
    nothing = torch.empty(0)

    def measured(picture: Picture) -> LumaSamples:
        small = torch.from_numpy(np.ascontiguousarray(picture))[None, None]
        return LumaSamples(nothing, small)

    blank = VideoFrame(16, 16, "gray")
    return [
        Frame(blank, number, number + 1, samples=measured(one), segment=int(number >= edge > 0))
        for number, one in enumerate(pictures)
    ]


def pan(frames: int) -> list[Picture]:
    """A camera that moves two columns a frame."""
    return [PICTURE[100:196, 20 + 2 * number : 180 + 2 * number] for number in range(frames)]


def coloured(
    frames: Sequence[Frame],
    answer: Callable[[int], Picture],
    memory: float = 9.0,
    state: ShotState | None = None,
) -> list[Coloured]:
    """Frames with their colours, where the network answers so for the frame of a number."""

    def answers() -> Iterator[Answered]:
        for span in choose_spans(frames, STEADY):
            following = None if span.next_key is None else answer(span.next_key.frame.pts)
            yield Answered(span, answer(span.key.frame.pts), following)

    return list(carry_colours(answers(), memory, state or ShotState()))


def flickering(number: int) -> Picture:
    """An answer that is another one for each frame."""
    return np.full((2, 96, 160), np.random.default_rng(number).normal(20, 6), np.float32)


def test_every_frame_is_coloured_once_in_its_order() -> None:
    """Whatever their number."""
    for count in (1, 2, 3, 12, 13, 14, 25):
        frames = shot(pan(count))
        assert [found.frame.pts for found in coloured(frames, flickering)] == list(range(count))


def test_the_network_is_asked_every_twelfth_frame_of_a_quiet_shot() -> None:
    """And at the end of the shot, so that each frame lies between two key frames."""
    keys = [span.key.frame.pts for span in choose_spans(shot(pan(30)), STEADY)]
    assert keys == [0, 12, 24, 29]


def test_few_frames_wait_for_the_answers_ahead_of_them() -> None:
    """Breaks: a long look-ahead takes memory, and the encoder waits for its first frame."""
    read: list[int] = []

    def frames() -> Iterator[Frame]:
        for frame in shot(pan(60)):
            read.append(frame.pts)
            yield frame

    spans = choose_spans(frames(), STEADY)
    answers = (Answered(span, flickering(0), flickering(1) if span.next_key else None) for span in spans)
    next(carry_colours(answers, 9.0, ShotState()))
    assert len(read) == 25


def test_it_is_asked_more_often_where_the_picture_changes() -> None:
    """Frames that cannot be found in the key frame before them become key frames."""
    noise = np.random.default_rng(1).random((12, 96, 160)).astype(np.float32)
    assert len(list(choose_spans(shot(list(noise)), STEADY))) >= 6


def test_colour_stays_steady_where_answers_flicker() -> None:
    """From frame to frame it changes by a small part of what the answers change by."""
    colours = np.stack([found.ab for found in coloured(shot(pan(80)), flickering)])[40:, :, 20:-20, 20:-20]
    assert np.abs(np.diff(colours, axis=0)).mean() < 0.3


def test_colours_that_are_blended_stay_as_colourful() -> None:
    """A mean of several answers is duller than they are, so a little is added; not to the answer of a single frame."""
    still = np.full((2, 96, 160), 20, np.float32)
    found = coloured(shot(pan(20)), lambda _number: still)
    assert 20.2 < float(found[10].ab.mean()) < 21
    assert np.array_equal(coloured(shot(pan(20)), lambda _number: still, memory=0)[10].ab, still)


def test_without_memory_a_key_frame_has_its_own_answer() -> None:
    """Nothing is blended into it."""
    found = coloured(shot(pan(20)), flickering, memory=0)
    for key in (0, 12, 19):
        assert np.array_equal(found[key].ab, flickering(key))


def test_colours_move_with_their_things() -> None:
    """A coloured thing keeps its colour while it crosses the picture, and leaves none behind."""

    def answer(number: int) -> Picture:
        """Red where the photograph has columns below 100."""
        column = np.arange(160) + 20 + 2 * number
        return np.broadcast_to(np.where(column < 100, 40, 0), (2, 96, 160)).astype(np.float32)

    for found in coloured(shot(pan(40)), answer):
        error = np.abs(found.ab - answer(found.frame.pts))
        assert error.mean() < 1.5
        assert np.abs(found.ab[..., : 80 - 2 * found.frame.pts - 6]).mean() > 36 if found.frame.pts < 30 else True


def test_an_old_colour_is_forgotten() -> None:
    """Drift is bounded: when the network changes its mind, most of it is followed within a few seconds."""
    found = coloured(
        shot([PICTURE[100:196, 20:180]] * 240), lambda number: flickering(0) * 0 + (0 if number < 8 else 30)
    )
    assert found[-1].ab.mean() > 25


def test_colour_goes_on_over_the_edge_of_a_segment_with_the_same_bits() -> None:
    """From the state after the segment's last frame, and its own frames: as if it had not been interrupted."""
    frames = shot(pan(40), edge=13)
    whole = coloured(frames, flickering)
    assert whole[12].state != ShotState()
    rest = coloured(frames[13:], flickering, state=whole[12].state)
    for one, other in zip(rest, whole[13:], strict=True):
        assert np.array_equal(one.ab, other.ab)
    assert not np.array_equal(coloured(frames[13:], flickering)[0].ab, rest[0].ab)


@pytest.mark.parametrize("harm", ["dust", "scratch", "weave", "grain", "flicker"])
def test_the_faults_of_old_film_do_not_make_colour_jump(harm: str) -> None:
    """With answers that do not change, colours stay within a unit of ab, on average, of those of the clean clip."""
    rng = np.random.default_rng(3)
    pictures = [damaged(picture, harm, rng) for picture in pan(40)]
    still = np.tile(np.linspace(-30, 30, 160, dtype=np.float32), (2, 96, 1))

    def answer(number: int) -> Picture:
        return np.roll(still, -2 * number, axis=2)

    clean = coloured(shot(pan(40)), answer)
    for found, expected in zip(coloured(shot(pictures), answer), clean, strict=True):
        assert np.abs(found.ab - expected.ab)[:, 10:-10, 10:70].mean() < 1


def damaged(picture: Picture, harm: str, rng: np.random.Generator) -> Picture:
    """A frame with one of the faults of old film."""
    result = picture.copy()
    match harm:
        case "dust":
            for row, column in rng.integers(0, 90, (6, 2)):
                result[row : row + 4, column : column + 5] = rng.choice((0.0, 1.0))
        case "scratch":
            result[:, 60 + rng.integers(0, 3)] = 1
        case "weave":
            result = np.roll(result, tuple(rng.integers(-1, 2, 2)), axis=(0, 1))
        case "grain":
            result += rng.normal(0, 0.04, result.shape).astype(np.float32)
        case "flicker":
            result *= np.float32(rng.uniform(0.8, 1.1))
    return result.clip(0, 1)
