"""Streams of a film that begin so late that libav does not get to know them when it opens the file.

A film whose container lists no streams, or lists them anew on the way, is read through once, without decoding.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from colorizer.disc import is_disc
from colorizer.film.decode.container import DV_FRAME, explained, open_film, open_introduced
from colorizer.film.decode.film_info import FoundStreams
from colorizer.film.decode.programme_stream import PACK, read_programme_stream
from colorizer.film.decode.transport_stream import introduce, read_tables
from colorizer.frame_sequence import is_sequence
from colorizer.job import ReadCallback

_SOUND, _SOUND_PACK = 80 * 6 + 80 * 16 * 3 + 3, 0x50
"""Place of the pack that describes the sound of a frame of DV, and its first byte; silent frames have none there."""
_OFTEN = 100
"""Frames between two reports."""
_HEAD = 1 << 20
"""Bytes in which libav finds out what a file is."""


def find_streams(path: Path, on_read: ReadCallback) -> FoundStreams:
    """Look through a film for the streams that libav does not find.

    Args:
        path: the film.
        on_read: called after every few MiB: a disc on a slow network takes minutes.

    Raises:
        TintdError: see `open_film`.

    """
    if is_sequence(path):
        return FoundStreams()
    with explained(path):
        return _find_streams(path, on_read)


def _find_streams(path: Path, on_read: ReadCallback) -> FoundStreams:
    if is_disc(path):
        return _find_in_programme_stream(path, on_read)
    count = _shares(path.stat().st_size, on_read)
    tables = read_tables(path, count)
    if tables is not None:
        with open_film(path, streams=FoundStreams(tables)) as opened:
            unknown = frozenset(stream.id for stream in opened.streams) - _described(opened)
        return FoundStreams(tables, introduce(path, tables, unknown, count))
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(DV_FRAME):
        with open_film(path) as opened:
            return FoundStreams(None, _first_with_sound(path, opened, count))
    may_be_programme_stream = PACK in head
    return _find_in_programme_stream(path, on_read) if may_be_programme_stream else FoundStreams()


def _find_in_programme_stream(path: Path, on_read: ReadCallback) -> FoundStreams:
    # libav reads through all zeros behind a damaged recording when it opens it, and says nothing meanwhile.
    on_read(0.0)
    with open_film(path) as opened:
        known = _described(opened)
        if opened.format.name != "mpeg":
            return FoundStreams()
    with open_introduced(path, FoundStreams()) as file:
        count = _shares(file.seek(0, io.SEEK_END), on_read)
        file.seek(0)
        return FoundStreams(None, read_programme_stream(file, count).introduction(known))


def _first_with_sound(path: Path, opened: InputContainer, on_read: Callable[[int], None]) -> bytes:
    """The first frame with sound of raw DV (IEC 61834) whose sound libav does not know; empty where there is none.

    No table says whether there is sound; libav knows what it meets in the first seconds.
    """
    packet = next(opened.demux(video=0), None)
    if opened.streams.audio or packet is None or not packet.size:
        return b""
    size, frames = packet.size, path.stat().st_size // packet.size
    with path.open("rb") as file:
        for number in range(frames):
            file.seek(number * size + _SOUND)
            if file.read(1) == bytes([_SOUND_PACK]):
                file.seek(number * size)
                return file.read(size)
            if number % _OFTEN == 0:
                on_read(number * size)
    return b""


def _shares(size: int, on_read: ReadCallback) -> Callable[[int], None]:
    """Tells of bytes that were read, as shares of all."""
    return lambda read: on_read(min(1.0, read / max(1, size)))


def _described(opened: InputContainer) -> frozenset[int]:
    """The identifiers of the streams of which libav knows more than their codec."""
    return frozenset(stream.id for stream in opened.streams if not _is_only_named(stream))


def _is_only_named(stream: object) -> bool:
    if isinstance(stream, AudioStream):
        return stream.codec_context is not None and stream.codec_context.sample_rate == 0
    if isinstance(stream, VideoStream):
        return stream.codec_context is not None and stream.codec_context.width == 0
    return False
