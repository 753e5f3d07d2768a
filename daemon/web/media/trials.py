"""Trials: a file in other colours beside its present result, made by a worker when a person asks for it."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from colorizer.job import Job
from colorizer.photo.formats import is_named_as_photo
from colorizer.report import Report
from daemon.config.colour_choice import ColourChoice, with_choice
from daemon.config.settings import Config
from daemon.journal.records import JobRecord
from daemon.web.media.preview_worker import PreviewError, PreviewWorker
from daemon.web.media.previews import Previews, Source, keep_within
from daemon.workers.task import MakeTrial

Side = Literal["present", "new"]
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Trial:
    """The state of one trial."""

    is_done: bool = False
    fraction: float | None = None
    """The part that is done, while it is being made."""
    problem: str | None = None
    """The reason for which it cannot be made."""


class Trials:
    """The trials of a service's files."""

    def __init__(self, config: Config, previews: Previews) -> None:
        self._config = config
        self._previews = previews
        self._folder = config.web_folder / "trials"
        self._worker = PreviewWorker()
        self._made: dict[str, Trial] = {}
        """The latest state of each trial that was asked for, by its stem."""

    async def state(self, job: JobRecord, choice: ColourChoice) -> Trial | None:
        """The state of a trial; None where nobody has asked for it.

        Raises:
            PreviewError: the original or the result is gone.

        """
        stem = _stem_of(*await self._sources(job), choice)
        if self._path(stem, job, "new").is_file():
            return Trial(is_done=True)
        known = self._made.get(stem)
        return None if known is None or known.is_done else known  # a trial that was deleted is made again

    async def path(self, job: JobRecord, choice: ColourChoice, side: Side) -> Path:
        """The JPEG or MP4 of one side of a trial.

        Raises:
            PreviewError: it has not been made.

        """
        path = self._path(_stem_of(*await self._sources(job), choice), job, side)
        if not path.is_file():
            raise PreviewError("This trial has not been made.")
        return path

    async def begin(self, job: JobRecord, choice: ColourChoice) -> None:
        """Have a trial made, unless it is there or being made.

        Raises:
            PreviewError: the original or the result is gone, or previews are off.

        """
        if self._config.web.previews_mib == 0:
            raise PreviewError("Previews are off (`web.previews_mib` is 0).")
        folder = self._config.folder_at(job.folder)
        state = await self.state(job, choice)
        if folder is None or (state is not None and state.problem is None):
            return
        before, after = await self._sources(job)
        stem = _stem_of(before, after, choice)
        chosen = with_choice(folder, choice).job_settings
        # On a processor: a graphics card has its memory for the service.
        settings = chosen.model_copy(update={"colour": chosen.colour.model_copy(update={"device": "cpu"})})
        workspace = self._folder / stem
        task = MakeTrial(
            0,
            Job(before.path, workspace / "new", workspace / "work", settings),
            after.path,
            workspace / "present",
        )
        await asyncio.to_thread(workspace.mkdir, 0o700, parents=True, exist_ok=True)
        self._made[stem] = Trial(fraction=0.0)

        def progress(done: int, frames: int) -> None:
            self._made[stem] = Trial(fraction=min(1.0, done / frames) if frames else 0.0)

        future = self._worker.submit(task, on_progress=progress)
        future.add_done_callback(lambda made: self._finish(stem, job, made))

    def _finish(self, stem: str, job: JobRecord, future: Future[Report]) -> None:
        """Keep both files of a trial; called in the worker's thread."""
        workspace, error = self._folder / stem, future.exception()
        if error is None:
            for side in _SIDES:  # the new one last: it says that the trial is whole
                (workspace / side).replace(self._path(stem, job, side))
        shutil.rmtree(workspace, ignore_errors=True)
        keep_within(self._folder, self._config.web.previews_mib * _MIB)
        self._made[stem] = Trial(is_done=error is None, problem=None if error is None else str(error))

    async def _sources(self, job: JobRecord) -> tuple[Source, Source]:
        return await self._previews.source(job, "before"), await self._previews.source(job, "after")

    def _path(self, stem: str, job: JobRecord, side: Side) -> Path:
        return self._folder / f"{stem}-{side}{'.jpg' if is_named_as_photo(job.path) else '.mp4'}"


_SIDES: tuple[Side, ...] = ("present", "new")


def _stem_of(before: Source, after: Source, choice: ColourChoice) -> str:
    """The name of a trial: another one after a file has changed."""
    return hashlib.sha256(f"{before.stem} {after.stem} {choice.model_dump_json()}".encode()).hexdigest()[:32]
