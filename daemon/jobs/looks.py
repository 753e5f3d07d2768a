"""Looks at folders of many files, in threads: the main loop waits neither for 100,000 frames nor for a slow share."""

from __future__ import annotations

import os
import queue
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from colorizer.originals import is_of_many_files
from daemon.config.settings import Folder
from daemon.files.identity import Seen, identify, identify_frames
from daemon.jobs.whole_folder import look_through, moving_folder
from daemon.journal.records import JobRecord

_AT_ONCE = 4
"""Looks that go on at once, of each watched folder: a share that does not answer keeps no other folder waiting."""
_DONE_AT_ONCE = 100
"""Jobs about which one iteration of the main loop does something."""

_Places = tuple[Path | None, ...]
"""What is looked at: the folder that may move, if there is one, and results."""


class Looks:
    """Looks that go on or wait, and what is done with what they have seen."""

    def __init__(self, wake: Callable[[], None] = lambda: None) -> None:
        """Prepare; `wake` is called in a thread when a look is over."""
        self._wake = wake
        self._asked: dict[_Places, dict[int, Callable[[Seen], None]]] = {}
        """What is done after each look, by the number of the job."""
        self._waiting: defaultdict[Path, deque[tuple[_Places, Folder]]] = defaultdict(deque)
        """Looks that wait, by the watched folder."""
        self._going: Counter[Path] = Counter()
        self._due: deque[Callable[[], None]] = deque()
        """What is done next."""
        self._over: queue.SimpleQueue[tuple[_Places, Folder, Seen]] = queue.SimpleQueue()

    def before(
        self, then: Callable[[Seen], None], job: JobRecord, folder: Folder, places: Sequence[Path | None] = ()
    ) -> None:
        """Do something about a job: at once, or by `finish` after a look where there is something of many files.

        Jobs that would move with the same folder share one look.

        Args:
            then: what is done; it gets what was seen. It replaces what was to be done about this job after this look.
            job: the job.
            folder: its watched folder, from which the original may move with its own folder.
            places: results that may be folders.

        """
        results = [path for path in places if path is not None and os.path.isdir(path)]  # noqa: PTH112 (never raises)
        moving = moving_folder(job, folder)
        if not results and moving is None:
            then(Seen())
            return
        looked_at = (moving, *results)
        if looked_at not in self._asked:
            self._asked[looked_at] = {}
            self._waiting[folder.input].append((looked_at, folder))
        self._asked[looked_at][job.id] = then
        self._begin(folder.input)

    def finish(self) -> None:
        """Do what was waiting for looks that are over, or the first part of it."""
        while not self._over.empty():
            looked_at, folder, seen = self._over.get()
            self._going[folder.input] -= 1
            self._due += [partial(then, seen) for then in self._asked.pop(looked_at).values()]
            self._begin(folder.input)
        for _ in range(min(len(self._due), _DONE_AT_ONCE)):
            self._due.popleft()()
        if self._due:
            self._wake()

    def _begin(self, folder: Path) -> None:
        waiting = self._waiting[folder]
        while waiting and self._going[folder] < _AT_ONCE:
            self._going[folder] += 1
            threading.Thread(target=self._look, args=waiting.popleft(), name="look", daemon=True).start()

    def _look(self, looked_at: _Places, folder: Folder) -> None:
        moving, *results = looked_at
        beside, changed = (None, {}) if moving is None else look_through(moving, folder)
        seen = {path: identify_frames(path) for path in results if path is not None}
        seen |= {path: identify(path) for path in beside or () if is_of_many_files(path)}
        self._over.put((looked_at, folder, Seen(seen, beside, changed)))
        self._wake()
