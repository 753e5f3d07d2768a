"""How a sub-command gets its answer: from the running service, else from the journal itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import typer

from daemon.config.settings import load_config
from daemon.control.control_socket import Answer, ask
from daemon.journal import requests
from daemon.journal.journal import Journal, opened
from daemon.runtime.state_lock import alone


def wish_for(config: Path, wish: str, pattern: str = "*") -> None:
    """Have a wish granted: by the service, or in the journal where no service runs. Says what was done."""
    settings = load_config(config)
    answer = ask(settings.control_socket, wish, pattern=pattern)
    if answer is None:
        with alone(settings.state), opened(settings.state) as journal:
            answer = {"says": requests.grant(journal, wish.removesuffix(" now"), pattern, time.time())}
    typer.echo(answer["says"])


def look_up(config: Path, wish: str, read: Callable[[Journal], Answer], **details: object) -> Answer:
    """Look something up that changes nothing: the service is asked, or the journal is read where none runs."""
    settings = load_config(config)
    answer = ask(settings.control_socket, wish, **details)
    if answer is not None:
        return answer
    with opened(settings.state, readonly=True) as journal:
        return read(journal)
