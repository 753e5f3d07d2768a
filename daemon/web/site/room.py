"""Free space of the folders, as the page shows it."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from daemon.web.site.disks import Disks

_SECONDS = 10.0
"""Seconds between two looks at the disks."""


@dataclass(frozen=True, slots=True)
class Room:
    """The disk of a folder."""

    folder: Path
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
            self._known = list(await asyncio.gather(*map(self._room, self._folders)))
        return self._known

    async def _room(self, folder: Path) -> Room:
        try:
            usage = await self._disks.ask(folder, partial(shutil.disk_usage, folder))
        except OSError as error:  # TimeoutError is one
            return Room(folder, 0, error.strerror or "does not answer")
        return Room(folder, usage.free)
