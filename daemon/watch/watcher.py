"""The watched folders: which files in them are complete. Whatever reads the disk runs outside of the main loop."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from colorizer.frame_sequence import frame_without_others, is_sequence, is_sound
from daemon.config.disk_questions import DiskQuestions
from daemon.config.folder_settings import Method
from daemon.config.settings import Folder, Watching
from daemon.files.identity import Identity, identify
from daemon.files.mounts import network_kind
from daemon.files.text import natural_key
from daemon.runtime.service_state import WatchState
from daemon.watch.file_events import FileEvents
from daemon.watch.file_filter import descends, is_followed, is_linked, sequence_of, wanted_at, wants
from daemon.watch.scanner import FoundFile, Scanner
from daemon.watch.stability import StabilityTracker

_MOST_TRACKED = 5000
"""Files that may be tracked at a time; the others wait in their folders."""
_MOST_READY = 1000
"""Complete files that wait until the main loop takes them; then the thread that tracks files waits."""
_TICK = 0.5
"""Seconds between two looks at the tracked files."""
_PAUSE = 0.05
"""Seconds between two looks after events, at least."""
_STOP_SECONDS = 2.0
"""Seconds for which a stop waits for the thread; one that hangs at a dead mount is left behind."""

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class ReadyFile:
    """A complete file."""

    folder: Folder
    path: Path
    """Absolute."""
    identity: Identity


class Watcher:
    """Finds files. Events are hints; what a scan sees is the truth.

    A scan finds files in one thread, and another tracks them until they are complete. The methods are for the main
    loop, and none of them reads a watched folder.

    """

    def __init__(self, folders: tuple[Folder, ...], watching: Watching, wake: Callable[[], None]) -> None:
        """Prepare; `wake` is called in another thread when a file was found, or is complete."""
        self._folders = folders
        self._wake = wake
        self._tracker = StabilityTracker(watching.settle_seconds)
        """Used in the thread that tracks files alone, but for its length."""
        listened = tuple(folder for folder in folders if listens(folder, watching.method))
        self._events = FileEvents(listened, self._attend) if listened else None
        self._scanner = Scanner(folders, watching, self._events, wake)
        self._questions = DiskQuestions()
        self._observed: queue.SimpleQueue[Path] = queue.SimpleQueue()
        self._ready: queue.Queue[ReadyFile] = queue.Queue(_MOST_READY)
        self._is_looking = False
        self._error: Exception | None = None
        self._attention = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tracker", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()
        self._scanner.start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopped.set()
        self._attention.set()
        if self._thread.is_alive():  # first: it may ask the scanner to scan
            self._thread.join(_STOP_SECONDS)
        self._scanner.stop()

    def states(self) -> tuple[WatchState, ...]:
        """How the files of each watched folder are found."""
        return self._scanner.states()

    def rescan(self) -> None:
        """Scan all folders from the beginning."""
        self._scanner.rescan()

    def found(self, most: int) -> list[FoundFile]:
        """Files that a scan has found, new or known; none while enough files are tracked.

        Args:
            most: number of files.

        Raises:
            Exception: the error that has ended a thread of the watcher.

        """
        error = self._error or self._scanner.error
        if error is not None:
            raise error
        space = _MOST_TRACKED - len(self._tracker) - self._observed.qsize()
        return _taken(self._scanner.found, min(most, space))

    def observe(self, path: Path) -> None:
        """Track a file until it is complete."""
        self._observed.put(path)
        self._attention.set()

    def complete(self, most: int) -> list[ReadyFile]:
        """Files that have become complete; at most `most` of them."""
        return _taken(self._ready, most)

    def is_waiting(self) -> bool:
        """Whether some file may soon be complete, or a scan is going on."""
        return (
            self._scanner.is_scanning
            or not self._scanner.found.empty()
            or not self._observed.empty()
            or self._is_looking
            or len(self._tracker) > 0
            or not self._ready.empty()
        )

    def _attend(self) -> None:
        """Have both threads look at file events."""
        self._attention.set()
        self._scanner.check_events()

    def _run(self) -> None:
        try:
            while not self._stopped.is_set():
                self._attention.wait(_TICK if len(self._tracker) else None)
                self._attention.clear()
                self._is_looking = True
                self._track_new()
                self._look()
                self._is_looking = False
                self._stopped.wait(_PAUSE)
        except Exception as error:  # noqa: BLE001 (raised again in the main thread)
            self._error = error
            self._wake()

    def _track_new(self) -> None:
        """Track files that a scan or an event has named."""
        now = time.monotonic()
        while not self._observed.empty():
            self._tracker.observe(self._observed.get(), now)
        if self._events is not None and len(self._tracker) < _MOST_TRACKED:
            for path in self._events.take():
                self._follow(path, now)

    def _follow(self, hint: Path, now: float) -> None:
        """Track the files that an event leads to."""
        for folder in self._folders:
            if is_followed(folder, hint):  # a scan enters each folder once, however many links lead to it
                self._scanner.rescan()
            if _may_complete(folder, hint):
                self._scanner.rescan()
            for found in wanted_at(folder, hint):
                if len(self._tracker) >= _MOST_TRACKED or self._stopped.is_set():
                    self._scanner.rescan()
                    return
                self._tracker.notice(found, now)

    def _look(self) -> None:
        """Look at the tracked files, and pass on those that are complete, in the order of their names."""
        places = [folder.input for folder in self._folders] if len(self._tracker) else []
        silent = [place for place in places if not self._questions.answers(place)]
        complete = self._tracker.complete(partial(self._identify, silent), time.monotonic())
        for path, identity in sorted(complete, key=lambda found: natural_key(found[0])):
            for folder in self._folders:
                ready = _as_original(ReadyFile(folder, path, identity)) if wants(folder, path) else None
                if ready is not None:
                    self._offer(ready)

    def _offer(self, file: ReadyFile) -> None:
        while not self._stopped.is_set():
            try:
                self._ready.put(file, timeout=1)
            except queue.Full:
                continue
            self._wake()
            return

    def _identify(self, silent: Iterable[Path], path: Path) -> Identity | None:
        """A file's identity; None where it is gone, or has become a link that is not to be followed.

        Raises:
            TimeoutError: it lies in one of the folders whose disk does not answer.

        """
        if any(map(path.is_relative_to, silent)):
            raise TimeoutError
        linked = any(is_linked(folder, path) for folder in self._folders if path.is_relative_to(folder.input))
        return None if linked else identify(path)


def listens(folder: Folder, method: Method) -> bool:
    """Whether a folder's files are found by events; `method` is that of folders without one of their own.

    A network share sends no events of what other machines change.

    """
    chosen = folder.method or method
    return chosen == "events" or (chosen == "auto" and network_kind(folder.input) is None)


def _may_complete(folder: Folder, hint: Path) -> bool:
    """Whether a file may be the sound of a sequence, which a scan then sees as changed."""
    return folder.sequences is not None and is_sound(hint) and descends(folder, hint.parent)


def _as_original(file: ReadyFile) -> ReadyFile | None:
    """A complete file as an original: a frame without others is a photograph, one with others is none by itself."""
    is_film = is_sequence(file.path)
    sequence = file.path if is_film else sequence_of(file.folder, file.path)
    if sequence is None:
        return file
    if file.folder.sequences is None:  # the configuration has changed
        return None
    try:
        alone = frame_without_others(sequence)
    except OSError:
        return None
    if alone is None:
        return file if is_film else None
    identity = identify(alone)
    return ReadyFile(file.folder, alone, identity) if identity is not None else None


def _taken(source: queue.Queue[_Item], most: int) -> list[_Item]:
    """Items of a queue, at most so many; none is waited for."""
    taken: list[_Item] = []
    try:
        while len(taken) < most:
            taken.append(source.get_nowait())
    except queue.Empty:
        pass
    return taken
