"""Questions to disks: where a network share never answers, those who ask wait for a moment only."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

_PATIENCE = 3.0
"""Seconds after which a disk counts as one that does not answer."""
_LEAST_PATIENCE = 1 / 8
"""Part of them that remains for each place beside others that do not answer: many may lie on one share."""

Answer = TypeVar("Answer")


class DiskQuestions:
    """Asks each place in a thread of its own; one that still owes an answer is asked nothing else."""

    def __init__(self, patience: float = _PATIENCE) -> None:
        """Nothing is asked yet; the patience is the number of seconds after which a disk does not answer."""
        self._patience = patience
        self._owed: dict[Path, Future[Any]] = {}
        """The answers that have not come yet, by place."""

    def ask(self, place: Path, question: Callable[[], Answer]) -> Answer:
        """Ask something of the disk of a place. The more places owe an answer, the less is one more waited for.

        Args:
            place: a folder.
            question: called in a thread that nobody waits for at the end of the program.

        Raises:
            TimeoutError: the disk does not answer.
            OSError: no thread can be started; or any error of the question.

        """
        self._owed = {place: answer for place, answer in self._owed.items() if not answer.done()}
        if place in self._owed:
            raise TimeoutError
        patience = self._patience * max(1 / (1 + len(self._owed)), _LEAST_PATIENCE)
        answer: Future[Answer] = Future()
        thread = threading.Thread(target=_answer, args=(answer, question), name="disk", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from error
        self._owed[place] = answer
        return answer.result(patience)

    def says_yes(self, place: Path, question: Callable[[], bool]) -> bool:
        """Whether the disk of a folder answers a question with yes; an error is no, and so is no answer."""
        try:
            return self.ask(place, question)
        except OSError:  # TimeoutError is one
            return False

    def answers(self, place: Path) -> bool:
        """Whether the disk of a folder answers, if only by an error. No answer about its space is remembered."""
        try:
            self.ask(place, partial(os.statvfs, place))
        except TimeoutError:
            return False
        except OSError:
            return True
        return True


def _answer(answer: Future[Answer], question: Callable[[], Answer]) -> None:
    try:
        answer.set_result(question())
    except BaseException as error:  # noqa: BLE001 (raised again where it was asked)
        answer.set_exception(error)
