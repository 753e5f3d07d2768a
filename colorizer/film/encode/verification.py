"""A finished film is compared with its original before it is published: done means checked.

The result is read again by libav. Compared are the streams with their kinds, languages, names and dispositions, their
numbers of packets, the frames of the picture and their end, chapters, and metadata. What cannot be kept is named in the
report; what should be there and is not ends the job.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition, Stream

from colorizer.errors import MediaError
from colorizer.film.decode.film_info import FilmInfo
from colorizer.film.encode.side_streams import CarriedStream, name_of_stream
from colorizer.report import counted

_FLAGS = {
    Disposition.forced: "forced",
    Disposition.hearing_impaired: "for the hard of hearing",
    Disposition.visual_impaired: "for people who cannot see well",
    Disposition.comment: "a commentary",
    Disposition.original: "in the original language",
    Disposition.dub: "dubbed",
}
_SLACK = Fraction(1, 2)
"""Seconds by which the picture may end elsewhere than was written: containers round."""
_OWN_FORM = frozenset({"creation_time", "comment", "timecode", "handler_name", "vendor_id"})
"""Metadata that containers hold in a form of their own."""


@dataclass(frozen=True, slots=True)
class ExpectedStream:
    """A stream of the result beside its picture, as it was written."""

    index: int
    """Number in the result."""
    name: str
    """Name in the report."""
    kind: str
    language: str
    title: str
    flags: int


@dataclass(frozen=True, slots=True)
class Written:
    """What was written into a result."""

    frames: int
    """Number of frames of the picture."""
    end: Fraction
    """Time at which the last of them ends, in seconds."""
    packets: Mapping[int, int]
    """Number of packets by the number of the stream in the result."""
    chapters: int
    streams: tuple[ExpectedStream, ...]


def expect(carried: Iterable[CarriedStream]) -> tuple[ExpectedStream, ...]:
    """The streams that a result is to have; called while the original is open."""
    return tuple(
        ExpectedStream(
            index=stream.target.index,
            name=name_of_stream(stream.info),
            kind=stream.info.kind,
            language=_language(stream.source),
            title=stream.source.metadata.get("title", ""),
            flags=int(stream.source.disposition),
        )
        for stream in carried
    )


def verify(path: Path, info: FilmInfo, written: Written, on_progress: Callable[[], None]) -> Iterator[str]:
    """Compare a result with what was written into it, and with its original.

    Args:
        path: the result.
        info: the original.
        written: what was written.
        on_progress: called for each packet: on a slow disk a long film takes its time.

    Yields:
        What the result does not hold, for the report.

    Raises:
        MediaError: the result is damaged.

    """
    try:
        with av.open(f"file:{path}", metadata_errors="surrogateescape") as result:
            packets, end = _count(result, on_progress)
            yield from _compare_streams(result, written, packets)
            yield from _compare_words(result, info)
            if len(result.chapters()) < written.chapters:
                yield f"{counted(written.chapters - len(result.chapters()), 'chapter')} left out"
    except (av.error.FFmpegError, IndexError) as error:
        raise _damaged(info, "it cannot be read") from error
    if packets[0] != written.frames:
        raise _damaged(info, f"it has {packets[0]} frames instead of {written.frames}")
    if abs(end - written.end) > _SLACK:
        raise _damaged(info, f"it ends at {float(end):.2f} s instead of {float(written.end):.2f} s")


def _damaged(info: FilmInfo, what: str) -> MediaError:
    return MediaError(f"{info.path.name}: the coloured film did not pass its check: {what}; please report this")


def _count(result: InputContainer, on_progress: Callable[[], None]) -> tuple[Counter[int], Fraction]:
    """Number of packets of each stream, and when the last frame of the picture ends."""
    packets: Counter[int] = Counter()
    end = Fraction(0)
    for packet in result.demux():
        on_progress()
        if packet.size:
            packets[packet.stream.index] += 1
            if packet.stream.index == 0 and packet.pts is not None and packet.time_base:
                end = max(end, (packet.pts + (packet.duration or 0)) * packet.time_base)
    return packets, end


def _compare_streams(result: InputContainer, written: Written, packets: Counter[int]) -> Iterator[str]:
    for expected in written.streams:
        if expected.index >= len(result.streams):
            yield f"{expected.name} is missing in the result"
            continue
        found = result.streams[expected.index]
        missing = written.packets.get(expected.index, 0) - packets[expected.index]
        if expected.kind in {"audio", "video"} and missing > 0:
            yield f"{expected.name}: {missing} of its packets are missing in the result"
        if expected.language and _language(found) != expected.language:
            yield f"{expected.name}: its language ({expected.language}) was left out"
        if expected.title and expected.title not in found.metadata.values():
            yield f"{expected.name}: its name ({expected.title}) was left out"
        for flag, words in _FLAGS.items():
            if expected.flags & flag and not found.disposition & flag:
                yield f"{expected.name}: no longer marked as {words}"


def _compare_words(result: InputContainer, info: FilmInfo) -> Iterator[str]:
    kept = {key.lower() for key in (*result.metadata, *result.streams[0].metadata)}
    lost = [key for key, value in info.tags.items() if value and key.lower() not in kept | _OWN_FORM]
    if lost:
        yield f"metadata left out: {', '.join(sorted(lost))}"


def _language(stream: Stream) -> str:
    language = stream.metadata.get("language", "")
    return "" if language == "und" else language
