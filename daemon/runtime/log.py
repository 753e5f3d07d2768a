"""The log of the service: JSON lines for machines, coloured lines on a terminal, and the progress below them."""

from __future__ import annotations

import logging
import sys
import time
from collections import deque
from contextlib import suppress
from typing import Any

import structlog

from daemon.config.settings import Log
from daemon.runtime.terminal_line import TerminalLine

_line = TerminalLine()
_about_jobs: deque[tuple[float, dict[str, Any]]] = deque(maxlen=5000)
"""Entries that name a job, with their times, until somebody takes them; many a process of tintd takes none."""


def configure_log(settings: Log) -> None:
    """Write the log to standard error, as configured."""
    console = sys.stderr.isatty() if settings.format == "auto" else settings.format == "console"
    last: list[structlog.typing.Processor] = (
        [_without_brackets, structlog.dev.ConsoleRenderer(repr_native_str=True)]  # prints no control character
        if console
        else [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
    )
    _line.is_enabled = console and sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _keep_entry,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S" if console else "iso", utc=not console),
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.level.upper()]),
        logger_factory=lambda *_: _LineLogger(),
    )


def show_progress(text: str) -> None:
    """Show a text below the log, in place of the one before, if a person reads the log on a terminal."""
    _line.show(text)


def take_entries() -> list[tuple[float, dict[str, Any]]]:
    """The entries that name a job (`job`) since the last call, each with its time in seconds since the epoch."""
    taken = []
    with suppress(IndexError):
        while True:
            taken.append(_about_jobs.popleft())
    return taken


def _keep_entry(_logger: object, _name: str, entry: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if "job" in entry:
        _about_jobs.append((time.time(), dict(entry)))
    return entry


def _without_brackets(_logger: object, _name: str, entry: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Write lists as people do, and leave out empty ones."""
    lists = {name: value for name, value in entry.items() if isinstance(value, list | tuple)}
    return {
        name: ", ".join(map(str, lists[name])) if name in lists else value
        for name, value in entry.items()
        if name not in lists or value
    }


class _LineLogger:
    """Writes each entry as one line; one that cannot be written is dropped."""

    def msg(self, message: str) -> None:
        """Write an entry."""
        _line.write_above(message)

    log = debug = info = warn = warning = fatal = failure = err = error = critical = exception = msg
