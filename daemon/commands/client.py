"""How a sub-command gets its answer: from the running service, or from the journal where no service runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import typer

from daemon.config.settings import load_config
from daemon.control import requests
from daemon.control.control_socket import Answer, ask
from daemon.control.requests import Action
from daemon.journal.journal import Journal, opened
from daemon.runtime.state_lock import state_locked


def request(config: Path, action: Action, pattern: str = "*") -> None:
    """Have the service apply a request, or apply it to the journal where no service runs; print what was done."""
    settings = load_config(config)
    answer = ask(settings.control_socket, action, pattern=pattern)
    if answer is None:
        with state_locked(settings.state), opened(settings.state) as journal:
            answer = {"says": requests.apply(action, pattern, journal, time.time())}
    typer.echo(answer["says"])


def look_up(config: Path, name: str, read: Callable[[Journal], Answer], **details: object) -> Answer:
    """Ask the service for `status` or `history`; where no service runs, read the journal."""
    settings = load_config(config)
    answer = ask(settings.control_socket, name, **details)
    if answer is not None:
        return answer
    with opened(settings.state, readonly=True) as journal:
        return read(journal)
