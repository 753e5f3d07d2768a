"""Questions to disks, which a network share may never answer: it keeps those who ask waiting for a moment only."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

_PATIENCE = 3.0
"""Seconds after which a disk counts as one that does not answer."""

Answer = TypeVar("Answer")


class DiskQuestions:
    """Asks each place in a thread of its own; one that still owes an answer is asked nothing else."""

    def __init__(self, patience: float = _PATIENCE) -> None:
        """Nothing is asked yet; the patience is the number of seconds after which a disk does not answer."""
        self._patience = patience
        self._owed: dict[Path, threading.Thread] = {}
        """The thread that asked last, by place."""

    def ask(self, place: Path, question: Callable[[], Answer]) -> Answer:
        """Ask something of the disk of a place.

        Args:
            place: a folder.
            question: called in a thread that nobody waits for at the end of the program.

        Raises:
            TimeoutError: the disk does not answer.
            OSError: no thread can be started; or any error of the question.

        """
        owing = self._owed.get(place)
        if owing is not None and owing.is_alive():
            owing.join(0.01)  # one that has just answered may still be ending
            if owing.is_alive():
                raise TimeoutError
        answer: Future[Answer] = Future()
        thread = threading.Thread(target=_answer, args=(answer, question), name="disk", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from error
        self._owed[place] = thread
        return answer.result(self._patience)


def _answer(answer: Future[Answer], question: Callable[[], Answer]) -> None:
    try:
        answer.set_result(question())
    except BaseException as error:  # noqa: BLE001 (raised again where it was asked)
        answer.set_exception(error)
