"""Which kind of file a film's result is."""

from __future__ import annotations

from dataclasses import dataclass

from colorizer.film.decode.film_info import FilmInfo
from colorizer.film.encode.encoder import Encoding, holds_codec
from colorizer.frame_sequence import FRAMES_SUFFIX, is_sequence

_MP4_CODECS = frozenset({"aac", "mp3", "ac3"})
"""Codecs of side streams that play in MP4 everywhere."""


@dataclass(frozen=True, slots=True)
class Container:
    """A kind of file."""

    format: str
    """libav's name of the muxer; `frames` for a folder of frames."""
    suffix: str


MP4, MOV, MKV = Container("mp4", ".mp4"), Container("mov", ".mov"), Container("matroska", ".mkv")
FRAMES = Container("frames", FRAMES_SUFFIX)
"""No file, but a folder of numbered frames."""


def choose_container(info: FilmInfo, encoding: Encoding) -> Container:
    """MP4, MOV and MKV stay what they are; others become MP4 where everything fits and plays there, else MKV.

    A codec that its container cannot hold takes the nearest that can; FFV1 goes to MKV, where archives expect it.
    """
    if encoding.codec == "ffv1":
        return MKV
    return next(container for container in _preferred(info, encoding) if holds_codec(container.format, encoding))


def _preferred(info: FilmInfo, encoding: Encoding) -> list[Container]:
    """Containers in the order in which they are tried."""
    suffix = info.path.suffix.lower()
    if info.container.startswith("matroska") and suffix != ".webm":
        return [MKV]
    if encoding.codec.startswith("prores"):
        return [MOV, MKV]
    if info.container.startswith("mov") and not is_sequence(info.path):
        return [MOV, MP4, MKV] if suffix in {".mov", ".qt"} else [MP4, MOV, MKV]
    plays = all(stream.codec in _MP4_CODECS for stream in info.side_streams)
    return [MP4, MKV] if plays else [MKV]
