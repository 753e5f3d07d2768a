"""Where a film may be divided: at its cuts, found on the small luma of neighbouring frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction

from torch import Tensor

from colorizer.film.decode.frame import Frame

_CUT = 0.1
"""Mean change of luma (0..1) from one frame to the next that counts as a cut; motion and grain stay below 0.06."""
_LEAST, _MOST = 10, 60
"""Seconds: a segment may end at a cut after the first, and ends without one after the second."""
_LEAST_WORK, _MOST_WORK = 150_000_000, 300_000_000
"""The same in pixels that were coloured, so that an interruption undoes little; a slow machine takes about 20 s for the
second number. The time that this machine takes does not count, because each edge changes the encoded bits."""
_WORK_PER_FRAME = 1_500_000
"""Pixels that take as long as the part of the work on a frame that does not depend on its size."""


def number_segments(frames: Iterable[Frame], time_base: Fraction, first: int = 0) -> Iterator[Frame]:
    """Give each measured frame the number of its segment.

    Args:
        frames: in the order of display; the first one begins a segment.
        time_base: of their times.
        first: number of the first segment.

    """
    number, begun, work = first, Fraction(0), 0
    before: Tensor | None = None
    for frame in frames:
        seconds, small = frame.pts * time_base, frame.measured.small
        if before is None:
            begun = seconds
        elif _ends(seconds - begun, work, before, small):
            number, begun, work = number + 1, seconds, 0
        before = small
        work += _WORK_PER_FRAME + frame.picture.width * frame.picture.height
        yield replace(frame, segment=number)


def is_cut(before: Tensor, after: Tensor) -> bool:
    """Whether two neighbouring frames show different shots, by their small luma."""
    return float((after - before).abs().mean()) > _CUT


def _ends(length: Fraction, work: int, before: Tensor, after: Tensor) -> bool:
    if length >= _MOST or work >= _MOST_WORK:
        return True
    return (length >= _LEAST or work >= _LEAST_WORK) and is_cut(before, after)
