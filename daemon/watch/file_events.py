"""The lookout: listens for file events (inotify) and notices when it has gone deaf.

Events are hints: what it misses, a scan finds. What makes it deaf, in silence: a queue that overflowed, watches that
ran out (for folders inside a watched one watchdog says nothing), a watched folder that was unmounted or replaced, a
thread that died.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

import structlog
from watchdog.events import FileClosedEvent, FileSystemEvent, FileSystemEventHandler, FileSystemMovedEvent
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from daemon.config.settings import Folder

_MOST = 10_000
"""Paths that are remembered until they are looked at; a scan finds the others."""
_REMEDY = "raise fs.inotify.max_user_watches (sysctl), or set `watching.method: polling`"

logging.getLogger("watchdog").addHandler(logging.NullHandler())  # what it says while it is stopped means nothing
_log = structlog.get_logger()


class Lookout:
    """Listens at the watched folders."""

    def __init__(self, folders: tuple[Folder, ...], ring: Callable[[], None]) -> None:
        """Listen to nothing yet; `ring` is called, in another thread, at each event."""
        self._folders = folders
        self._hints = _Hints(ring)
        self._observer: BaseObserver | None = None
        self._threads: list[threading.Thread] = []
        self._roots: dict[Path, tuple[int, int] | None] = {}
        self._trouble = _Trouble()
        self._told: str | None = None
        self._blind = False

    @property
    def is_deaf(self) -> bool:
        """Whether events of some folder do not come, so that scans must do: a folder that is away sends none."""
        return self._told is not None or None in self._roots.values()

    def start(self) -> None:
        """Begin to listen; where that cannot be, say so and be deaf."""
        logging.getLogger("watchdog").addHandler(self._trouble)
        self._roots = {folder.input: _root(folder.input) for folder in self._folders}
        try:
            self._observer = Observer()
            for folder in self._folders:
                if self._roots[folder.input] is not None:
                    self._listen(self._observer, folder)
            self._observer.start()
        except OSError as error:
            self._tell(f"events cannot be had: {error}", _REMEDY)
        self._threads = [thread for thread in threading.enumerate() if type(thread).__module__.startswith("watchdog.")]

    def stop(self) -> None:
        """Listen no more."""
        logging.getLogger("watchdog").removeHandler(self._trouble)
        if self._observer is None:
            return
        self._observer.stop()  # also one that could not start: it listens at the folders before the one that failed
        if self._observer.is_alive():
            self._observer.join()
        self._observer = None

    def take(self) -> list[Path]:
        """Paths that events named since the last call."""
        return self._hints.take()

    def missed(self) -> bool:
        """Whether events were lost since the last call; what has died is started again."""
        lost = self._hints.missed() or self._trouble.heard()
        reason = self._failure()
        if reason is not None:
            self._tell(reason, "listening is started again")
            self.stop()
            self._told = None
            self.start()
        return lost or reason is not None

    def check(self, entered: set[int]) -> bool:
        """After a whole scan: are all folders that it entered (by inode) among the kernel's watches?

        Where they are not, listening is started again, for watches may have come free.

        Returns:
            Whether another scan must tell if that has helped.

        """
        watched = _kernel_watches()
        unwatched = 0 if watched is None else len(entered - watched)
        first, self._blind = not self._blind, unwatched > 0
        if not self._blind:
            self._told = None
            return False
        if not first:
            self._tell(f"{unwatched} folders are not watched: watches have run out, or FUSE hides them", _REMEDY)
        self.stop()
        self.start()
        return first

    def _listen(self, observer: BaseObserver, folder: Folder) -> None:
        """Have an observer listen at a folder."""
        observer.schedule(self._hints, str(folder.input), recursive=folder.recursive)

    def _failure(self) -> str | None:
        """What has ended the listening, if something has."""
        for folder, root in self._roots.items():
            if _root(folder) != root:
                return f"{folder} was unmounted, mounted or replaced"
        if not all(thread.is_alive() for thread in self._threads):
            return "a thread that listens for events has died"
        return None

    def _tell(self, reason: str, remedy: str) -> None:
        if self._told is None:
            _log.error("file events are missed; folders are scanned instead", reason=reason, remedy=remedy)
        self._told = reason


class _Hints(FileSystemEventHandler):
    """Paths that events named, gathered in the observer's thread."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._paths: dict[Path, None] = {}
        self._lock = threading.Lock()
        self._missed = False

    def take(self) -> list[Path]:
        with self._lock:
            paths = list(self._paths)
            self._paths.clear()
        return paths

    def missed(self) -> bool:
        with self._lock:
            missed, self._missed = self._missed, False
        return missed

    def on_created(self, event: FileSystemEvent) -> None:
        self._note(event.src_path)

    def on_modified(self, event: FileSystemEvent) -> None:
        if not event.is_directory:
            self._note(event.src_path)

    def on_closed(self, event: FileClosedEvent) -> None:
        self._note(event.src_path)

    def on_moved(self, event: FileSystemMovedEvent) -> None:
        self._note(event.dest_path)

    def on_deleted(self, event: FileSystemEvent) -> None:
        if event.is_directory:  # perhaps the watched folder itself
            self._ring()

    def _note(self, path: bytes | str) -> None:
        with self._lock:
            if len(self._paths) < _MOST:
                self._paths[Path(os.fsdecode(path))] = None
            else:
                self._missed = True
        self._ring()


class _Trouble(logging.Handler):
    """Hears watchdog say that the kernel's queue overflowed, or that a watch could not be set."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._heard = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        _log.warning("file events were lost; the folders are scanned", reason=record.getMessage())
        self._heard.set()

    def heard(self) -> bool:
        heard = self._heard.is_set()
        self._heard.clear()
        return heard


def _root(folder: Path) -> tuple[int, int] | None:
    """Which folder it is that lies at a path, or None where there is none."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _kernel_watches() -> set[int] | None:
    """Inodes that this process watches, as the kernel tells (proc(5), fdinfo); None where it does not."""
    watched: set[int] = set()
    try:
        for descriptor in os.scandir("/proc/self/fdinfo"):
            with Path(descriptor.path).open() as told:
                watched |= {int(line.split("ino:")[1].split()[0], 16) for line in told if line.startswith("inotify ")}
    except OSError:
        return None
    return watched
