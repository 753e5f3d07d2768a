"""Room for results: jobs pause before a disk is full, and while a disk that was there is away."""

from __future__ import annotations

import shutil
from pathlib import Path

from daemon.config.settings import Config, Folder

_MIB = 1 << 20
_FULL = 16 * _MIB
"""Free bytes under which a disk counts as full."""


class Room:
    """The disks of results and journal, as they were at the start."""

    def __init__(self, config: Config) -> None:
        self._mounts: dict[Path, Path] = {}
        """Where the disk of each output folder is mounted: a network mount may come back with another device number."""
        self.reform(config)

    def reform(self, config: Config) -> None:
        """Go on by another configuration; the folders exist. Where a known one's disk is away, it stays so."""
        self._state = config.state
        self._spare = config.work.spare_mib * _MIB
        for folder in config.folders:
            self._mounts.setdefault(folder.output, _mount_of(folder.output))

    def lacks(self, folder: Folder) -> str | None:
        """Why no job of a folder may begin, or None if it may."""
        try:
            return self.shortage() or self._away(folder.output) or shortage(folder.output, self._spare)
        except OSError as error:
            return f"the disk of {folder.output} cannot be asked: {error}"

    def failed(self, folder: Folder) -> str | None:
        """Why a failure is the disk's, not the file's, or None: it is full, or away."""
        try:
            return self._away(folder.output) or shortage(folder.output, _FULL)
        except OSError as error:
            return f"the disk of {folder.output} cannot be asked: {error}"

    def shortage(self) -> str | None:
        """Why no job at all may begin, or None: the journal needs room too."""
        return shortage(self._state, self._spare // 8)

    def _away(self, output: Path) -> str | None:
        known, found = self._mounts[output], _mount_of(output)
        if found != known and known.is_relative_to(found):
            return f"the disk of {output} is not mounted any more"
        self._mounts[output] = found
        return None


def shortage(place: Path, spare: int) -> str | None:
    """What is wrong if fewer bytes than `spare` are free at a place, else None."""
    free = shutil.disk_usage(_nearest(place)).free
    if free >= spare:
        return None
    return f"the disk of {place} is nearly full: {free // _MIB} MiB free, {spare // _MIB} are to be spared"


def _mount_of(place: Path) -> Path:
    """Where the disk of a place is mounted; its number says less: a network mount that comes back has another one."""
    return next(parent for parent in (place, *place.parents) if parent.is_mount())


def _nearest(place: Path) -> Path:
    """A folder itself, or the nearest one above it that exists."""
    return next(parent for parent in (place, *place.parents) if parent.exists())
