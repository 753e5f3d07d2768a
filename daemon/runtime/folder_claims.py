"""Notices that another tintd on this machine watches the same folder, with a state folder of its own.

A claim is a socket in the kernel's abstract namespace. Unlike a lock file, it ends with its process, needs no
permission to write to the folder, and keeps no file system from being unmounted. Other machines, and containers with a
network of their own, do not see it.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from pathlib import Path

import structlog

from daemon.config.settings import Folder

_log = structlog.get_logger()


class FolderClaims:
    """The folders that this process has claimed."""

    def __init__(self) -> None:
        self._claims: dict[Path, socket.socket] = {}

    def check(self, folders: Iterable[Folder]) -> None:
        """Claim watched folders; the log warns of one that is missing, perhaps mistyped, or another process's."""
        for folder in folders:
            place = folder.input
            if not place.exists() and folder.make:
                _log.info("input folder made", folder=str(place))
            elif not place.exists():
                remedy = "correct `input`, make the folder, or set `make: true`"
                _log.warning("input folder does not exist; tintd waits for it", folder=str(place), remedy=remedy)
            elif self.claim([place]):
                _log.warning("another tintd watches this folder; its files are coloured twice", folder=str(place))

    def claim(self, folders: Iterable[Path]) -> list[Path]:
        """Claim folders; returns those that another process has claimed. A missing folder is not claimed."""
        taken: list[Path] = []
        for folder in folders:
            if folder in self._claims:
                continue
            try:
                found = folder.stat()
                claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            except OSError:
                continue
            try:
                claim.bind(f"\0tintd-watches-{found.st_dev:x}-{found.st_ino:x}")
            except OSError:
                claim.close()
                taken.append(folder)
            else:
                self._claims[folder] = claim
        return taken
