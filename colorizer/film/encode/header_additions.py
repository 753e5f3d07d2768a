"""What a Matroska result gets of its original's header, beside what libav's muxer writes."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from av.video.stream import VideoStream

from colorizer.film.decode.film_info import FilmInfo
from colorizer.film.encode.ebml import Element
from colorizer.film.encode.matroska import (
    BCP_47,
    CROP,
    DISPLAY,
    PROJECTION,
    VIDEO,
    Additions,
    Header,
    PictureSettings,
    moved_chapters,
    read_header,
)
from colorizer.film.encode.side_streams import CarriedStream
from colorizer.job import Job


def header_additions(info: FilmInfo, job: Job, shift: Fraction, carried: Iterable[CarriedStream]) -> Additions:
    """Shape of the samples for every result; crop, projection, languages, chapters and links of a Matroska original.

    Args:
        info: the original.
        job: for its excerpt, and whether grey stands beside the colour.
        shift: seconds that are taken off every timestamp.
        carried: the streams of the result beside its picture, in their order.

    """
    original = read_header(info.path) if info.container.startswith("matroska") else Header()
    others = [stream for stream in carried if stream.info.kind != "attachment"]
    tracks = [info.index, *(stream.info.index for stream in others)]
    found = ((place, _language(original, track)) for place, track in enumerate(tracks))
    pictures = {0: PictureSettings(info.shape, _settings(original, info.index, whole=not job.compare))}
    for place, stream in enumerate(others, start=1):
        if isinstance(stream.source, VideoStream):
            elements = _settings(original, stream.info.index, whole=True)
            pictures[place] = PictureSettings(stream.source.sample_aspect_ratio, elements)
    end = job.excerpt.length if job.excerpt else None
    return Additions(
        pictures=pictures,
        languages={place: language for place, language in found if language is not None},
        chapters=original.chapters and moved_chapters(original.chapters, shift, None if end is None else Fraction(end)),
        links=original.links if job.excerpt is None else (),
    )


def _settings(original: Header, index: int, *, whole: bool) -> tuple[Element, ...]:
    """The original's settings of a track; beside grey, crop and the size on the screen mean nothing."""
    kept = {*DISPLAY, *CROP, PROJECTION} if whole else {PROJECTION}
    settings = original.tracks[index].child(VIDEO) if index < len(original.tracks) else None
    return tuple(each for each in settings.children() if each.id in kept) if settings else ()


def _language(original: Header, track: int) -> Element | None:
    return original.tracks[track].child(BCP_47) if track < len(original.tracks) else None
