"""Enters the complete files of the watched folders into the journal. The disks are read in threads of their own."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from functools import partial

import structlog

from colorizer.photo.formats import is_named_as_photo
from daemon.config.settings import Config, Folder
from daemon.files.identity import Seen
from daemon.jobs.adoption import Adopted, adopt_existing
from daemon.jobs.delivery import move_original
from daemon.jobs.looks import Looks
from daemon.journal.journal import Journal
from daemon.journal.records import IncomingFile, JobRecord
from daemon.watch.fingerprints import FingerprintedFile, Fingerprints
from daemon.watch.scanner import FoundFile
from daemon.watch.watcher import Watcher

_AT_ONCE = 500
"""Files that one iteration of the main loop compares with the journal."""

_log = structlog.get_logger()


class Intake:
    """Watches the configured folders, and compares what lies there with the journal."""

    def __init__(self, config: Config, journal: Journal, wake: Callable[[], None]) -> None:
        """Prepare; `wake` is called in another thread when `take_in` has something to do."""
        self._journal = journal
        self._wake = wake
        self.watcher = Watcher(config.folders, config.watching, wake)
        self._fingerprints = Fingerprints(wake)
        self._looks = Looks(wake)
        self._adopted: Counter[Adopted] = Counter()
        """Files whose results existed already, since the last message about them."""

    @property
    def is_waiting(self) -> bool:
        """Whether some file may soon be complete, or a scan is going on."""
        return self._fingerprints.is_busy or self.watcher.is_waiting()

    def start(self) -> None:
        """Begin to watch."""
        self.watcher.start()

    def stop(self) -> None:
        """Watch no more."""
        self.watcher.stop()
        self._fingerprints.stop()

    def take_in(self) -> None:
        """Take what the threads have found so far: nothing here reads the content of a file, or a folder."""
        self._looks.finish()
        found = self.watcher.found(_AT_ONCE)
        for seen in found:
            self._compare(seen)
        complete = self.watcher.complete(min(_AT_ONCE, self._fingerprints.space))
        for file in complete:
            job = self._journal.find(file.path, file.folder.input)
            if job is None or job.identity != file.identity:
                self._fingerprints.request(file, is_new=job is None)
        new = [made for made in self._fingerprints.made(_AT_ONCE) if made.fingerprint is not None]
        if new:
            with self._journal.together():
                for made in new:
                    self._enter(made)
        self._report_adopted()
        if found or complete or new:
            self._wake()

    def _compare(self, found: FoundFile) -> None:
        """Track a file that is not in the journal as it is; one that is done may still have to be moved."""
        job = self._journal.find(found.path, found.folder.input)
        if job is None or job.identity != found.identity:
            self.watcher.observe(found.path)
        elif job.state == "done" and found.folder.original == "move":
            self._looks.before(partial(self._move, job, found.folder), job, found.folder)

    def _move(self, job: JobRecord, folder: Folder, seen: Seen) -> None:
        if self._journal.job(job.id) == job:  # nothing has happened to it meanwhile
            move_original(job, folder, self._journal, seen)

    def _enter(self, made: FingerprintedFile) -> None:
        file, content = made.file, made.fingerprint or ""
        path = file.path.relative_to(file.folder.input)
        incoming = IncomingFile(file.folder.input, path, file.identity, content, not is_named_as_photo(path))
        what = self._journal.add(incoming, time.time())
        if what != "same":
            _log.info("found" if what == "new" else "moved", file=str(file.path), size=file.identity.size)
        job = self._journal.find(file.path, file.folder.input) if what == "new" and made.existing else None
        adopted = adopt_existing(job, made, self._journal, time.time()) if job else None
        if adopted:
            self._adopted[adopted] += 1

    def _report_adopted(self) -> None:
        """Log how many results existed already, when all files that were found have been entered."""
        if self._adopted and not self.is_waiting:
            adopted, unclear = self._adopted["adopted"], self._adopted["unclear"]
            _log.warning("results existed already", adopted=adopted, unclear=unclear, ask="`tintd adopt --help`")
            self._adopted.clear()
