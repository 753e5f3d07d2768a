"""Room for results: jobs pause before a disk is full, and while a disk that was there is away."""

from __future__ import annotations

import shutil
from pathlib import Path

from daemon.config import Config, Folder

_MIB = 1 << 20
_FULL = 16 * _MIB
"""Free bytes under which a disk counts as full."""


class Room:
    """The disks of results and journal, as they were at the start."""

    def __init__(self, config: Config) -> None:
        """Take note of the disk that each output folder lies on; the folders exist."""
        self._state = config.state
        self._spare = config.work.spare_mib * _MIB
        self._disks = {folder.output: _nearest(folder.output).stat().st_dev for folder in config.folders}

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
        if _nearest(output).stat().st_dev == self._disks[output]:
            return None
        return f"the disk of {output} is not mounted any more"


def shortage(place: Path, spare: int) -> str | None:
    """What is wrong if fewer bytes than `spare` are free at a place, else None."""
    free = shutil.disk_usage(_nearest(place)).free
    if free >= spare:
        return None
    return f"the disk of {place} is nearly full: {free // _MIB} MiB free, {spare // _MIB} are to be spared"


def _nearest(place: Path) -> Path:
    """A folder itself, or the nearest one above it that exists."""
    return next(parent for parent in (place, *place.parents) if parent.exists())
