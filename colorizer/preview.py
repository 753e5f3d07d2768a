"""Previews that any browser shows: a JPEG of a photograph or of a film's moment, and a short H.264 copy of a film."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from heapq import merge
from itertools import chain
from pathlib import Path
from typing import Any, cast

import av
import pyvips
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from colorizer.errors import MediaError, UnsupportedError
from colorizer.film.decode.container import open_film
from colorizer.film.decode.film_info import FilmInfo, FoundStreams
from colorizer.film.decode.frames import read_frames
from colorizer.film.decode.probe import probe_film
from colorizer.job import Excerpt
from colorizer.photo.failures import explained
from colorizer.photo.formats import detect_format
from colorizer.photo.formats.photo_format import Opening
from colorizer.photo.picture import Picture, split_alpha, to_grey_or_srgb
from colorizer.report import Report
from colorizer.settings import FilmSettings, PhotoSettings

_QUALITY = 84
"""JPEG quality of a still."""
_MOMENT = 3
"""A film's still is shown after this part of its length: one third."""
CLIP_SECONDS = 600
"""Seconds from its beginning that a copy of a film has at most."""
_BEGINNING = Excerpt(0.0, CLIP_SECONDS)
_CLIP_HEIGHT = 480
_CLIP_OPTIONS = {"crf": "26", "preset": "veryfast", "g": "50"}
_SOUND_RATE = 48_000


def write_reduced(source: Path, target: Path, side: int) -> None:
    """Write a photograph as PNG, made smaller and upright.

    Args:
        source: the photograph; its first picture is taken.
        target: the file to write.
        side: its longest side at most, in pixels.

    Raises:
        TintdError: the source cannot be read, or is no photograph.
        OSError: the same, or the target cannot be written.

    """
    found = detect_format(source)
    if found is None:
        raise UnsupportedError(f"{source.name}: this is no photograph")
    with explained(source, found):
        picture = found.open(source, Opening(PhotoSettings())).pictures[0]
        _upright(_as_srgb(picture), picture, side).pngsave(str(target), compression=1, keep="none")


def write_stills(source: Path, targets: dict[Path, int]) -> Report:
    """Write stills of a photograph or a film as JPEG in sRGB.

    Args:
        source: the photograph (its first picture) or the film (a frame after a third of its length).
        targets: the files to write, and the longest side of each in pixels; a picture is never enlarged.

    Returns:
        What the source is.

    Raises:
        TintdError: the source cannot be read; the message says why.
        OSError: the same, or a target cannot be written.

    """
    found = detect_format(source)
    if found is None:
        info = probe_film(source, FilmSettings().max_megapixels, streams=FoundStreams())  # late ones do not matter here
        image, report = _film_still(info), _report(info)
    else:
        with explained(source, found):
            photo = found.open(source, Opening(PhotoSettings()))
            picture = photo.pictures[0]
            image = _upright(_as_srgb(picture), picture, max(targets.values()))
        report = Report(kind="photo", suffix=source.suffix, width=picture.width, height=picture.height)
    for target, side in targets.items():
        image.thumbnail_image(side, height=side, size="down").jpegsave(str(target), Q=_QUALITY, keep="none")
    return report


def write_clip(
    source: Path, target: Path, on_progress: Callable[[int, int], None], excerpt: Excerpt = _BEGINNING
) -> Report:
    """Write a part of a film as MP4 with H.264 and AAC, which every browser plays.

    Args:
        source: the film.
        target: the file to write.
        on_progress: called with the frames that are written, and all that will be (0 if unknown).
        excerpt: the part; its beginning where it is left out.

    Raises:
        TintdError: it is no film, or cannot be read.
        OSError: a file cannot be read or written.

    """
    if detect_format(source) is not None:
        raise UnsupportedError(f"{source.name}: this is no film")
    info = probe_film(source, FilmSettings().max_megapixels, on_read=lambda _share: on_progress(0, 0))
    with (
        av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as output,
        open_film(source, streams=info.streams) as film,
    ):
        picture = _add_picture(output, info)
        sound = _add_sound(output, film)
        packets = [_picture_packets(info, excerpt, picture, on_progress)]
        if sound is not None:
            packets.append(_sound_packets(film, *sound, excerpt))
        for packet in _in_order(merge(*packets, key=_moment)):
            output.mux(packet)
    return _report(info)


def _report(info: FilmInfo) -> Report:
    return Report(kind="film", suffix=info.path.suffix, width=info.width, height=info.height, frames=info.expected)


def _as_srgb(picture: Picture) -> pyvips.Image:
    """The first frame of a picture at 8 bits, its alpha on grey."""
    image, alpha = split_alpha(picture.open())
    image, white = to_grey_or_srgb(image, picture.white)
    image = image.cast("float") * (255.0 / white)
    if alpha is not None:
        image = image.bandjoin(alpha.cast("float") * (255.0 / picture.white)).flatten(background=[128] * image.bands)
    image = image.crop(0, 0, picture.width, picture.height) if picture.frames > 1 else image
    return image.cast("uchar").copy(interpretation="srgb" if image.bands > 2 else "b-w")


def _upright(image: pyvips.Image, picture: Picture, side: int) -> pyvips.Image:
    """The image turned as it is shown; it is made small first, for it is then held in memory."""
    scale = min(1.0, side / max(image.width, image.height))
    small = (image.resize(scale) if scale < 1 else image).copy_memory()
    small = small.copy()
    small.set_type(pyvips.GValue.gint_type, "orientation", picture.orientation)
    return small.autorot()


def _film_still(info: FilmInfo) -> pyvips.Image:
    length = info.length or Fraction(info.expected) / (info.rate or 1)
    for start in (float(length / _MOMENT), 0.0):
        for frame in read_frames(info, Excerpt(start), keep_fields=False):
            width, height = _shown_size(info, frame.picture.height)
            samples = frame.picture.reformat(width, height, "rgb24").to_ndarray()
            return pyvips.Image.new_from_array(samples, interpretation="srgb").copy_memory()
    raise MediaError(f"{info.path.name}: not one frame of it can be decoded")


def _shown_size(info: FilmInfo, height: int) -> tuple[int, int]:
    """Width and height of a frame with square samples, both even."""
    shape = info.shape or Fraction(1)
    width = round(info.width * shape * height / info.height / 2) * 2
    return max(2, width), max(2, height // 2 * 2)


def _add_picture(output: OutputContainer, info: FilmInfo) -> VideoStream:
    stream = output.add_stream("libx264", rate=info.rate, options=_CLIP_OPTIONS)
    stream.width, stream.height = _shown_size(info, min(info.height, _CLIP_HEIGHT))
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = info.time_base
    stream.codec_context.thread_count = 1
    return stream


def _add_sound(output: OutputContainer, film: InputContainer) -> tuple[AudioStream, AudioStream] | None:
    """The film's first track of sound, and that of the copy."""
    for stream in film.streams.audio:
        if stream.codec_context is not None:
            copy = output.add_stream("aac", rate=_SOUND_RATE)
            copy.codec_context.layout = "stereo"
            return stream, copy
    return None


def _picture_packets(
    info: FilmInfo, excerpt: Excerpt, stream: VideoStream, on_progress: Callable[[int, int], None]
) -> Iterator[Packet[Any]]:
    length = math.inf if excerpt.length is None else excerpt.length
    expected = round(min(info.expected, length * info.rate))
    begin = round((info.start + Fraction(excerpt.start)) / info.time_base)
    for number, frame in enumerate(read_frames(info, excerpt, keep_fields=False)):
        on_progress(number, expected)
        picture: VideoFrame = frame.picture.reformat(stream.width, stream.height, "yuv420p")
        picture.pts, picture.time_base = frame.pts - begin, info.time_base
        picture.pict_type = 0
        yield from stream.encode(picture)
    yield from stream.encode(None)


def _sound_packets(
    film: InputContainer, track: AudioStream, copy: AudioStream, excerpt: Excerpt
) -> Iterator[Packet[Any]]:
    length = math.inf if excerpt.length is None else excerpt.length
    resampler = AudioResampler(format="fltp", layout="stereo", rate=_SOUND_RATE)
    begin = Fraction(film.start_time or 0, av.time_base) + Fraction(excerpt.start)
    if excerpt.start:
        film.seek(round(begin * av.time_base))
    for frame in chain(film.decode(track), [None]):
        if frame is not None and frame.time is not None and not 0 <= frame.time - begin <= length:
            if frame.time < begin:
                continue
            break
        for part in resampler.resample(frame):
            if part.pts is not None:
                part.pts -= round(begin / cast("Fraction", part.time_base))
            yield from copy.encode(part)
    yield from copy.encode(None)


def _in_order(packets: Iterable[Packet[Any]]) -> Iterator[Packet[Any]]:
    """The packets whose time is later than that of the one before in their stream: a damaged film has others, too."""
    last: dict[int, int] = {}
    for packet in packets:
        index, dts = packet.stream_index, packet.dts
        if dts is not None and dts > last.get(index, dts - 1):
            last[index] = dts
            yield packet


def _moment(packet: Packet[Any]) -> float:
    return float((packet.dts or 0) * (packet.time_base or 1))
