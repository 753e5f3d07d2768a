"""The control server: looks things up at once, and passes requests that change something to the main loop."""

from __future__ import annotations

import os
import queue
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from dataclasses import asdict, dataclass, field

import structlog

from colorizer.errors import TintdError
from daemon.config.colour_choice import read_choice
from daemon.config.settings import Config
from daemon.control import status
from daemon.control.control_socket import ANSWER_SECONDS, Answer, ControlError
from daemon.control.listener import Listener
from daemon.control.requests import LONGEST_PAUSE, Action, Applied, Request, read_action
from daemon.control.subscriptions import Subscriptions
from daemon.files.identity import Result
from daemon.files.text import printable
from daemon.journal import requests
from daemon.journal.reader import opened_to_read
from daemon.runtime.progress import JobProgress
from daemon.runtime.service_state import LatestState, ServiceState

_LONGEST_PATTERN = 4096
"""Characters, as many as the longest path has bytes: the time to read a pattern grows with the square of its length."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A request that waits for the main loop."""

    request: Request
    answer: Future[Answer] = field(default_factory=Future, compare=False)


class ControlServer:
    """The service's end of the control socket."""

    def __init__(self, config: Config, latest: LatestState, wake: Callable[[], None]) -> None:
        """Listen.

        Args:
            config: where the socket and the journal are.
            latest: the state of the service, for those who ask for it.
            wake: called in another thread when a request waits for the main loop.

        Raises:
            ControlError: the control socket cannot be made.

        """
        self._config = config
        self._latest = latest
        self._wake = wake
        self._requests: queue.SimpleQueue[_Waiting] = queue.SimpleQueue()
        self._subscriptions = Subscriptions(latest)
        self._listener = self._listen()

    def serve(self, apply: Callable[[Request], Applied]) -> None:
        """Apply all requests that wait; called by the main loop."""
        with suppress(queue.Empty):
            while True:
                _answer(self._requests.get_nowait(), apply)

    def check(self) -> None:
        """Listen again if the listening thread has died, or somebody has removed the socket."""
        if not self._listener.is_alive():
            self._listener.close()
            with suppress(ControlError):  # its folder is gone, say: the next check tries again
                self._listener = self._listen()
                _log.error("control socket made again", reason="it was removed, or its thread has died")

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def _listen(self) -> Listener:
        path = self._config.control_socket
        try:
            return Listener(path, self._config.control.access, self._receive)
        except OSError as error:
            raise ControlError(f"{path}: the control socket cannot be made: {error.strerror}") from error

    def _receive(self, request: Answer) -> Answer | Iterator[Answer]:
        """Answer a request, in the thread of its client."""
        name = str(request.get("request", request.get("wish")))  # "wish": a client of version 0.1
        if name == "subscribe":
            return self._subscriptions.updates(
                lambda state: service_facts(state) | {"counts": dict(state.counts), "ready": state.ready}
            )
        if name in {"status", "history"}:
            return self._look_up(request, history=name == "history")
        choice = read_choice(request["choice"]) if request.get("choice") else None
        action, pattern = read_action(name), _pattern_of(request)
        found = self._look(pattern) if action is Action.ADOPT else None
        waiting = _Waiting(Request(action, pattern, choice, _minutes_of(request), found))
        self._requests.put(waiting)
        self._wake()
        try:
            return waiting.answer.result(ANSWER_SECONDS)
        except FutureTimeoutError:
            return {"error": f"the service has not answered within {ANSWER_SECONDS:.0f} s; it will do it when it can"}

    def _look(self, pattern: str) -> dict[int, Result]:
        """Look at files for `adopt`: the main loop would wait for a share that does not answer."""
        with opened_to_read(self._config.state) as journal:
            return requests.look(journal, pattern)

    def _look_up(self, request: Answer, *, history: bool) -> Answer:
        most = request.get("most")
        most = min(most, status.MOST) if isinstance(most, int) and most > 0 else status.MOST
        with opened_to_read(self._config.state) as journal:
            if history and request.get("log"):
                return status.history_of(journal, _pattern_of(request), min(most, status.MOST_LOGS), log=True)
            if history:
                return status.history_of(journal, _pattern_of(request), most)
            return status.status_of(journal, most, service_facts(self._latest.value))


def service_facts(state: ServiceState) -> Answer:
    """The state of the service as JSON; `says` is the name that `summary` had in version 0.1."""
    return {
        "pid": os.getpid(),
        "summary": state.summary,
        "says": state.summary,
        "workers": [
            {"worker": worker.name, "ready": worker.ready, "files": list(worker.files)} for worker in state.workers
        ],
        "jobs": [_job_facts(job) for job in state.jobs],
        "watches": [asdict(watch) | {"folder": printable(str(watch.folder))} for watch in state.watches],
        "seconds_left": state.seconds_left,
        "paused": [asdict(pause) for pause in state.pauses],
    }


def _job_facts(job: JobProgress) -> Answer:
    return asdict(job) | {"fraction": job.fraction, "seconds_left": job.seconds_left}


def _pattern_of(request: Answer) -> str:
    """The pattern of a request; that of all files if it has none.

    Raises:
        ControlError: the main loop would end at it, or be busy with it for minutes.

    """
    pattern = str(request.get("pattern", "*"))
    if len(pattern) > _LONGEST_PATTERN:
        raise ControlError(f"the pattern is longer than {_LONGEST_PATTERN} characters")
    try:
        os.fsencode(pattern)
    except UnicodeEncodeError as error:
        raise ControlError("the pattern contains a character that no file's name can have") from error
    return pattern


def _minutes_of(request: Answer) -> int | None:
    """The minutes of a request for a pause; None if it has none.

    Raises:
        ControlError: it is no number of minutes that a pause can have.

    """
    minutes = request.get("minutes")
    if minutes is not None and not (isinstance(minutes, int) and 1 <= minutes <= LONGEST_PAUSE):
        raise ControlError(f"minutes must be a number from 1 to {LONGEST_PAUSE}")
    return minutes


def _answer(waiting: _Waiting, apply: Callable[[Request], Applied]) -> None:
    try:
        answer = apply(waiting.request).facts
    except TintdError as error:
        answer = {"error": str(error)}
    except sqlite3.OperationalError as error:
        waiting.answer.set_result({"error": f"the journal cannot be written: {error}"})
        raise
    waiting.answer.set_result(answer)
