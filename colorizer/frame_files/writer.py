"""A coloured sequence as a folder of numbered frames: same names, numbers and format, with the sound beside them."""

from __future__ import annotations

import json
import os
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import av
import pyvips
import torch
from av.video.frame import VideoFrame
from pydantic import TypeAdapter

from colorizer.copying import copy_attributes, copy_file
from colorizer.durable import sync_file, sync_folder, write_durably
from colorizer.errors import MediaError, one_line
from colorizer.film.decode.frame import Frame
from colorizer.film.decode.frames import read_frames
from colorizer.film.encode.segment import Segment
from colorizer.film.plan import FilmPlan
from colorizer.film.resume import recipe_of
from colorizer.frame_files.coloured_frame import ColouredFrame, UnreadableFrameError, coloured_frame
from colorizer.frame_files.dpx import write_dpx
from colorizer.frame_files.png import write_png_frame
from colorizer.frame_files.tiff import write_tiff_frame
from colorizer.frame_sequence import MAKER_NAME, FrameFile, read_sequence
from colorizer.job import Job

_MOST_NAMED = 20
"""Frames without a file that are named one by one."""
_MOST_THREADS = 4
"""Frames that are written at the same time: one of 4096 x 3112 takes half a GiB."""
_UNFINISHED = ".unfinished-"
"""Beginning of the names of files that are being written."""


def _write_exr(frame: ColouredFrame, target: Path) -> tuple[str, ...]:
    from colorizer.frame_files.exr import write_exr  # noqa: PLC0415 (its library is for these frames alone)

    return write_exr(frame, target)


_WRITERS = {
    ".dpx": write_dpx,
    ".exr": _write_exr,
    ".png": write_png_frame,
    ".tif": write_tiff_frame,
    ".tiff": write_tiff_frame,
}


@dataclass(frozen=True, slots=True)
class _Ready:
    """A frame of which all is there to write it."""

    file: FrameFile
    decoded: Frame
    coloured: VideoFrame
    keeps_chroma: bool


def write_frames(
    segments: Sequence[Segment], plan: FilmPlan, job: Job, maker: str, on_progress: Callable[[], None]
) -> tuple[str, ...]:
    """Write the coloured frames of a sequence into a folder, which becomes the result when all of them are checked.

    Frames that an interrupted attempt has written are kept. A frame that keeps its colour is a copy of its original.

    Args:
        segments: the film's picture, without loss.
        plan: of the film.
        job: its target becomes the folder.
        maker: what made the colour; empty: nothing is said.
        on_progress: called after each frame.

    Returns:
        What could not be kept, for the report.

    Raises:
        MediaError: no frame can be read, or one cannot be written in its format.
        OSError: a file cannot be read or written.

    """
    folder = job.workspace / f"frames-{recipe_of(job)}"
    folder.mkdir(exist_ok=True)
    for unfinished in folder.glob(f"{_UNFINISHED}*"):
        unfinished.unlink(missing_ok=True)
    remembered = folder.with_suffix(".notes")
    notes = dict.fromkeys(_recall(remembered))
    unreadable: list[UnreadableFrameError] = []
    for said in _written(_missing(_frames(segments, plan, job), folder, on_progress), folder, plan, maker):
        if isinstance(said, UnreadableFrameError):
            unreadable.append(said)
        elif not notes.keys() >= set(said):
            notes |= dict.fromkeys(said)
            write_durably(remembered, json.dumps(list(notes)))
        on_progress()
    notes |= dict.fromkeys(_describe_unreadable(unreadable))
    if unreadable and not any(folder.iterdir()):
        raise unreadable[0]
    notes |= dict.fromkeys(_add_sound(plan, job, folder, on_progress))
    if maker:
        (folder / MAKER_NAME).write_text(f"{maker}\n")
        sync_file(folder / MAKER_NAME)
    sync_folder(folder)
    folder.replace(job.target)
    return tuple(notes)


def _recall(remembered: Path) -> list[str]:
    """The notes on the frames that an interrupted attempt has written."""
    return TypeAdapter(list[str]).validate_json(remembered.read_bytes()) if remembered.is_file() else []


def _frames(segments: Sequence[Segment], plan: FilmPlan, job: Job) -> Iterator[_Ready]:
    """The frames in their order: the original once more, and its coloured picture."""
    files = read_sequence(job.source).frames
    by_time = {(file.number - files[0].number) * plan.info.usual_duration: file for file in files}
    originals = read_frames(plan.info, job.excerpt)
    for pts, coloured in _pictures(segments):
        decoded = next((frame for frame in originals if frame.pts == pts), None)
        if decoded is None or pts not in by_time:
            raise MediaError(f"{job.source.name}: its frames have changed while they were coloured")
        yield _Ready(by_time[pts], decoded, coloured, plan.is_in_colour(pts))


def _pictures(segments: Sequence[Segment]) -> Iterator[tuple[int, VideoFrame]]:
    """The coloured pictures with the times of their frames."""
    for segment in segments:
        with av.open(str(segment.path)) as file:
            yield from zip(segment.record.pts, file.decode(video=0), strict=True)


def _missing(frames: Iterable[_Ready], folder: Path, on_progress: Callable[[], None]) -> Iterator[_Ready]:
    """The frames that are not written yet."""
    for frame in frames:
        if (folder / frame.file.name).exists():
            on_progress()
        else:
            yield frame


def _describe_unreadable(errors: Sequence[UnreadableFrameError]) -> Iterator[str]:
    yield from (f"not in the result: {error}" for error in errors[:_MOST_NAMED])
    if len(errors) > _MOST_NAMED:
        yield f"not in the result: {len(errors) - _MOST_NAMED} more frames that cannot be read"


def _add_sound(plan: FilmPlan, job: Job, folder: Path, on_progress: Callable[[], None]) -> tuple[str, ...]:
    """Copy the sound of a whole film; a part of one has none, and a note says so."""
    sound = plan.info.sound
    if sound is None:
        return ()
    if job.excerpt is not None:
        return (f"the sound {sound.name} left out: only a part of the frames was coloured",)
    return _write_whole(folder / sound.name, partial(_copied, sound, on_progress), sound)


def _written(
    frames: Iterable[_Ready], folder: Path, plan: FilmPlan, maker: str
) -> Iterator[tuple[str, ...] | UnreadableFrameError]:
    """Write frames in a few threads; the notes on each, or why it has no file."""
    threads = min(_MOST_THREADS, torch.get_num_threads())
    with ThreadPoolExecutor(threads, "frames") as pool:
        waiting: deque[Future[tuple[str, ...] | UnreadableFrameError]] = deque()
        for frame in frames:
            waiting.append(pool.submit(_write, frame, folder, plan, maker))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _write(ready: _Ready, folder: Path, plan: FilmPlan, maker: str) -> tuple[str, ...] | UnreadableFrameError:
    original = ready.file.path
    if ready.keeps_chroma:
        return _write_whole(folder / original.name, partial(_copied, original, lambda: None), original)
    frame = coloured_frame(original, ready.decoded, ready.coloured, plan, maker)
    try:
        return _write_whole(folder / original.name, partial(_encoded, frame), original)
    except UnreadableFrameError as error:  # libav has decoded what it could
        return error


def _write_whole(path: Path, write: Callable[[Path], tuple[str, ...]], original: Path) -> tuple[str, ...]:
    """Write a file under another name first, give it the times and attributes of its original, and then its name."""
    unfinished = path.with_name(f"{_UNFINISHED}{secrets.token_hex(4)}{path.suffix}")
    try:
        said = write(unfinished)
        copy_attributes(original, unfinished)
        changed = original.stat().st_mtime_ns
        os.utime(unfinished, ns=(changed, changed))
        sync_file(unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return said


def _copied(original: Path, on_progress: Callable[[], None], target: Path) -> tuple[str, ...]:
    copy_file(original, target, on_progress)
    return ()


def _encoded(frame: ColouredFrame, target: Path) -> tuple[str, ...]:
    """Write a frame in the format of its original."""
    try:
        return _WRITERS[frame.original.suffix.lower()](frame, target)
    except (pyvips.Error, av.error.FFmpegError, ValueError) as error:
        raise UnreadableFrameError(
            f"{frame.original.name}: its coloured frame cannot be written ({one_line(str(error))})"
        ) from error
