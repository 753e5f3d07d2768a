"""Free space of the folders, as the page shows it."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from daemon.web.media.disks import Disks

_SECONDS = 10.0
"""Seconds between two looks at the disks."""


@dataclass(frozen=True, slots=True)
class Room:
    """A disk."""

    folders: tuple[Path, ...]
    free: int
    """Bytes; 0 where the disk does not answer."""
    problem: str | None = None


class Rooms:
    """The disks of some folders, as they were a moment ago."""

    def __init__(self, folders: Iterable[Path], disks: Disks) -> None:
        self._folders = tuple(dict.fromkeys(folders))
        self._disks = disks
        self._known: list[Room] = []
        self._next = 0.0

    async def now(self) -> list[Room]:
        """The disks, none older than a few seconds."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _SECONDS
            rooms: dict[object, Room] = {}
            for disk, room in await asyncio.gather(*map(self._look, self._folders)):
                known = rooms.get(disk)
                rooms[disk] = replace(room, folders=known.folders + room.folders) if known else room
            self._known = list(rooms.values())
        return self._known

    async def _look(self, folder: Path) -> tuple[object, Room]:
        """What tells the disk of a folder from others, and its room."""
        try:
            device, free = await self._disks.ask(folder, partial(_usage, folder))
        except OSError as error:  # TimeoutError is one
            return folder, Room((folder,), 0, error.strerror or "does not answer")
        return device, Room((folder,), free)


def _usage(folder: Path) -> tuple[int, int]:
    return folder.stat().st_dev, shutil.disk_usage(folder).free
