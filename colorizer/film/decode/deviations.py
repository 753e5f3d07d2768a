"""Differences between a film's frames and the original's: noted frame by frame, summed up in the report."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

DAMAGED = "frames are damaged or missing"
MISSING = "frames are missing"
DEINTERLACED = "deinterlaced: one frame of each two fields"
PULLDOWN_UNDONE = "telecined: each film frame is shown once"
EVERYWHERE = frozenset({DEINTERLACED, PULLDOWN_UNDONE})
"""Deviations of which the report gives no places."""

_NEAR = Fraction(1)
"""Seconds: deviations that are closer together are reported as one."""
_MOST_GAPS = 5
"""A film in which one frame of so many comes after a gap has no constant rate."""
_UNEVEN, _SEVERAL = 0.15, 3
"""Part of a frame by which a gap is no whole number of frames long; gaps of this kind that are no accident."""
_MOST = 20
"""Places that are listed one by one."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """A difference from the original that lasts for some time."""

    what: str
    """The difference, in words for the report."""
    begin: int
    """Beginning, in the stream's time base."""
    end: int
    """End, likewise."""


Spans = Mapping[str, Sequence[tuple[int, int]]]
"""The spans of time of each deviation, by its words."""


def describe_deviations(found: Iterable[Spans], time_base: Fraction, start: Fraction) -> tuple[str, ...]:
    """Notes for the report.

    Args:
        found: the deviations of each segment, in time base units.
        time_base: of the film.
        start: the second at which the film begins.

    """
    merged: dict[str, list[tuple[Fraction, Fraction]]] = {}
    for spans in found:
        for what, places in spans.items():
            line = merged.setdefault(what, [])
            for begin, end in places:
                _extend(line, begin * time_base - start, end * time_base - start)
    return tuple(_note(what, line) for what, line in merged.items() if line)


def without_rhythm(found: Sequence[Spans], frames: int, usual: Fraction) -> Sequence[Spans]:
    """The deviations of each segment, without gaps that a film of constant rate would not have.

    Transport streams and Matroska state a rate also for recordings whose rate varies, such as those of phones. Their
    gaps are many, or most of them are no whole number of frames long. Where frames are lost, they are.

    Args:
        found: the deviations.
        frames: the number of frames.
        usual: the usual duration of a frame, in time base units: the error of a rounded one grows in long gaps.

    """
    gaps = {(begin, end) for spans in found for begin, end in spans.get(MISSING, ())}
    uneven = {(begin, end) for begin, end in gaps if _UNEVEN < (end - begin) / usual % 1 < 1 - _UNEVEN}
    if len(gaps) * _MOST_GAPS >= frames:
        return [_without(spans, gaps) for spans in found]
    if len(uneven) >= _SEVERAL and len(uneven) * 2 > len(gaps):
        return [_without(spans, uneven) for spans in found]
    return found


def _without(spans: Spans, gaps: Collection[tuple[int, int]]) -> Spans:
    left = [(begin, end) for begin, end in spans.get(MISSING, ()) if (begin, end) not in gaps]
    return {**spans, MISSING: left}


def _extend(line: list[tuple[Fraction, Fraction]], begin: Fraction, end: Fraction) -> None:
    if line and begin - line[-1][1] < _NEAR:
        line[-1] = (line[-1][0], max(end, line[-1][1]))
    else:
        line.append((max(begin, Fraction(0)), end))


def _note(what: str, line: Sequence[tuple[Fraction, Fraction]]) -> str:
    if what in EVERYWHERE:
        return what
    places = ", ".join(f"{float(begin):.2f} to {float(end):.2f} s" for begin, end in line[:_MOST])
    return f"{what}: {places}" + (f", and at {len(line) - _MOST} more places" if len(line) > _MOST else "")
