"""Previews of originals and results: made once when they are asked for, by a worker, and kept within a quota."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from colorizer.frame_sequence import is_sequence, sequence_in
from colorizer.originals import is_frames_folder, is_of_many_files
from colorizer.report import Report
from daemon.config.settings import Config, Folder
from daemon.files.identity import Identity
from daemon.journal.records import JobRecord
from daemon.web.media.disks import Disks
from daemon.web.media.preview_worker import PreviewError, PreviewWorker
from daemon.workers.task import MakePreview

Which = Literal["before", "after"]

SIDES = {"small": 480, "large": 1600}
"""Longest side of each still, in pixels."""
_WAIT_SECONDS = 45.0
"""Seconds for which a browser waits for a still."""
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """A file that can be shown."""

    path: Path
    """A file, or a sequence of frames."""
    stem: str
    """The name of its previews: another one after the file has changed."""


class Previews:
    """The previews of a service's files."""

    def __init__(self, config: Config, disks: Disks) -> None:
        self._config = config
        self._disks = disks
        self._folder = config.web_folder / "previews"
        self._stills = PreviewWorker()
        self._clips = PreviewWorker()
        self._pending: dict[str, Future[Report]] = {}
        """What is being made, by the name without its suffix."""
        self._progress: dict[str, float] = {}
        """Which part of a clip is made."""
        self._failed: dict[str, str] = {}
        """Why a preview cannot be made."""

    async def source(self, job: JobRecord, which: Which) -> Source:
        """The original or the result of a job, if it lies in a folder of the configuration.

        Raises:
            PreviewError: it does not, or there is none.

        """
        folder = self._config.folder_at(job.folder)
        if folder is None:
            raise PreviewError("The folder of this file is no longer in the configuration.")
        if which == "before":
            return await self._found(job.source, folder.input, folder, job.identity)
        if job.output is None or job.state != "done":
            raise PreviewError("There is no result yet.")
        return await self._found(job.output, folder.output, folder)

    async def segment(self, job: JobRecord, path: Path) -> Source:
        """A finished segment of a film that runs.

        Raises:
            PreviewError: there is none.

        """
        folder = self._config.folder_at(job.folder)
        if folder is None:
            raise PreviewError("The folder of this file is no longer in the configuration.")
        return await self._found(path, folder.output, folder)

    async def still(self, source: Source, size: str) -> Path:
        """A JPEG of a file; made if there is none.

        Raises:
            PreviewError: it cannot be made; the message says why.

        """
        path = self._folder / f"{source.stem}-{size}.jpg"
        if not await asyncio.to_thread(_touched, path):
            stills = {self._folder / f"{source.stem}-{name}.jpg": side for name, side in SIDES.items()}
            task = MakePreview(0, source.path, stills)
            future = self._make(source.stem, self._stills, task, lambda _done, _all: None)
            try:
                await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), _WAIT_SECONDS)
            except TimeoutError as error:
                raise PreviewError("The preview takes long; try again in a moment.") from error
        return path

    async def clip(self, source: Source) -> Path | None:
        """The MP4 of a film that every browser plays, if it has been made."""
        path = self._folder / f"{source.stem}.mp4"
        return path if await asyncio.to_thread(_touched, path) else None

    async def make_clip(self, source: Source) -> None:
        """Begin to make the MP4 of a film.

        Raises:
            PreviewError: it cannot be made.

        """
        stem = source.stem
        path = self._folder / f"{stem}.mp4"
        if await asyncio.to_thread(_touched, path):
            return
        unfinished = self._folder / f"{stem}.part"

        def progress(done: int, frames: int) -> None:
            self._progress[stem] = done / frames if frames else 0.0

        future = self._make(stem, self._clips, MakePreview(0, source.path, {}, unfinished), progress)
        future.add_done_callback(lambda done: None if done.exception() else unfinished.replace(path))

    def clip_state(self, source: Source) -> float | str | None:
        """How far a clip is: which part of it is made, or why it cannot be; None where nobody has asked for it."""
        if source.stem in self._pending:
            return self._progress.get(source.stem, 0.0)
        return self._failed.get(source.stem)

    async def _found(self, path: Path, place: Path, folder: Folder, known: Identity | None = None) -> Source:
        try:
            return await self._disks.ask(place, partial(_inside, path, place, folder, known))
        except TimeoutError as error:
            raise PreviewError("The disk of this file does not answer at present.") from error

    def _make(
        self, stem: str, worker: PreviewWorker, task: MakePreview, on_progress: Callable[[int, int], None]
    ) -> Future[Report]:
        """Have a preview made, unless that is being done."""
        if stem in self._failed:
            raise PreviewError(self._failed[stem])
        if self._config.web.previews_mib == 0:
            raise PreviewError("Previews are off (`web.previews_mib` is 0).")
        if stem not in self._pending:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._pending[stem] = worker.submit(task, on_progress=on_progress)
            self._pending[stem].add_done_callback(lambda done: self._finish(stem, done))
        return self._pending[stem]

    def _finish(self, stem: str, future: Future[Report]) -> None:
        """Note the end; called in the worker's thread."""
        error = future.exception()
        if error is not None:
            self._failed[stem] = str(error)
        keep_within(self._folder, self._config.web.previews_mib * _MIB)
        self._pending.pop(stem, None)
        self._progress.pop(stem, None)


def keep_within(folder: Path, most: int) -> None:
    """Delete the files that were shown longest ago, until those of a folder have at most so many bytes."""
    found = []
    for path in folder.iterdir():
        with suppress(OSError):
            state = path.stat()
            found.append((state.st_mtime, state.st_size, path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= most:
            return
        with suppress(OSError):
            path.unlink()
            total -= size


def _inside(path: Path, place: Path, folder: Folder, known: Identity | None) -> Source:
    """A file that lies in a folder; a link that leads out of it counts only where links are followed.

    Of many files, the state of their folder and what the journal knows are their state: looking at each takes long.
    """
    try:
        real = (path.parent if is_sequence(path) else path).resolve(strict=True)
        state = real.stat()
        shown = sequence_in(path) if is_frames_folder(path) else path
    except (OSError, RuntimeError) as error:
        raise PreviewError("The file is gone.") from error
    is_shown = shown is not None and (real.is_file() or is_of_many_files(shown))
    if shown is None or not (is_shown and path.is_relative_to(place) and ".." not in path.parts):
        raise PreviewError("The file is not in its folder.")
    if folder.links == "ignore" and not real.is_relative_to(place.resolve()):
        raise PreviewError("The file is a link that leads out of its folder.")
    key = f"{state.st_size} {state.st_mtime_ns} {state.st_ino} {known} ".encode() + os.fsencode(path)
    return Source(shown, hashlib.sha256(key).hexdigest()[:32])


def _touched(path: Path) -> bool:
    """Whether a file is there; it counts as shown now."""
    try:
        os.utime(path, (time.time(), time.time()))
    except OSError:
        return False
    return True
