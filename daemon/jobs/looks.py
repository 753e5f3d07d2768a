"""Looks at folders of many files, in threads: the main loop waits neither for 100,000 frames nor for a slow share."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from colorizer.originals import is_of_many_files
from daemon.config.settings import Folder
from daemon.files.identity import Seen, identify, identify_frames
from daemon.jobs.whole_folder import may_move_with_folder, originals_beside
from daemon.journal.records import JobRecord


class Looks:
    """Looks that go on, and what is done with what they have seen."""

    def __init__(self, wake: Callable[[], None] = lambda: None) -> None:
        """Prepare; `wake` is called in a thread when a look is over."""
        self._wake = wake
        self._going: set[int] = set()
        """Numbers of the jobs that are looked at."""
        self._over: queue.SimpleQueue[tuple[int, Seen, Callable[[Seen], None]]] = queue.SimpleQueue()

    def before(
        self, then: Callable[[Seen], None], job: JobRecord, folder: Folder, places: Sequence[Path | None] = ()
    ) -> None:
        """Do something about a job: at once, or by `finish` after a look where there is something of many files.

        Args:
            then: what is done; it gets what was seen.
            job: the job; while it is looked at, nothing else is begun.
            folder: its watched folder, from which the original may move with its own folder.
            places: results that may be folders.

        """
        folders = [path for path in places if path is not None and path.is_dir()]
        moves = may_move_with_folder(job, folder)
        if not folders and not moves:
            then(Seen())
        elif job.id not in self._going:
            self._going.add(job.id)

            def look() -> None:
                beside = originals_beside(job, folder) if moves else None
                seen = {path: identify_frames(path) for path in folders}
                seen |= {path: identify(path) for path in beside or () if is_of_many_files(path)}
                self._over.put((job.id, Seen(seen, beside), then))
                self._wake()

            threading.Thread(target=look, name="look", daemon=True).start()

    def finish(self) -> None:
        """Do what was waiting for looks that are over."""
        while not self._over.empty():
            number, seen, then = self._over.get()
            self._going.discard(number)
            then(seen)
