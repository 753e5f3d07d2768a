"""Free space of the folders: asked in a thread of its own, for a share that is away would keep the page waiting."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_SECONDS = 10.0
"""Seconds between two looks at the disks."""
_LATE = 3.0
"""Seconds after which a disk counts as one that does not answer."""


@dataclass(frozen=True, slots=True)
class Room:
    """The disk of a folder."""

    folder: Path
    free: int
    """Bytes; 0 where the disk does not answer."""
    problem: str | None = None


class Rooms:
    """The disks of some folders, as they were a moment ago."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = tuple(dict.fromkeys(folders))
        self._known: list[Room] = []
        self._next = 0.0

    async def now(self) -> list[Room]:
        """The disks, none older than a few seconds."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _SECONDS
            self._known = list(await asyncio.gather(*map(_asked, self._folders)))
        return self._known


async def _asked(folder: Path) -> Room:
    try:
        usage = await asyncio.wait_for(asyncio.to_thread(shutil.disk_usage, folder), _LATE)
    except OSError as error:  # TimeoutError is one
        return Room(folder, 0, error.strerror or "does not answer")
    return Room(folder, usage.free)
