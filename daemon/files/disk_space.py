"""Disk space for results: jobs pause before a disk is full, and while a disk that was there is away."""

from __future__ import annotations

import shutil
from pathlib import Path

from daemon.config.settings import Config, Folder

_MIB = 1 << 20
_FULL = 16 * _MIB
"""A disk with fewer free bytes counts as full."""


class DiskSpace:
    """The disks of the results and of the journal, as they were at the start."""

    def __init__(self, config: Config) -> None:
        self._mounts: dict[Path, Path] = {}
        """The mount of each output folder: a network mount may come back with another device number."""
        self.reconfigure(config)

    def reconfigure(self, config: Config) -> None:
        """Apply a new configuration, whose folders exist. A known folder whose disk is away stays away."""
        self._state = config.state
        self._spare = config.work.spare_mib * _MIB
        for folder in config.folders:
            self._mounts.setdefault(folder.output, _mount_of(folder.output))

    def blocked_reason(self, folder: Folder) -> str | None:
        """Why no job of a folder may start; None if it may."""
        try:
            return self.shortage() or self._away(folder.output) or shortage(folder.output, self._spare)
        except OSError as error:
            return f"the disk of {folder.output} cannot be read: {error}"

    def failure_reason(self, folder: Folder) -> str | None:
        """Why a failure is due to the disk, which is full or away; None if it is due to the file."""
        try:
            return self._away(folder.output) or shortage(folder.output, _FULL)
        except OSError as error:
            return f"the disk of {folder.output} cannot be read: {error}"

    def shortage(self) -> str | None:
        """Why no job at all may start; None if they may. The journal needs disk space too."""
        return shortage(self._state, self._spare // 8)

    def _away(self, output: Path) -> str | None:
        known, found = self._mounts[output], _mount_of(output)
        if found != known and known.is_relative_to(found):
            return f"the disk of {output} is no longer mounted"
        self._mounts[output] = found
        return None


def shortage(place: Path, spare: int) -> str | None:
    """A sentence if fewer bytes than `spare` are free at a place; None if there are enough."""
    free = shutil.disk_usage(_nearest(place)).free
    if free >= spare:
        return None
    return f"the disk of {place} is nearly full: {free // _MIB} MiB free, {spare // _MIB} are kept free"


def _mount_of(place: Path) -> Path:
    """The mount point of a place. The device's number says less: a network mount that comes back has another one."""
    return next(parent for parent in (place, *place.parents) if parent.is_mount())


def _nearest(place: Path) -> Path:
    """A folder itself, or the nearest one above it that exists."""
    return next(parent for parent in (place, *place.parents) if parent.exists())
