"""Watched folders: file events and scans, and which files are wanted and complete.

May import: daemon.runtime, daemon.files, daemon.config.
Imported by: daemon.jobs, daemon.service.

A `Watcher` finds files in two threads of its own, and `Fingerprints` reads them in a third. The main loop takes what
they have found, and compares it with the journal.
"""

from daemon.watch.fingerprints import FingerprintedFile, Fingerprints
from daemon.watch.scanner import FoundFile
from daemon.watch.watcher import ReadyFile, Watcher

__all__ = ["FingerprintedFile", "Fingerprints", "FoundFile", "ReadyFile", "Watcher"]
