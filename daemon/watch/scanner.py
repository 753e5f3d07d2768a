"""Looks through the watched folders, in a thread of its own: neither a slow disk nor a million names delays the loop.

The thread owns the file events, too: setting up their watches walks all folders.
"""

from __future__ import annotations

import errno
import queue
import select
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from daemon.config.disk_questions import DiskQuestions
from daemon.config.settings import Folder, Watching
from daemon.files.identity import Identity, identify
from daemon.runtime.service_state import WatchState
from daemon.runtime.wakeup import Wakeup
from daemon.watch.file_events import FileEvents
from daemon.watch.file_filter import walk

_MOST_FOUND = 1000
"""Files that wait until somebody takes them; then the scan waits."""
_SHARE = 0.1
"""Scans take at most this share of the time, however many files there are."""
_LONGEST_REST = 3600.0
"""Seconds for which scans rest for that, at most: one may have waited for a share that hung meanwhile."""
_CHECK_SECONDS = 30.0
"""Seconds between two checks of the file events, at most."""
_PAUSE_SECONDS = 0.1
"""Seconds between two checks of the file events, at least."""
_STOP_SECONDS = 2.0
"""Seconds for which a stop waits for the thread; one that hangs at a dead mount is left behind."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that a scan found."""

    folder: Folder
    path: Path
    """Absolute."""
    identity: Identity


class Scanner:
    """Scans all watched folders now and then, and at once when events were lost."""

    def __init__(
        self, folders: tuple[Folder, ...], watching: Watching, events: FileEvents | None, wake: Callable[[], None]
    ) -> None:
        """Prepare; nothing runs yet.

        Args:
            folders: to look through.
            watching: how often.
            events: started, checked and stopped in the scanner's thread; None: events are not used.
            wake: called in the scanner's thread when files were found, or an error has ended it.

        """
        self.found: queue.Queue[FoundFile] = queue.Queue(_MOST_FOUND)
        self.is_scanning = True
        """Whether a scan is going on, or will begin at once."""
        self.error: Exception | None = None
        """What has ended the thread."""
        self._folders = folders
        self._watching = watching
        self._events = events
        self._wake = wake
        self._wakeup = Wakeup()
        """Wakes the thread when a file event came, a scan was asked for, or it must stop."""
        self._rescan = False
        self._stopped = threading.Event()
        self._questions = DiskQuestions()
        self._next_scan = 0.0
        self._rests_until = 0.0
        """When the share of scans permits another one, by the monotonic clock."""
        self._waited = 0.0
        """Seconds for which the present scan has waited until somebody took what it had found."""
        self._poll = select.poll()
        self._mounts = Path("/proc/self/mountinfo").open()  # noqa: SIM115 (closed with the scanner)
        """Polled: the kernel reports on it that something was mounted or unmounted (proc(5))."""
        self._unreadable: set[Path] = set()
        self._problems: dict[Path, str] = {}
        """Why watched folders cannot be read, by their paths."""
        self._scanned: float | None = None
        """When the last complete scan ended, in seconds since the epoch."""
        self._thread = threading.Thread(target=self._run, name="scanner", daemon=True)

    def start(self) -> None:
        """Listen for events, where that is configured, and scan."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread, and listen no more."""
        self._stopped.set()
        self._wakeup.wake()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)
        if not self._thread.is_alive():
            self._wakeup.close()
            self._mounts.close()

    def rescan(self) -> None:
        """Scan all folders from the beginning, when the present scan has ended; a stopped scanner scans no more."""
        if not self._stopped.is_set():  # else the pipe may be closed, and its number another file's
            self._rescan = self.is_scanning = True
            self._wakeup.wake()

    def check_events(self) -> None:
        """Check soon whether file events were lost."""
        if not self._stopped.is_set():
            self._wakeup.wake()

    def states(self) -> tuple[WatchState, ...]:
        """How the files of each watched folder are found; nothing is read from a disk."""
        return tuple(map(self._state_of, self._folders))

    def _state_of(self, folder: Folder) -> WatchState:
        problem = self._problems.get(folder.input)
        if self._events is None or not self._events.covers(folder):
            return WatchState(folder.input, "polling", self._scanned, problem)
        return WatchState(folder.input, "events", self._scanned, problem or self._events.problem_at(folder))

    def _run(self) -> None:
        try:
            if self._events is not None:
                self._events.start()
            self._poll.register(self._wakeup.fileno(), select.POLLIN)
            self._poll.register(self._mounts.fileno(), select.POLLPRI | select.POLLERR)
            while not self._stopped.is_set():
                self._scan()
                self._rest()
        except Exception as error:  # noqa: BLE001 (raised again in the main thread)
            self.error = error
            self._wake()
        finally:
            if self._events is not None:
                self._events.stop()

    def _scan(self) -> None:
        """Find all wanted files; at the end it is known when the next scan is due."""
        self._rescan = False
        self.is_scanning = True
        self._waited = 0.0
        begun = time.monotonic()
        if self._events is not None:
            self._events.renew()
        entered, silent = set[int](), 0
        for folder in self._folders:
            if self._questions.answers(folder.input):
                entered |= self._scan_folder(folder)
            else:
                silent += 1
                self._problems[folder.input] = "its disk does not answer"
        if self._stopped.is_set():
            return
        self._scanned = time.time()
        again = self._events is not None and self._events.check(entered)
        is_incomplete = self._events is not None and self._events.is_incomplete
        by_polling = again or is_incomplete or silent or not all(map(self._listens, self._folders))
        pause = self._watching.poll_seconds if by_polling else self._watching.rescan_seconds
        now = time.monotonic()
        busy = now - begun - self._waited
        self._rests_until = now + min(busy * (1 / _SHARE - 1), _LONGEST_REST)
        self._next_scan = max(now + pause, self._rests_until)
        _log.debug("scanned", busy=round(busy, 6))
        self.is_scanning = self._rescan

    def _scan_folder(self, folder: Folder) -> set[int]:
        """Find the wanted files of a folder; returns the inodes of the folders in it that the kernel must watch."""
        entered: set[int] = set()
        problem: OSError | None = None

        def report(place: Path, error: OSError) -> None:
            nonlocal problem
            problem = error if place == folder.input else problem
            self._report(place, error)

        for path in walk(folder, folder.input, lambda _, found: entered.add(found.st_ino), report):
            self._offer(folder, path)
        self._problems.pop(folder.input, None)
        if isinstance(problem, FileNotFoundError):
            self._problems[folder.input] = "the folder is not there"
        elif problem is not None:
            self._problems[folder.input] = f"the folder cannot be read: {problem.strerror}"
        return entered if self._listens(folder) and folder.links != "follow" else set()

    def _listens(self, folder: Folder) -> bool:
        """Whether file events of a folder are received."""
        return self._events is not None and self._events.covers(folder)

    def _offer(self, folder: Folder, path: Path) -> None:
        """Put a file where the main loop finds it; wait while it has enough."""
        identity = identify(path)
        if identity is None:
            return
        offered = time.monotonic()
        while not self._stopped.is_set():
            try:
                self.found.put(FoundFile(folder, path, identity), timeout=1)
            except queue.Full:
                continue
            self._wake()
            break
        self._waited += time.monotonic() - offered

    def _report(self, folder: Path, error: OSError) -> None:
        """Warn of a folder that cannot be read, once."""
        if error.errno not in {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG} and folder not in self._unreadable:
            self._unreadable.add(folder)
            _log.warning("folder cannot be read", folder=str(folder), reason=error.strerror)

    def _rest(self) -> None:
        """Wait until the next scan is due; meanwhile, check the file events. What is asked for together is one scan."""
        earliest = max(time.monotonic() + self._watching.settle_seconds, self._rests_until)
        are_mounts_changed = False
        while not self._stopped.is_set():
            now = time.monotonic()
            if self._events is not None and self._events.missed(check_watches=are_mounts_changed):
                soon = now + self._watching.settle_seconds
                self._next_scan = min(self._next_scan, max(soon, self._rests_until))
            if self._rescan:
                self._next_scan = min(self._next_scan, earliest)
            remaining = self._next_scan - now
            if remaining <= 0:
                return
            are_mounts_changed = self._wait(min(_CHECK_SECONDS, remaining))
            self._stopped.wait(min(_PAUSE_SECONDS, remaining))

    def _wait(self, seconds: float) -> bool:
        """Wait until something wakes the thread; returns whether something was mounted or unmounted."""
        changed = {descriptor for descriptor, _ in self._poll.poll(seconds * 1000)}
        self._wakeup.clear()
        return self._mounts.fileno() in changed
