"""In what a film's frames differ from the original's, and when: gathered frame by frame, told in the report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

DAMAGED = "frames are damaged or missing"
MISSING = "frames are missing"
DEINTERLACED = "deinterlaced: one frame of each two fields"

_NEAR = Fraction(1)
"""Seconds: flaws that lie closer together are told as one."""
_MOST = 20
"""Places that are told one by one."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something in which a film differs from the original, for some time."""

    what: str
    """In words for the report."""
    begin: int
    """In the stream's time base."""
    end: int


Moments = Mapping[str, Sequence[tuple[int, int]]]
"""For each flaw the spans of time that have it."""


def describe_flaws(found: Iterable[Moments], time_base: Fraction, start: Fraction) -> tuple[str, ...]:
    """Notes for the report.

    Args:
        found: the moments of each segment, in time base units.
        time_base: of the film.
        start: the second at which the film begins.

    """
    spans: dict[str, list[tuple[Fraction, Fraction]]] = {}
    for moments in found:
        for flaw, places in moments.items():
            line = spans.setdefault(flaw, [])
            for begin, end in places:
                _extend(line, begin * time_base - start, end * time_base - start)
    return tuple(_note(flaw, line) for flaw, line in spans.items())


def _extend(line: list[tuple[Fraction, Fraction]], begin: Fraction, end: Fraction) -> None:
    if line and begin - line[-1][1] < _NEAR:
        line[-1] = (line[-1][0], max(end, line[-1][1]))
    else:
        line.append((max(begin, Fraction(0)), end))


def _note(flaw: str, line: Sequence[tuple[Fraction, Fraction]]) -> str:
    if flaw == DEINTERLACED:
        return flaw
    places = ", ".join(f"{float(begin):.2f} to {float(end):.2f} s" for begin, end in line[:_MOST])
    return f"{flaw}: {places}" + (f", and at {len(line) - _MOST} more places" if len(line) > _MOST else "")
