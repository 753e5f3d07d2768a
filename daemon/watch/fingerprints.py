"""Fingerprints of complete files, in a thread of each watched folder: large files take their time, and shares hang."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from colorizer.fingerprint import fingerprint
from colorizer.originals import named_as_file
from colorizer.photo.formats import PHOTO_SUFFIXES, is_named_as_photo
from daemon.files.existing_results import FILM_SUFFIXES, ExistingResult, Listings, find_existing
from daemon.watch.watcher import ReadyFile

_MOST = 1000
"""Files that may wait at a time."""


@dataclass(frozen=True, slots=True)
class FingerprintedFile:
    """A complete file and its content."""

    file: ReadyFile
    fingerprint: str | None
    """Hash of the content; the reason, where it cannot be read (colouring it will say more); None if it is gone."""
    existing: tuple[ExistingResult, ...] = ()
    """Files that lie under the names of its result, if that was asked for."""


_Requests = queue.SimpleQueue[tuple[ReadyFile, bool] | None]
"""Files, and whether they are new; None: no more."""


class Fingerprints:
    """Makes fingerprints, those of a watched folder in the order in which they were asked for."""

    def __init__(self, wake: Callable[[], None]) -> None:
        """Prepare; `wake` is called in another thread after each file."""
        self._wake = wake
        self._waiting: dict[Path, _Requests] = {}
        """What is asked for, by the watched folder."""
        self._made: queue.SimpleQueue[FingerprintedFile] = queue.SimpleQueue()
        self._unfinished = 0
        self._error: Exception | None = None
        """What has ended a thread."""
        self._stopped = threading.Event()

    @property
    def space(self) -> int:
        """Number of files that may be asked for at present."""
        return _MOST - self._unfinished

    @property
    def is_busy(self) -> bool:
        """Whether a file was asked for and not taken yet."""
        return self._unfinished > 0

    def stop(self) -> None:
        """Stop after the present files, which may take long: they are not waited for."""
        self._stopped.set()
        for requests in self._waiting.values():
            requests.put(None)

    def request(self, file: ReadyFile, *, is_new: bool) -> None:
        """Ask for the fingerprint of a file, and (`is_new`) for the files under the names of its result."""
        self._unfinished += 1
        place = file.folder.input
        if place not in self._waiting:
            requests = self._waiting[place] = queue.SimpleQueue()
            threading.Thread(target=self._run, args=(requests,), name="fingerprints", daemon=True).start()
        self._waiting[place].put((file, is_new))

    def made(self, most: int) -> list[FingerprintedFile]:
        """Files whose fingerprints have been made; at most `most` of them.

        Raises:
            Exception: the error that has ended a thread.

        """
        if self._error is not None:
            raise self._error
        made: list[FingerprintedFile] = []
        while len(made) < most and not self._made.empty():
            made.append(self._made.get())
        self._unfinished -= len(made)
        return made

    def _run(self, requests: _Requests) -> None:
        listings = Listings()
        try:
            while (request := requests.get()) is not None and not self._stopped.is_set():
                file, is_new = request
                self._made.put(
                    FingerprintedFile(file, _fingerprint(file), tuple(_existing(file, listings) if is_new else ()))
                )
                self._wake()
        except Exception as error:  # noqa: BLE001 (raised again in the main thread)
            self._error = error
            self._wake()


def _fingerprint(file: ReadyFile) -> str | None:
    try:
        return fingerprint(file.path)
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"unread: {error}"


def _existing(file: ReadyFile, listings: Listings) -> list[ExistingResult]:
    """Files that may be the result of a file: of the same kind, photograph or film, by their names."""
    path = file.path.relative_to(file.folder.input)
    suffixes = sorted(PHOTO_SUFFIXES) if is_named_as_photo(path) else FILM_SUFFIXES
    path = named_as_file(path)
    return find_existing(file.folder.output, path, dict.fromkeys([path.suffix, *suffixes]), listings)
