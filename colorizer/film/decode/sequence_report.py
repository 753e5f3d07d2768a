"""What the report says of a sequence: differences by the names of the frames, gaps in the numbers, and its sound."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

import av

from colorizer.film.decode.container import open_film
from colorizer.film.decode.deviations import DAMAGED, Spans
from colorizer.film.decode.film_info import FilmInfo
from colorizer.film.decode.folders.sequence_film import describe_transfer
from colorizer.frame_sequence import FrameFile, read_sequence

_LOST = "not decoded, so that the frame before is shown longer"
_LOST_AGAIN = "not decoded, and not in the result"
_MOST = 20
"""Places that are listed one by one."""
_SLACK = Fraction(1, 2)
"""Seconds by which sound and picture may differ in length."""

_Run = tuple[int, int]
"""Places in a sequence of the first frame of a run and of the one after the last."""


def describe_sequence(
    info: FilmInfo, shown: Sequence[int], deviations: Iterable[Spans], *, whole: bool, again: bool = False
) -> list[str]:
    """Notes for the report.

    Args:
        info: the sequence.
        shown: times of the frames that were decoded, in time base units, ascending.
        deviations: the deviations of each segment.
        whole: whether all of it was to be coloured, not a part.
        again: whether the result is a folder of frames.

    """
    sequence = read_sequence(info.path)
    times = _times(sequence.frames, info)
    lost = _lost(times, shown, whole=whole)
    notes = [*describe_transfer(sequence.frames[0].path, again=again), *(sequence.gaps(again=again) if whole else ())]
    if lost:
        notes.append(_note(_LOST_AGAIN if again else _LOST, lost, sequence.frames))
    for what, spans in _by_words(deviations).items():
        runs = [(bisect_left(times, begin), max(bisect_left(times, end), 1)) for begin, end in spans]
        if what != DAMAGED or len(runs) > sum(end - begin for begin, end in lost):  # else these are the lost ones
            notes.append(_note(what, list(_merged(runs)), sequence.frames))
    if whole and info.sound is not None:
        notes += _compare_sound(info, times[-1] + info.usual_duration)
    return notes


def _times(frames: Sequence[FrameFile], info: FilmInfo) -> list[int]:
    return [(frame.number - frames[0].number) * info.usual_duration for frame in frames]


def _lost(times: Sequence[int], shown: Sequence[int], *, whole: bool) -> list[_Run]:
    """The frames that were not decoded: of a part, those between its first and its last."""
    seen = set(shown)
    first, last = (times[0], times[-1]) if whole else (shown[0], shown[-1])
    places = [place for place, time in enumerate(times) if first <= time <= last and time not in seen]
    return list(_merged((place, place + 1) for place in places))


def _by_words(deviations: Iterable[Spans]) -> dict[str, list[tuple[int, int]]]:
    words: dict[str, list[tuple[int, int]]] = {}
    for spans in deviations:
        for what, places in spans.items():
            words.setdefault(what, []).extend(places)
    return words


def _merged(runs: Iterable[_Run]) -> Iterator[_Run]:
    """Runs that touch each other as one."""
    last: _Run | None = None
    for begin, end in sorted(runs):
        if last is not None and begin <= last[1]:
            last = last[0], max(last[1], end)
            continue
        if last is not None:
            yield last
        last = begin, end
    if last is not None:
        yield last


def _note(what: str, runs: Sequence[_Run], frames: Sequence[FrameFile]) -> str:
    names = [_named([frame.name for frame in frames[begin:end]]) for begin, end in runs[:_MOST]]
    more = [f"and {len(runs) - _MOST} more places"] if len(runs) > _MOST else []
    return f"{what}: {', '.join(names + more)}"


def _named(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"


def _compare_sound(info: FilmInfo, ticks: int) -> Iterator[str]:
    if info.sound is None:
        return
    with open_film(info.sound) as container:
        sound = Fraction(container.duration or 0, av.time_base)
    picture = ticks * info.time_base
    if sound and abs(sound - picture) > _SLACK:
        yield (
            f"the sound {info.sound.name} is {float(sound):.2f} s long, and the picture {float(picture):.2f} s "
            f"at {info.rate} frames a second"
        )
