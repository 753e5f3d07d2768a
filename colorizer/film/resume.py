"""Going on with a film that was interrupted: which segments are finished, and the frames that follow them.

Network and encoder begin anew with each segment, so that only its frames must be the same. Where the file can be
trusted to find them, they are sought, and the last frames of the finished segment prove that they are the right ones;
elsewhere decoding starts at the beginning, and only network and encoder are spared.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple
from importlib.metadata import version
from itertools import count, dropwhile, takewhile
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from colorizer.durable import write_durably
from colorizer.film.decode.deviations import DAMAGED, MISSING
from colorizer.film.decode.frames import read_frames
from colorizer.film.decode.probe import Footage, Frame, luma_codes
from colorizer.film.encode.segment import Segment, read_segment
from colorizer.film.scenes import Scenes
from colorizer.job import Job, Piece
from colorizer.model.colorist import Colorist

_SEEKABLE = ("mov,", "matroska,")
"""Beginnings of libav's names of the containers with an index; in others (transport streams, AVI) seeking guesses."""
_SCENES = TypeAdapter(Scenes)
_APART = 8
"""Every so many rows and samples are looked at: one in each block that a codec may damage."""


def segment_path(workspace: Path, number: int) -> Path:
    """Where a segment of a film lies."""
    return workspace / f"segment-{number:05d}.mkv"


def finished_segments(job: Job, colorist: Colorist, scenes: Scenes | None) -> list[Segment]:
    """The segments that an earlier attempt at the same job has finished; what another one left is removed."""
    job.workspace.mkdir(exist_ok=True)
    recipe, note = _recipe(job, colorist, scenes), job.workspace / "recipe"
    if not note.is_file() or note.read_text() != recipe:
        for leftover in job.workspace.glob("segment-*"):
            leftover.unlink()
        write_durably(note, recipe)
    found = (read_segment(segment_path(job.workspace, number)) for number in count())
    return [segment for segment in takewhile(lambda segment: segment is not None, found) if segment is not None]


def remember_scenes(scenes: Scenes, job: Job) -> None:
    """Keep what was found by looking through a film, for another attempt at the same job."""
    write_durably(job.workspace / "scenes", f"{_origin(job)}\n{_SCENES.dump_json(scenes).decode()}")


def recall_scenes(job: Job) -> Scenes | None:
    """What an earlier attempt has found by looking through the film; None where there was none."""
    note = job.workspace / "scenes"
    try:
        origin, _, scenes = note.read_text().partition("\n")
        return _SCENES.validate_json(scenes) if origin == _origin(job) else None
    except (OSError, ValidationError):
        return None


def frames_after(
    segments: Sequence[Segment], footage: Footage, piece: Piece | None, beat: Callable[[], None]
) -> Iterator[Frame]:
    """The frames that follow the finished segments; all of them where there are none.

    Args:
        segments: what is finished.
        footage: the film.
        piece: which part of it, else all of it.
        beat: told of each frame that is decoded and passed over, which takes its time in a long film.

    """
    if not segments:
        return read_frames(footage, piece, beat=beat)
    damaged = any(segment.timing.flaws.keys() & {DAMAGED, MISSING} for segment in segments)
    seekable = footage.container.startswith(_SEEKABLE) and not damaged
    sought = _seek(segments[-1], footage, piece, beat) if seekable else None
    last = segments[-1].timing.pts[-1]

    def is_finished(frame: Frame) -> bool:
        beat()
        return frame.pts <= last

    return sought or dropwhile(is_finished, read_frames(footage, piece, beat=beat))


def mark_of(luma: Tensor) -> int:
    """A checksum that tells one frame's luma (H, W) from another's, at a small part of the cost of reading it all."""
    return zlib.crc32(luma[::_APART, ::_APART].numpy().tobytes())


def _seek(segment: Segment, footage: Footage, piece: Piece | None, beat: Callable[[], None]) -> Iterator[Frame] | None:
    """The frames after a segment, if its last ones are found where they should be and look as they did."""
    marks = segment.timing.marks
    ends = segment.timing.pts[-len(marks) :]
    frames = read_frames(footage, piece, since=ends[0], beat=beat)
    for pts, mark in zip(ends, marks, strict=True):
        frame = next(frames, None)
        if frame is None or (frame.pts, mark_of(luma_codes(frame.picture, footage.coding))) != (pts, mark):
            return None
    return frames


def _origin(job: Job) -> str:
    """A name for the piece of a film that a job is about."""
    source = job.source.stat()
    parts = (source.st_size, source.st_mtime_ns, version("tintd"), job.piece and astuple(job.piece))
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _recipe(job: Job, colorist: Colorist, scenes: Scenes | None) -> str:
    """A name for all that makes a result what it is: segments are joined only with their like."""
    parts = (
        _origin(job),
        scenes,
        job.settings.model_dump_json(exclude={"colour": {"weights", "device"}}),
        job.compare,
        colorist.weights,
        colorist.device.type,
        [version(name) for name in ("av", "torch")],
        os.cpu_count(),  # by which encoders divide their work
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()
