"""Questions to disks: a network share that hangs keeps nobody waiting but those who ask for its files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

_LATE = 3.0
"""Seconds after which a disk counts as one that does not answer."""
_THREADS = 4
"""Threads for the files of a folder: so many questions may hang there."""

Found = TypeVar("Found")


class Disks:
    """Threads that wait for disks, for each folder its own."""

    def __init__(self) -> None:
        self._threads: dict[Path, ThreadPoolExecutor] = {}

    async def ask(self, folder: Path, question: Callable[[], Found], seconds: float = _LATE) -> Found:
        """Ask something of the disk of a folder.

        Raises:
            TimeoutError: it does not answer within so many seconds.

        """
        if folder not in self._threads:
            self._threads[folder] = ThreadPoolExecutor(_THREADS, thread_name_prefix="disk")
        asked = asyncio.get_running_loop().run_in_executor(self._threads[folder], question)
        return await asyncio.wait_for(asked, seconds)
