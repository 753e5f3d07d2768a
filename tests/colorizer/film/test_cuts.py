"""Tests of colorizer/film/cuts.py: where a film is divided."""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import pytest
import torch
from av.video.frame import VideoFrame

from colorizer.film.cuts import number_segments
from colorizer.film.decode.frame import Frame, LumaSamples

SHOTS = (0.2, 0.8)
"""Luma of the shots, which alternate."""


def film(frames: int, seconds: float, size: tuple[int, int], cuts: Sequence[int] = ()) -> list[Frame]:
    """Measured frames of a size (width and height), with times in milliseconds."""
    picture, none = VideoFrame(*size, "gray"), torch.empty(0)

    def measured(number: int) -> LumaSamples:
        luma = SHOTS[sum(cut <= number for cut in cuts) % 2]
        return LumaSamples(none, none, none, none, torch.full((1, 1, 4, 4), luma))

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
