"""Where a film may be divided: at its cuts, found on the small luma of neighbouring frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Protocol, TypeVar

from torch import Tensor

_CUT = 0.1
"""Mean change of luma (0..1) from one frame to the next that counts as a cut; motion and grain stay below 0.06."""
_LEAST, _MOST = 10, 60
"""Seconds: a segment may end at a cut after the first, and ends without one after the second."""


class Still(Protocol):
    """A frame as the divider sees it."""

    @property
    def seconds(self) -> Fraction:
        """When it is shown."""

    @property
    def small(self) -> Tensor:
        """Luma at the working size, (1, 1, h, w), of one shape throughout."""


AnyStill = TypeVar("AnyStill", bound=Still)


def number_segments(stills: Iterable[AnyStill], first: int = 0) -> Iterator[tuple[int, AnyStill]]:
    """Give each frame the number of its segment, from the first on, which begins with the first frame."""
    number, begun = first, Fraction(0)
    before: Tensor | None = None
    for still in stills:
        if before is None:
            begun = still.seconds
        elif _ends(still.seconds - begun, before, still.small):
            number, begun = number + 1, still.seconds
        before = still.small
        yield number, still


def is_cut(before: Tensor, after: Tensor) -> bool:
    """Whether two neighbouring frames show different shots, by their small luma."""
    return float((after - before).abs().mean()) > _CUT


def _ends(length: Fraction, before: Tensor, after: Tensor) -> bool:
    return length >= _MOST or (length >= _LEAST and is_cut(before, after))
