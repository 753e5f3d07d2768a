"""Streams of a film that begin so late that libav does not get to know them when it opens the file."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from colorizer.disc import is_disc
from colorizer.film.decode.folders.disc_film import open_disc
from colorizer.film.decode.folders.joined_file import JoinedFile, Piece
from colorizer.film.decode.programme_stream import read_programme_stream
from colorizer.film.decode.transport_stream import ContinuedFile, introduce, read_tables
from colorizer.originals import OriginalState, state_of


def introduce_late_streams(path: Path, opened: InputContainer) -> bytes:
    """What is put in front of a film so that libav knows all its streams; nothing where it knows them without.

    Args:
        path: the film.
        opened: the film as libav opened it.

    """
    known = frozenset(stream.id for stream in opened.streams if _is_described(stream))
    if opened.format.name == "mpeg":
        return _introduce_to_programme(path, state_of(path), known)
    if opened.format.name == "mpegts":
        unknown = frozenset(stream.id for stream in opened.streams) - known
        return _introduce_to_transport(path, state_of(path), unknown)
    return b""


def open_introduced(path: Path, introduction: bytes) -> JoinedFile | ContinuedFile:
    """The film behind an introduction."""
    if is_disc(path):
        return open_disc(path, introduction)
    tables = read_tables(path)
    if tables is not None:
        return ContinuedFile(path, tables, introduction)
    return JoinedFile(str(path), introduction, [Piece(path, path.stat().st_size)])


@lru_cache(maxsize=16)
def _introduce_to_programme(path: Path, _state: OriginalState, known: frozenset[int]) -> bytes:
    with open_introduced(path, b"") as file:
        return read_programme_stream(file).introduction(known)


@lru_cache(maxsize=16)
def _introduce_to_transport(path: Path, _state: OriginalState, unknown: frozenset[int]) -> bytes:
    tables = read_tables(path)
    return b"" if tables is None else introduce(path, tables, unknown)


def _is_described(stream: Stream) -> bool:
    """Whether libav knows more of a stream than its codec."""
    if isinstance(stream, AudioStream):
        return stream.codec_context is None or stream.codec_context.sample_rate > 0
    if isinstance(stream, VideoStream):
        return stream.codec_context is None or stream.codec_context.width > 0
    return True
