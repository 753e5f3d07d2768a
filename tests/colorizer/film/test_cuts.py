"""Tests of colorizer/film/cuts.py: where a film is divided."""

from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

import pytest
import torch
from av.video.frame import VideoFrame
from torch.nn import functional

from colorizer.film.cuts import number_segments
from colorizer.film.decode.frame import Frame, LumaSamples

SHOTS = (torch.eye(16)[None, None], torch.eye(16).flip(0)[None, None])
"""Luma of the shots, which alternate."""


def film(frames: int, seconds: float, size: tuple[int, int], cuts: Sequence[int] = ()) -> list[Frame]:
    """Measured frames of a size (width and height), with times in milliseconds."""
    picture, none = VideoFrame(*size, "gray"), torch.empty(0)

    def measured(number: int) -> LumaSamples:
        return LumaSamples(none, SHOTS[sum(cut <= number for cut in cuts) % 2])

    step = round(seconds * 1000 / frames)
    return [Frame(picture, number * step, (number + 1) * step, samples=measured(number)) for number in range(frames)]


def segments(frames: list[Frame]) -> list[int]:
    """Number of frames in each segment."""
    numbered = Counter(frame.segment for frame in number_segments(frames, Fraction(1, 1000)))
    return [numbered[number] for number in sorted(numbered)]


@pytest.mark.parametrize(("size", "most"), [((320, 240), 200), ((1920, 1080), 85)])
def test_a_segment_ends_when_so_much_was_coloured(size: tuple[int, int], most: int) -> None:
    """Its number of frames depends on their size: an interruption undoes as much work in any film."""
    longest = segments(film(1000, 40, size))
    assert max(longest) <= most
    assert len(set(longest[:-1])) == 1


def test_a_cut_ends_a_segment_earlier() -> None:
    """A shot is not divided where the next cut is near; very short segments are not made either."""
    assert segments(film(100, 4, (1920, 1080), cuts=(5, 60))) == [60, 40]


def test_a_slow_film_is_divided_by_its_time() -> None:
    """Ten seconds at a cut, a minute elsewhere, however few frames that is."""
    assert segments(film(130, 130, (320, 240), cuts=(5, 12))) == [12, 60, 58]


def test_the_next_segment_begins_to_count_anew() -> None:
    """A film that goes on after finished segments has the same further edges."""
    frames = film(300, 12, (1920, 1080))
    whole = list(number_segments(frames, Fraction(1, 1000)))
    edge = next(number for number, frame in enumerate(whole) if frame.segment == 2)
    rest = number_segments(frames[edge:], Fraction(1, 1000), first=2)
    assert [frame.segment for frame in rest] == [frame.segment for frame in whole[edge:]]


def scene(number: int) -> torch.Tensor:
    """A picture of coarse shapes, another one for each number."""
    noise = torch.rand(1, 1, 6, 8, generator=torch.Generator().manual_seed(number))
    return functional.interpolate(noise, size=(72, 128), mode="bilinear")


def shots(pictures: Sequence[torch.Tensor]) -> list[int]:
    """The numbers of the frames that begin a shot, but for the first."""
    none = torch.empty(0)
    frames = [
        Frame(VideoFrame(16, 16, "gray"), number, number + 1, samples=LumaSamples(none, picture))
        for number, picture in enumerate(pictures)
    ]
    numbered = list(number_segments(frames, Fraction(1, 25)))
    return [one.pts for before, one in pairwise(numbered) if one.shot != before.shot]


def test_a_cut_is_found() -> None:
    """At the first frame of each shot."""
    assert shots([scene(1)] * 10 + [scene(2)] * 10 + [scene(1)] * 10) == [10, 20]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda number: scene(1) * (1 - number / 40), id="fade"),
        pytest.param(lambda number: scene(1) * 0.3 + 0.7 * (number in {14, 15}), id="flash"),
        pytest.param(lambda number: (scene(1) * (1.9 if number in {14, 15} else 0.6)).clamp(0, 1), id="overexposure"),
        pytest.param(lambda number: scene(1) * (0.6 + 0.35 * (number % 2)), id="flicker"),
        pytest.param(lambda number: scene(1).lerp(scene(2), min(1, number / 20)), id="dissolve"),
        pytest.param(lambda number: scene(1).roll((number, 2 * number), (-2, -1)), id="motion"),
        pytest.param(lambda number: scene(1 if number != 12 else 3), id="a damaged frame"),
        pytest.param(lambda number: torch.full((1, 1, 72, 128), number % 5 / 5), id="nothing"),
    ],
)
def test_what_exposure_and_motion_explain_is_no_cut(change: Callable[[int], torch.Tensor]) -> None:
    """Fades, flashes, flicker, dissolves, motion and a damaged frame are none."""
    assert shots([change(number) for number in range(30)]) == []


def test_a_shot_begins_after_darkness() -> None:
    """What is faded in after a fade to black is another shot."""
    assert shots(
        [scene(1) * max(0.0, 1 - number / 10) + scene(2) * max(0, number - 15) / 20 for number in range(30)]
    ) == [17]


def test_the_begins_of_segments_are_found_without_colouring() -> None:
    """With the frames that another machine can begin at, and those that need no state."""
    frames = film(300, 12, (1920, 1080), cuts=(60,))
    numbered = list(number_segments(frames, Fraction(1, 1000)))
    begins = [0, *(after for after, (one, other) in enumerate(pairwise(numbered), 1) if one.segment != other.segment)]
    assert [numbered[begin].pts // 40 for begin in begins] == [0, 60, 144, 228]
    at_cut = [begin == 0 or numbered[begin].shot != numbered[begin - 1].shot for begin in begins]
    assert at_cut == [True, True, False, False]
