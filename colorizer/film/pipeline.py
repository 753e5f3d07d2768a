"""One film in, one coloured film out: decoded, coloured and encoded side by side, segment by segment, then joined."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import groupby
from operator import itemgetter

import torch
from av.video.frame import VideoFrame
from torch import Tensor

from colorizer.errors import InColourError, MediaError
from colorizer.film.apply_chroma import LumaSamples, beside_grey, tint
from colorizer.film.cuts import number_segments
from colorizer.film.decode.deviations import describe_flaws
from colorizer.film.decode.frames import read_frames
from colorizer.film.decode.probe import Footage, Frame, inspect_footage, luma_codes
from colorizer.film.encode.encoder import Encoding, choose_encoding
from colorizer.film.encode.mux import choose_container, join
from colorizer.film.encode.segment import Coloured, Segment, write_segment
from colorizer.film.keyframes import choose_keyframes, fit_between
from colorizer.film.resume import finished_segments, frames_after, mark_of, recall_scenes, remember_scenes, segment_path
from colorizer.film.scenes import Scenes, find_scenes, has_chroma
from colorizer.film.source_chroma import keep_chroma, varies
from colorizer.job import Job
from colorizer.model.chroma import ChromaFit
from colorizer.model.colorist import Colorist, shrink
from colorizer.model.orientation import orient, unorient
from colorizer.prefetch import prefetch
from colorizer.provenance import made_with
from colorizer.report import Report

_BATCH = 8
"""Frames that are coloured together."""
_AHEAD = 4
"""Frames that wait between decoding, colouring and encoding."""

Progress = Callable[[int, int], None]
"""Told after each frame, and while the film is joined: frames done, and all that there are (0 where nobody knows)."""


@dataclass(frozen=True, slots=True)
class Still:
    """A decoded frame and what the network is shown of it."""

    frame: Frame
    samples: LumaSamples
    small: Tensor
    """Luma at the working size, upright, float, (1, 1, h, w)."""
    seconds: Fraction
    """When it is shown."""
    mark: int
    """By which it is known again."""
    in_colour: bool
    """Whether it keeps the chroma that it has."""


class _ChromaFoundError(Exception):
    """A film that nobody has looked through has chroma that says something."""


def colorize_film(job: Job, colorist: Colorist, progress: Progress) -> Report:
    """Colour one film; one that was interrupted goes on after the segments in its workspace.

    Raises:
        InColourError: it is in colour throughout, and the settings say that this matters.
        UnsupportedError: it is no film that can be coloured.
        TruncatedError: the file ends too early.
        MediaError: it is damaged.

    """
    footage = inspect_footage(job.source, job.settings.film.max_megapixels)
    encoding = choose_encoding(footage, job.settings.film)
    footage = replace(footage, fields=encoding.fields)
    container = choose_container(footage, encoding)
    write = partial(_segments, job, footage, encoding, colorist, progress)
    looks = job.settings.detection.checks_colour and has_chroma(footage)
    scenes = recall_scenes(job) if looks else Scenes()
    try:
        segments = list(write(scenes))
    except _ChromaFoundError:
        scenes = _look_through(job, footage, progress)
        segments = list(write(scenes))
    if not segments:
        raise MediaError(f"{job.source.name}: there is no frame in this piece of the film")
    maker = made_with(colorist.weights, job.settings.colour) if job.settings.film.provenance else ""
    frames = sum(len(segment.timing.pts) for segment in segments)
    notes = join(segments, footage, container, job, maker, partial(progress, frames, footage.expected))
    return Report(
        kind="film",
        suffix=container.suffix,
        width=footage.width,
        height=footage.height,
        frames=frames,
        notes=encoding.notes + (scenes.notes if scenes else ()) + _flaws(segments, footage) + notes,
    )


def _look_through(job: Job, footage: Footage, progress: Progress) -> Scenes:
    """Find the scenes that are in colour."""

    def told() -> Iterator[Frame]:
        for frame in read_frames(replace(footage, fields=True), job.piece):
            progress(0, footage.expected)
            yield frame

    scenes = find_scenes(told(), footage)
    if scenes.all_in_colour:
        raise InColourError(job.source.name, width=footage.width, height=footage.height, frames=scenes.frames)
    remember_scenes(scenes, job)
    return scenes


def _flaws(segments: list[Segment], footage: Footage) -> tuple[str, ...]:
    return describe_flaws((segment.timing.flaws for segment in segments), footage.time_base, footage.start)


def _segments(  # noqa: PLR0913, PLR0917
    job: Job, footage: Footage, encoding: Encoding, colorist: Colorist, progress: Progress, scenes: Scenes | None
) -> Iterator[Segment]:
    """The finished segments, then the others, written while the next frames are decoded and coloured."""
    finished = finished_segments(job, colorist, scenes)
    yield from finished
    numbered = partial(number_segments, first=len(finished))
    done = sum(len(segment.timing.pts) for segment in finished)
    decoded = frames_after(finished, footage, job.piece, partial(progress, done, footage.expected))
    with (
        prefetch(_stills(decoded, footage, encoding, colorist, scenes), _AHEAD) as stills,
        prefetch(_coloured(numbered(stills), footage, encoding, colorist, compare=job.compare), _AHEAD) as frames,
    ):
        counted = _counted(frames, done, footage.expected, progress)
        for number, together in groupby(counted, key=itemgetter(0)):
            path = segment_path(job.workspace, number)
            yield write_segment(path, (coloured for _, coloured in together), encoding, footage)


def _stills(
    frames: Iterator[Frame], footage: Footage, encoding: Encoding, colorist: Colorist, scenes: Scenes | None
) -> Iterator[Still]:
    """What the network is shown; where nobody has looked for scenes in colour, a frame's chroma must say nothing."""
    width = max(1, round(footage.width * (footage.shape or 1)))
    sides = (width, footage.height) if footage.orientation > 4 else (footage.height, width)
    extent = colorist.extent(*sides)
    for frame in frames:
        if scenes is None and varies(frame.picture, footage.coding):
            raise _ChromaFoundError
        in_colour = scenes is not None and scenes.in_colour(frame.pts)
        codes = luma_codes(frame.picture, footage.coding)
        samples = LumaSamples.of(codes, footage.coding, encoding)
        small = shrink(orient(samples.mean, footage.orientation), extent).clamp(0, 1)
        yield Still(frame, samples, small, frame.pts * footage.time_base, mark_of(codes), in_colour)


def _coloured(
    stills: Iterator[tuple[int, Still]], footage: Footage, encoding: Encoding, colorist: Colorist, *, compare: bool
) -> Iterator[tuple[int, Coloured]]:
    for number, batch in _batches(stills):
        kept = batch[0].in_colour
        pictures = _kept(batch, footage, encoding) if kept else _tinted(batch, footage, encoding, colorist)
        for still, picture in zip(batch, pictures, strict=True):
            shown = beside_grey(picture) if compare else picture
            yield number, Coloured(replace(still.frame, picture=shown), still.mark)


def _kept(batch: list[Still], footage: Footage, encoding: Encoding) -> Iterator[VideoFrame]:
    """Pictures with the chroma that they have."""
    for still in batch:
        yield keep_chroma(still.frame.picture, still.samples.codes, footage.coding, encoding)


def _tinted(batch: list[Still], footage: Footage, encoding: Encoding, colorist: Colorist) -> Iterator[VideoFrame]:
    """Pictures with new chroma."""
    smalls = [still.small for still in batch]
    keyframes = choose_keyframes(smalls)
    fits = colorist.fit(torch.cat([smalls[index] for index in keyframes]), footage.coding.matrix)
    for index, still in enumerate(batch):
        fit = _laid_back(fit_between(keyframes, fits, index), footage.orientation)
        yield tint(still.frame.picture, still.samples, fit, footage.coding, encoding)


def _batches(stills: Iterator[tuple[int, Still]]) -> Iterator[tuple[int, list[Still]]]:
    """Frames of one segment that are alike in having colour, a few at a time."""
    for (number, _), numbered in groupby(stills, key=lambda numbered: (numbered[0], numbered[1].in_colour)):
        batch: list[Still] = []
        for _, still in numbered:
            batch.append(still)
            if len(batch) == _BATCH:
                yield number, batch
                batch = []
        if batch:
            yield number, batch


def _laid_back(fit: ChromaFit, orientation: int) -> ChromaFit:
    """A fit turned as the film stores its frames."""
    return ChromaFit(unorient(fit.slope, orientation), unorient(fit.offset, orientation))


def _counted(
    frames: Iterator[tuple[int, Coloured]], done: int, expected: int, progress: Progress
) -> Iterator[tuple[int, Coloured]]:
    for number, frame in enumerate(frames, start=done):
        progress(number, expected)
        yield frame
