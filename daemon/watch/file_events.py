"""Receives file events (inotify), and notices when some do not arrive.

Events are hints: a scan finds what they miss. Events go missing without a word when the kernel's queue overflows, when
there are no watches left (watchdog does not report this for sub-folders), when a watched folder is unmounted or
replaced, and when a thread dies. They name wrong paths when a folder is renamed, or replaced by a link, while watchdog
begins to watch it.
"""

from __future__ import annotations

import logging
import os
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

import structlog
from watchdog.events import FileClosedEvent, FileSystemEvent, FileSystemEventHandler, FileSystemMovedEvent
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from daemon.config.settings import Folder
from daemon.watch.file_filter import descends

_MOST = 10_000
"""Paths that are kept until they are looked at; a scan finds the others."""
_REMEDY = "raise fs.inotify.max_user_watches (sysctl), or set `watching.method: polling`"

logging.getLogger("watchdog").addHandler(logging.NullHandler())  # its messages while it is stopped mean nothing
# It watches a new folder twice if the folder above it is scanned while the event about it arrives; that is harmless.
# pyproject.toml has the same line for tests.
warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning)
_log = structlog.get_logger()


class FileEvents:
    """File events of the watched folders. One thread starts, checks and stops them; `take` is safe in any thread."""

    def __init__(self, folders: tuple[Folder, ...], wake: Callable[[], None]) -> None:
        """Prepare; `wake` is called, in another thread, at each event."""
        self._folders = folders
        self._hints = _Hints(wake, folders)
        self._observer: BaseObserver | None = None
        self._threads: list[threading.Thread] = []
        self._roots: dict[Path, tuple[int, int] | None] = {}
        self._problems = _WatchdogProblems(wake)
        self._reported: str | None = None
        self._unwatched_folders: set[int] = set()
        """Inodes of the folders that the kernel did not watch at the last check."""

    def covers(self, folder: Folder) -> bool:
        """Whether it listens at a folder."""
        return folder in self._folders

    @property
    def is_incomplete(self) -> bool:
        """Whether events of some folder are missing, so that scans must replace them; an absent folder sends none."""
        return self._reported is not None or None in self._roots.values()

    def problem_at(self, folder: Folder) -> str | None:
        """Why events of a folder do not arrive; None where they should. Safe in any thread."""
        if self._roots.get(folder.input, (0, 0)) is None:
            return "the folder is not there"
        return self._reported

    def start(self) -> None:
        """Begin to listen. If that is not possible, the log says so, and `is_incomplete` is true."""
        logging.getLogger("watchdog").addHandler(self._problems)
        self._roots = {folder.input: _root(folder.input) for folder in self._folders}
        try:
            self._observer = Observer()
            for folder in self._folders:
                if self._roots[folder.input] is not None:
                    self._listen(self._observer, folder)
            self._observer.start()
        except OSError as error:
            self._report(f"the kernel refuses them: {error.strerror}", _REMEDY)
        self._threads = [thread for thread in threading.enumerate() if type(thread).__module__.startswith("watchdog.")]

    def stop(self) -> None:
        """Listen no more."""
        logging.getLogger("watchdog").removeHandler(self._problems)
        if self._observer is None:
            return
        self._observer.stop()  # also if it did not start: it listens at the folders before the one that failed
        if self._observer.is_alive():
            self._observer.join()
        self._observer = None

    def take(self) -> list[Path]:
        """Paths that events named since the last call."""
        return self._hints.take()

    def missed(self, *, check_watches: bool = False) -> bool:
        """Whether events were lost since the last call. If listening has ended, it is started again.

        Args:
            check_watches: whether to ask the kernel, too, if it watches the watched folders: a file system that was
                mounted in place of another may have its number.

        """
        lost = self._hints.missed() or self._problems.take() or self._hints.has_wrong_paths
        reason = self._failure() or (self._unwatched() if check_watches else None)
        if reason is not None:
            self._report(reason, "listening is started again")
            self.stop()
            self._reported = None
            self.start()
        return lost or reason is not None

    def renew(self) -> None:
        """Before a scan, start listening again if watchdog may know folders by wrong paths."""
        if self._hints.has_wrong_paths:
            self.stop()
            self._hints.has_wrong_paths = False
            self.start()

    def check(self, entered: set[int]) -> bool:
        """After a complete scan, check that the kernel watches all folders that it entered.

        If it does not, listening is started again, because watches may have become free.

        Args:
            entered: inodes of the folders.

        Returns:
            Whether another scan is needed to see if that has helped.

        """
        watched = _kernel_watches()
        unwatched = set() if watched is None else entered - watched
        still, self._unwatched_folders = unwatched & self._unwatched_folders, unwatched
        if not unwatched:
            self._reported = None
            return False
        if still:  # the others may have been made a moment ago
            self._report(f"{len(still)} folders are not watched: no watches are left, or FUSE hides them", _REMEDY)
        self.stop()
        self.start()
        return not still

    def _listen(self, observer: BaseObserver, folder: Folder) -> None:
        """Have an observer listen at a folder."""
        observer.schedule(self._hints, str(folder.input), recursive=folder.recursive)

    def _failure(self) -> str | None:
        """What has ended the listening; None if nothing has."""
        for folder, root in self._roots.items():
            if _root(folder) != root:
                return f"{folder} was unmounted, mounted or replaced"
        if not all(thread.is_alive() for thread in self._threads):
            return "a thread that listens for events has died"
        return None

    def _unwatched(self) -> str | None:
        """Which folder the kernel has stopped watching; None if there is none, or if some were never watched."""
        watched = None if self.is_incomplete else _kernel_watches()
        for folder, root in self._roots.items():
            if watched is not None and root is not None and root[1] not in watched:
                return f"{folder} is no longer watched"
        return None

    def _report(self, reason: str, remedy: str) -> None:
        if self._reported is None:
            _log.error("file events are missing; folders are scanned instead", reason=reason, remedy=remedy)
        self._reported = reason


class _Hints(FileSystemEventHandler):
    """Paths that events named, collected in the observer's thread."""

    def __init__(self, wake: Callable[[], None], folders: tuple[Folder, ...]) -> None:
        self._wake = wake
        self._folders = folders
        self._paths: dict[Path, None] = {}
        self._lock = threading.Lock()
        self._missed = False
        self.has_wrong_paths = False
        """Whether watchdog may know folders by wrong paths: one was moved, or became a link."""

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
        if event.is_directory and Path(os.fsdecode(event.src_path)).is_symlink():
            self.has_wrong_paths = True  # it may have followed the link, even to a folder that it watches already
        self._note(event.src_path)

    def on_modified(self, event: FileSystemEvent) -> None:
        if not event.is_directory:
            self._note(event.src_path)

    def on_closed(self, event: FileClosedEvent) -> None:
        self._note(event.src_path)

    def on_moved(self, event: FileSystemMovedEvent) -> None:
        target = Path(os.fsdecode(event.dest_path))
        if event.is_directory and any(descends(folder, target) for folder in self._folders):  # not if it goes to `done`
            self.has_wrong_paths = True
        self._note(event.dest_path)

    def on_deleted(self, event: FileSystemEvent) -> None:
        if event.is_directory:  # perhaps the watched folder itself
            self._wake()

    def _note(self, path: bytes | str) -> None:
        with self._lock:
            if len(self._paths) < _MOST:
                self._paths[Path(os.fsdecode(path))] = None
            else:
                self._missed = True
        self._wake()


class _WatchdogProblems(logging.Handler):
    """Receives watchdog's messages that the kernel's queue overflowed, or that a watch could not be set."""

    def __init__(self, wake: Callable[[], None]) -> None:
        super().__init__(logging.WARNING)
        self._wake = wake
        self._received = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        _log.warning("file events were lost; the folders are scanned", reason=record.getMessage())
        self._received.set()
        self._wake()

    def take(self) -> bool:
        """Whether there were any since the last call."""
        received = self._received.is_set()
        self._received.clear()
        return received


def _root(folder: Path) -> tuple[int, int] | None:
    """Device and inode of the folder at a path; None where there is none."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _kernel_watches() -> set[int] | None:
    """Inodes that this process watches, from proc(5), fdinfo; None where they cannot be read."""
    watched: set[int] = set()
    try:
        for descriptor in os.scandir("/proc/self/fdinfo"):
            with Path(descriptor.path).open() as lines:
                watched |= {int(line.split("ino:")[1].split()[0], 16) for line in lines if line.startswith("inotify ")}
    except OSError:
        return None
    return watched
