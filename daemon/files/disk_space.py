"""Disks of originals and results: jobs pause before one is full, and while one is away or does not answer."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from daemon.config.disk_questions import DiskQuestions
from daemon.config.settings import Config, Folder
from daemon.files.mounts import is_present

_MIB = 1 << 20
_FULL = 16 * _MIB
"""A disk with fewer free bytes counts as full."""


@dataclass(frozen=True, slots=True)
class DiskState:
    """The disks of a watched folder and of its results."""

    blocked_reason: str | None
    """Why no job of the folder may start; None if it may."""
    is_present: bool
    """Whether the watched folder is there, and has something in it."""


class DiskSpace:
    """The disks of the watched folders, of the results and of the journal, as they were at the start."""

    def __init__(self, config: Config) -> None:
        self._questions = DiskQuestions()
        self._mounts: dict[Path, Path] = {}
        """The mount of each output folder: a network mount may come back with another device number."""
        self.reconfigure(config)

    def reconfigure(self, config: Config) -> None:
        """Apply a new configuration, whose folders exist. A known folder whose disk is away stays away."""
        self._state = config.state
        self._spare = config.work.spare_mib * _MIB
        for folder in config.folders:
            self._mounts.setdefault(folder.output, _mount_of(folder.output))

    def state(self, folder: Folder) -> DiskState:
        """Whether jobs of a folder may start."""
        reason = self._asked(folder.output, lambda: self._blocked_reason(folder.output))
        try:
            return DiskState(reason, self._questions.ask(folder.input, lambda: _is_there(folder.input)))
        except TimeoutError:
            return DiskState(reason or _silent(folder.input), is_present=False)
        except OSError:
            return DiskState(reason, is_present=False)

    def answers(self, folder: Folder) -> bool:
        """Whether the disks of a folder and of its results answer, if only by an error."""
        return all(map(self._questions.answers, (folder.input, folder.output)))

    def failure_reason(self, folder: Folder) -> str | None:
        """Why a failure is due to the disk, which is full or away; None if it is due to the file."""
        return self._asked(folder.output, lambda: self._away(folder.output) or shortage(folder.output, _FULL))

    def shortage(self) -> str | None:
        """Why no job at all may start; None if they may. The journal needs disk space too."""
        return shortage(self._state, self._spare // 8)

    def _blocked_reason(self, output: Path) -> str | None:
        return self.shortage() or self._away(output) or shortage(output, self._spare)

    def _asked(self, place: Path, question: Callable[[], str | None]) -> str | None:
        """What a disk answers, or why it does not."""
        try:
            return self._questions.ask(place, question)
        except TimeoutError:
            return _silent(place)
        except OSError as error:
            return f"the disk of {place} cannot be read: {error.strerror}"

    def _away(self, output: Path) -> str | None:
        known, found = self._mounts[output], _mount_of(output)
        if found != known and known.is_relative_to(found):
            return f"the disk of {output} is no longer mounted"
        self._mounts[output] = found
        return None


def _silent(place: Path) -> str:
    return f"the disk of {place} does not answer"


def _is_there(place: Path) -> bool:
    """Whether a watched folder has something in it. The server of a share is asked, and no answer is remembered."""
    os.statvfs(place)
    return is_present(place)


def shortage(place: Path, spare: int) -> str | None:
    """A sentence if fewer bytes than `spare` are free at a place; None if there are enough."""
    free = shutil.disk_usage(_nearest(place)).free
    if free >= spare:
        return None
    return f"the disk of {place} is nearly full: {free // _MIB} MiB are free, {spare // _MIB} MiB are needed"


def _mount_of(place: Path) -> Path:
    """The mount point of a place. The device's number says less: a network mount that comes back has another one."""
    return next(parent for parent in (place, *place.parents) if parent.is_mount())


def _nearest(place: Path) -> Path:
    """A folder itself, or the nearest one above it that exists."""
    return next(parent for parent in (place, *place.parents) if parent.exists())
