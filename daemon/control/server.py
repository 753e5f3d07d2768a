"""The desk: where people ask of the service. What changes nothing is answered at once, wishes when the loop turns."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict

import structlog

from colorizer.errors import TintdError
from daemon.config.pause import Pause
from daemon.config.settings import Config
from daemon.control import status
from daemon.control.control_socket import Answer, Control, ControlError, Request
from daemon.journal.journal import opened
from daemon.workers.pool import Hand

_log = structlog.get_logger()


class Desk:
    """The service's side of the control socket."""

    def __init__(self, config: Config, ring: Callable[[], None]) -> None:
        """Listen; `ring` is called, in another thread, when somebody wishes for something.

        Raises:
            ControlError: the control socket cannot be made.

        """
        self._config = config
        self._ring = ring
        self._news: Answer = {}
        self.tell("starting", [], [])
        self._control = self._listen()

    def tell(self, says: str, hands: Sequence[Hand], pauses: Sequence[Pause]) -> None:
        """From now on, those who ask are told this."""
        workers = list(status.crew_facts(hands))
        self._news = {"pid": os.getpid(), "says": says, "workers": workers, "paused": [*map(asdict, pauses)]}

    def serve(self, grant: Callable[[Request], str]) -> None:
        """Have all wishes granted that wait."""
        for request in self._control.asked():
            try:
                answer = {"says": grant(request)}
            except TintdError as error:
                answer = {"error": str(error)}
            except sqlite3.OperationalError as error:
                request.answer.set_result({"error": f"the journal cannot be written: {error}"})
                raise
            request.answer.set_result(answer)

    def check(self) -> None:
        """Listen again, if the thread that listened has died, or somebody removed the socket."""
        if not self._control.is_alive():
            _log.error("nobody could reach the control socket any more; it is made again")
            self._control.close()
            with suppress(ControlError):  # it is tried again at the next check
                self._control = self._listen()

    def close(self) -> None:
        """Listen no more."""
        self._control.close()

    def _listen(self) -> Control:
        path = self._config.control_socket
        try:
            return Control(path, self._config.control.access, self._look_up, self._ring)
        except OSError as error:
            raise ControlError(f"{path}: the control socket cannot be made: {error}") from error

    def _look_up(self, asked: Answer) -> Answer:
        """Answer, in the thread of who asks."""
        most = min(asked.get("most") or status.MOST, status.MOST)
        with opened(self._config.state, readonly=True) as journal:
            if asked["wish"] == "history":
                return status.history_of(journal, str(asked.get("pattern", "*")), most)
            return status.status_of(journal, most, self._news)
