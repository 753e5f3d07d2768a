"""Going on with a film that was interrupted: which segments are finished, and the frames that follow them.

Network and encoder begin anew with each segment, so that only its frames and the state before them must be the same.
Where the container has an index, decoding begins just before the edge, and the last frames of the finished segment
prove that these are the right ones. Elsewhere decoding begins at the start, and only network and encoder are spared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple
from functools import partial
from importlib.metadata import version
from itertools import count, dropwhile, takewhile
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from colorizer.durable import write_durably
from colorizer.film.decode.deviations import DAMAGED, MISSING
from colorizer.film.decode.film_info import FilmInfo, FoundStreams
from colorizer.film.decode.frame import Frame, luma_checksum
from colorizer.film.decode.frames import read_frames
from colorizer.film.decode.pixel_format import luma_codes
from colorizer.film.encode.segment import Segment, read_segment
from colorizer.film.scenes import Scenes
from colorizer.job import Excerpt, Job
from colorizer.libraries import library_versions
from colorizer.model.colorist import Colorist
from colorizer.originals import state_of

_Note = TypeVar("_Note")

_SEEKABLE = ("mov,", "matroska,")
"""Beginnings of libav's names of the containers with an index; in others (transport streams, AVI) seeking guesses."""
_FORMAT = 6
"""Version of the workspace's files: segments of another one are not read."""
_SCENES, _STREAMS = TypeAdapter(Scenes), TypeAdapter(FoundStreams)


def segment_path(workspace: Path, number: int) -> Path:
    """The file of a film's segment."""
    return workspace / f"segment-{number:05d}.mkv"


def begin_workspace(job: Job, colorist: Colorist) -> None:
    """Make the workspace of a job; segments and plans of another job or of other settings are removed from it."""
    job.workspace.mkdir(exist_ok=True)
    if not has_begun(job, colorist):
        _remove_segments(job.workspace)
        for note in ("outline", *(survey.name for survey in job.workspace.glob("survey-*"))):
            (job.workspace / note).unlink(missing_ok=True)
        write_durably(job.workspace / "recipe", _recipe(job, colorist))


def has_begun(job: Job, colorist: Colorist) -> bool:
    """Whether what is in the workspace is of this job with these settings."""
    note = job.workspace / "recipe"
    return note.is_file() and note.read_text() == _recipe(job, colorist)


def recipe_of(job: Job) -> str:
    """A short name for what made the segments of a job; they are there."""
    return (job.workspace / "recipe").read_text()[:16]


def finished_segments(job: Job, colorist: Colorist, scenes: Scenes | None) -> list[Segment]:
    """The segments that an earlier attempt at the same job has finished; only the last one has its state.

    Segments of another job or of other settings are removed, and so are those from the first one on that was finished
    before the film was looked through, and in which frames are now known to be in colour.
    """
    begin_workspace(job, colorist)
    read = (read_segment(segment_path(job.workspace, number)) for number in count())
    usable = takewhile(lambda segment: segment is not None and _agrees(segment, scenes), read)
    finished: list[Segment] = []
    for segment in filter(None, usable):
        finished[-1:] = [before.without_state() for before in finished[-1:]]
        finished.append(segment)
    _remove_segments(job.workspace, first=len(finished))
    return finished


def remember_scenes(scenes: Scenes, job: Job) -> None:
    """Keep what was found by looking through a film, for another attempt at the same job."""
    job.workspace.mkdir(exist_ok=True)
    write_durably(job.workspace / "scenes", f"{_origin(job)}\n{_SCENES.dump_json(scenes).decode()}")


def recall_scenes(job: Job) -> Scenes | None:
    """What an earlier attempt has found by looking through the film; None where there was none."""
    return _recall(job, "scenes", _SCENES)


def remember_streams(streams: FoundStreams, job: Job) -> None:
    """Keep what was found by reading a film through, for another attempt at the same job."""
    job.workspace.mkdir(exist_ok=True)
    write_durably(job.workspace / "streams", f"{_origin(job)}\n{_STREAMS.dump_json(streams).decode()}")


def recall_streams(job: Job) -> FoundStreams | None:
    """What an earlier attempt has found by reading the film through; None where there was none."""
    return _recall(job, "streams", _STREAMS)


def frames_after(
    segments: Sequence[Segment],
    info: FilmInfo,
    excerpt: Excerpt | None,
    *,
    keep_fields: bool,
    on_progress: Callable[[], None],
) -> Iterator[Frame]:
    """The frames that follow the finished segments; all of them where there are none.

    Args:
        segments: what is finished.
        info: the film.
        excerpt: which part of it, else all of it.
        keep_fields: whether interlaced frames stay interlaced.
        on_progress: called for each frame that is decoded and passed over, which takes its time in a long film.

    """
    damaged = any(segment.record.deviations.keys() & {DAMAGED, MISSING} for segment in segments)
    checksums = segments[-1].record.checksums if segments else ()
    before = segments[-1].record.pts[-len(checksums) :] if segments else ()
    return frames_since(
        before, checksums, info, excerpt, keep_fields=keep_fields, on_progress=on_progress, can_seek=not damaged
    )


def frames_since(  # noqa: PLR0913 (each is another thing)
    before: Sequence[int],
    checksums: Sequence[int],
    info: FilmInfo,
    excerpt: Excerpt | None,
    *,
    keep_fields: bool,
    on_progress: Callable[[], None],
    can_seek: bool = True,
) -> Iterator[Frame]:
    """The frames that follow some frames of a film.

    Args:
        before: the times of those frames; all frames of the film are read where there are none.
        checksums: the checksums of their luma, which prove that a decoder that begins near them sees the same film.
        info: the film.
        excerpt: which part of it, else all of it.
        keep_fields: whether interlaced frames stay interlaced.
        on_progress: called for each frame that is decoded and passed over.
        can_seek: whether decoding may begin near them.

    """
    read = partial(read_frames, info, excerpt, keep_fields=keep_fields, on_progress=on_progress)
    if not before:
        return read()
    sought = _seek(before, checksums, info, read) if can_seek and is_seekable(info) else None
    last = before[-1]

    def is_finished(frame: Frame) -> bool:
        on_progress()
        return frame.pts <= last

    return sought or dropwhile(is_finished, read())


def is_seekable(info: FilmInfo) -> bool:
    """Whether the film's container has an index."""
    return info.container.startswith(_SEEKABLE)


def _seek(
    before: Sequence[int], checksums: Sequence[int], info: FilmInfo, read: Callable[..., Iterator[Frame]]
) -> Iterator[Frame] | None:
    """The frames after some frames, if these are found where they should be and look as they did."""
    frames = read(since=before[0])
    for pts, checksum in zip(before, checksums, strict=True):
        frame = next(frames, None)
        if frame is None or (frame.pts, luma_checksum(luma_codes(frame.picture, info.coding))) != (pts, checksum):
            return None
    return frames


def _recall(job: Job, name: str, kind: TypeAdapter[_Note]) -> _Note | None:
    """A note in the workspace, if it is about this part of this film."""
    try:
        origin, _, note = (job.workspace / name).read_text().partition("\n")
        return kind.validate_json(note) if origin == _origin(job) else None
    except (OSError, ValidationError):
        return None


def _agrees(segment: Segment, scenes: Scenes | None) -> bool:
    """Whether the frames that kept their chroma are those that the scenes name, if there are scenes."""
    return scenes is None or segment.record.in_colour == sum(map(scenes.in_colour, segment.record.pts))


def _remove_segments(workspace: Path, first: int = 0) -> None:
    kept = {segment_path(workspace, number).stem for number in range(first)}
    for leftover in workspace.glob("segment-*"):
        if leftover.stem not in kept:
            leftover.unlink(missing_ok=True)


def _origin(job: Job) -> str:
    """A name for the part of a film that a job is about."""
    source = state_of(job.source)
    parts = (source.size, source.mtime_ns, version("tintd"), job.excerpt and astuple(job.excerpt))
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _recipe(job: Job, colorist: Colorist) -> str:
    """A name for all that makes a result what it is: segments are joined only with their like.

    Processors and devices are no part of it. Their results differ by rounding, and the report names them.
    """
    parts = (
        _FORMAT,
        _origin(job),
        job.settings.model_dump_json(exclude={"colour": {"weights", "device"}, "size": True}),
        job.compare,
        colorist.weights,
        library_versions(),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()
