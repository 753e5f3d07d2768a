"""The watched folders: events and scans, and which files in them are complete."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from watchdog.events import (
    FileClosedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
    FileSystemMovedEvent,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingObserver

from daemon.config import Folder, Watching
from daemon.original import Identity, identify
from daemon.settling import Settling

DONE = "done"
"""Folder in a watched folder to which originals move, where that is configured."""


@dataclass(frozen=True, slots=True)
class Find:
    """A complete file."""

    folder: Folder
    path: Path
    """Absolute."""
    identity: Identity


class Watcher:
    """Finds files. Events are hints; what a scan sees is the truth."""

    def __init__(self, folders: tuple[Folder, ...], watching: Watching, ring: Callable[[], None]) -> None:
        """Watch folders; `ring` is called, in another thread, at each event."""
        self._folders = folders
        self._settling = Settling(watching.settle_seconds)
        self._hints = _Hints(ring)
        self._observer = _observer(watching)

    def start(self) -> None:
        """Begin to listen for events.

        Raises:
            OSError: a folder cannot be watched (it is absent, or inotify has no watches left).

        """
        for folder in self._folders:
            self._observer.schedule(self._hints, str(folder.input), recursive=folder.recursive)
        self._observer.start()

    def stop(self) -> None:
        """Listen no more."""
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join()

    def scan(self) -> Iterator[tuple[Folder, Path]]:
        """All files in the watched folders that are wanted."""
        for folder in self._folders:
            yield from ((folder, path) for path in _walk(folder, folder.input))

    def notice(self, path: Path, now: float) -> None:
        """Have an eye on a file until it is complete."""
        self._settling.notice(path, now)

    def complete(self, now: float) -> list[Find]:
        """Files that have come to rest since the last call; `now` is a monotonic clock's."""
        for path in self._hints.take():
            for folder in self._folders:
                for found in _wanted_at(folder, path):
                    self._settling.notice(found, now)
        settled = self._settling.settled(identify, now)
        return [
            Find(folder, path, identity)
            for path, identity in settled
            for folder in self._folders
            if wants(folder, path)
        ]

    def is_waiting(self) -> bool:
        """Whether some file may come to rest soon."""
        return len(self._settling) > 0


def wants(folder: Folder, path: Path) -> bool:
    """Whether a file lies in a watched folder and its name, and those of the folders on its way, are wanted."""
    if not enters(folder, path.parent):
        return False
    return _is_named(path.name, folder.include) and not _is_named(path.name, folder.exclude)


def enters(folder: Folder, place: Path) -> bool:
    """Whether the files of a folder at or below a watched one are looked at."""
    if place == folder.input:
        return True
    if not folder.recursive or not place.is_relative_to(folder.input):
        return False
    parts = place.relative_to(folder.input).parts
    if folder.original == "move" and parts[0] == DONE:
        return False
    return not any(_is_named(part, folder.exclude) for part in parts)


def _wanted_at(folder: Folder, path: Path) -> Iterator[Path]:
    """What a hint leads to: the file itself, or all files of a folder that has come."""
    if path.is_dir():
        yield from _walk(folder, path) if enters(folder, path) else ()
    elif wants(folder, path):
        yield path


def _walk(folder: Folder, place: Path) -> Iterator[Path]:
    """Wanted files at or below a place; symbolic links are not followed."""
    try:
        entries = sorted(os.scandir(place), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(folder, path) if enters(folder, path) else ()
        elif entry.is_file(follow_symlinks=False) and wants(folder, path):
            yield path


def _is_named(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


class _Hints(FileSystemEventHandler):
    """Paths that events named, gathered in the observer's thread."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._paths: dict[Path, None] = {}
        self._lock = threading.Lock()

    def take(self) -> list[Path]:
        with self._lock:
            paths = list(self._paths)
            self._paths.clear()
        return paths

    def on_created(self, event: FileSystemEvent) -> None:
        self._note(event.src_path)

    def on_modified(self, event: FileSystemEvent) -> None:
        if not event.is_directory:
            self._note(event.src_path)

    def on_closed(self, event: FileClosedEvent) -> None:
        self._note(event.src_path)

    def on_moved(self, event: FileSystemMovedEvent) -> None:
        self._note(event.dest_path)

    def _note(self, path: bytes | str) -> None:
        with self._lock:
            self._paths[Path(os.fsdecode(path))] = None
        self._ring()


def _observer(watching: Watching) -> BaseObserver:
    if watching.method == "polling":
        return PollingObserver(timeout=watching.poll_seconds)
    return Observer()
