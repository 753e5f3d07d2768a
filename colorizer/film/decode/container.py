"""Opening a film, with a sentence for every reason that it cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer

from colorizer.disc import is_disc
from colorizer.errors import MediaError, TruncatedError, UnsupportedError
from colorizer.film.decode.film_info import FoundStreams
from colorizer.film.decode.folders.disc_film import describe_from_tables, open_disc
from colorizer.film.decode.folders.joined_file import JoinedFile, Piece
from colorizer.film.decode.folders.sequence_film import USUAL_RATE, decoder_options, open_sequence
from colorizer.film.decode.mp4 import is_mp4, refuse_cut_mp4
from colorizer.film.decode.transport_stream import ContinuedFile
from colorizer.frame_sequence import is_sequence
from colorizer.originals import is_of_many_files

_NO_FILMS = frozenset(
    {"tty", "image2", "msp", "lrc", "srt", "ass", "webvtt", "ffmetadata", "concat", "hls", "dash", "sdp"}
)
"""Demuxers of text, lists and still pictures."""

_DAMAGE = (av.error.FFmpegError, UnicodeDecodeError)
"""Errors that libav and its binding raise for headers that make no sense, but for those of the disk."""

_ESCAPE = "surrogateescape"
"""What becomes of bytes of metadata that are no text."""
_LONG_LOOK = {"analyzeduration": "60000000"}
"""Microseconds that libav looks at: an introduction may hold many seconds of sound before the picture."""
_LONGER_LOOK = {"analyzeduration": "36000000000", "probesize": str(64 << 20)}
"""Microseconds and bytes of a silent Flash film that libav looks at, and keeps in memory: sound may begin late."""
_READ = 1 << 20
"""Bytes that are read at a time of a film of many files."""
_BEYOND_DAMAGE = {"resync_size": str((1 << 31) - 1)}
"""Bytes in which libav looks for the next packet of a transport stream: after 64 KiB it would give the rest up."""
DV_FRAME = b"\x1f\x07\x00"
"""The identifier of the first block of a frame of raw DV (IEC 61834)."""
_FILMS = {
    b"\x06\x0e\x2b\x34": "MXF",
    b"\x1a\x45\xdf\xa3": "Matroska",
    b"\x30\x26\xb2\x75": "Windows Media",
    b"\xb7\xd8\x00\x20": "WTV",
    b".RMF": "RealMedia",
    b"FLV\1": "Flash video",
    b"OggS": "Ogg",
}
"""Kinds of films by their first bytes."""
_DV_SYSTEM, _HAS_625_LINES = 3, 0x80
"""The byte of a frame of raw DV that tells the system."""
_PAL, _NTSC = Fraction(1, 25), Fraction(1001, 30000)
"""Seconds of a frame of raw DV: libav's average of the rate is wrong where sound is late."""
_AS_LIBAV_FINDS = FoundStreams()


@contextmanager
def open_film(
    path: Path, rate: Fraction = USUAL_RATE, streams: FoundStreams = _AS_LIBAV_FINDS
) -> Iterator[InputContainer]:
    """Open a film for reading, whatever its name is.

    Args:
        path: the film.
        rate: frames per second, if it is a sequence.
        streams: what libav is to be told of its streams, see `late_streams.find_streams`.

    Raises:
        UnsupportedError: libav does not know what it is, or it is a single picture.
        TruncatedError: it ends before its index.
        MediaError: its header is damaged, or the disk is.

    """
    with explained(path):
        container = _open(path, rate, streams)
    with container:
        if container.format.name in _NO_FILMS:
            raise _unknown(path)
        if container.format.name.endswith("_pipe"):  # libav's names of single pictures
            kind = container.format.name.removesuffix("_pipe").upper()
            raise UnsupportedError(f"{path.name}: a picture in {kind}, which tintd does not colour; save it as PNG")
        yield container


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Say what keeps a film from being read; see `open_film`."""
    try:
        yield
    except av.error.EOFError as error:
        raise TruncatedError(f"{path.name}: the file ends before anything can be read") from error
    except OSError as error:  # from the disk, or from libav for a header that contradicts itself
        raise MediaError(f"{path.name}: the film cannot be read: {error.strerror}") from error
    except _DAMAGE as error:
        raise _explain_unreadable(path) from error


def open_introduced(path: Path, streams: FoundStreams) -> JoinedFile | ContinuedFile:
    """The file as libav is to read it."""
    if is_disc(path):
        return open_disc(path, streams.introduction)
    if streams.tables is not None:
        return ContinuedFile(path, streams.tables, streams.introduction)
    return JoinedFile(str(path), streams.introduction, [Piece(path, path.stat().st_size)])


def _open(path: Path, rate: Fraction, streams: FoundStreams) -> InputContainer:
    if is_sequence(path):
        container = av.open(open_sequence(path, rate), "r", buffer_size=_READ)
        container.streams.video[0].codec_context.options = decoder_options(path)
        return container
    opened = _open_with_all_streams(path, streams)
    describe_from_tables(path, opened)
    return opened


def _open_with_all_streams(path: Path, streams: FoundStreams) -> InputContainer:
    if streams.introduction:
        return _open_behind_introduction(path, streams)
    if is_disc(path):
        return av.open(open_disc(path), "r", format="mpeg", buffer_size=_READ)
    if streams.tables and streams.tables.changes:
        return av.open(ContinuedFile(path, streams.tables), "r", metadata_errors=_ESCAPE, options=_BEYOND_DAMAGE)
    opened = av.open(f"file:{path}", "r", metadata_errors=_ESCAPE, options=_BEYOND_DAMAGE)
    if opened.format.name == "flv" and not opened.streams.audio:
        opened.close()
        return av.open(f"file:{path}", "r", metadata_errors=_ESCAPE, options=_LONGER_LOOK)
    if opened.format.name == "jpeg_pipe":  # a film of JPEGs in a row: a photograph is not opened as a film
        opened.close()
        return av.open(f"file:{path}", "r", "mjpeg", metadata_errors=_ESCAPE)
    return opened


def _open_behind_introduction(path: Path, streams: FoundStreams) -> InputContainer:
    """Open a film whose introduction tells libav of its streams, and go on behind it."""
    file = open_introduced(path, streams)
    if streams.introduction.startswith(DV_FRAME):
        introduced = av.open(file, "r", "dv", buffer_size=_READ)
        _seek_behind(streams.introduction, introduced)
        return introduced
    name = "mpeg" if streams.tables is None else "mpegts"
    introduced = av.open(
        file, "r", name, buffer_size=_READ, metadata_errors=_ESCAPE, options=_LONG_LOOK | _BEYOND_DAMAGE
    )
    introduced.seek(len(streams.introduction), unsupported_byte_offset=True)  # libav forgets all but the streams
    return introduced


def _seek_behind(frame: bytes, introduced: InputContainer) -> None:
    """Let raw DV go on behind the frame that was put in front of it."""
    picture = introduced.streams.video[0]
    seconds = _PAL if frame[_DV_SYSTEM] & _HAS_625_LINES else _NTSC
    introduced.seek(round(seconds / (picture.time_base or 1)), stream=picture)


def _explain_unreadable(path: Path) -> MediaError:
    refuse_cut_mp4(path)
    if is_mp4(path):
        return MediaError(f"{path.name}: the film's index (moov) is damaged")
    if is_of_many_files(path):
        return _unknown(path)
    with path.open("rb") as file:
        kind = _FILMS.get(file.read(4))
    return MediaError(f"{path.name}: a film in {kind} whose header or index is damaged") if kind else _unknown(path)


def _unknown(path: Path) -> UnsupportedError:
    return UnsupportedError(f"{path.name}: neither a photograph nor a film that tintd knows")
