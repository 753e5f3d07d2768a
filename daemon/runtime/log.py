"""The log of the service: JSON lines for machines, coloured lines on a terminal, and the progress below them."""

from __future__ import annotations

import logging
import sys

import structlog

from daemon.config.settings import Log
from daemon.runtime.terminal_line import TerminalLine

_line = TerminalLine()


def configure_log(settings: Log) -> None:
    """Write the log to standard error, as configured."""
    console = sys.stderr.isatty() if settings.format == "auto" else settings.format == "console"
    last: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(repr_native_str=True)]  # no control character of a name is printed
        if console
        else [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
    )
    _line.is_enabled = console and sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S" if console else "iso", utc=not console),
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.level.upper()]),
        logger_factory=lambda *_: _LineLogger(),
    )


def show_progress(text: str) -> None:
    """Show a text below the log, in place of the one before, if a person reads the log on a terminal."""
    _line.show(text)


class _LineLogger:
    """Writes each entry as one line; one that cannot be written is dropped."""

    def msg(self, message: str) -> None:
        """Write an entry."""
        _line.write_above(message)

    log = debug = info = warn = warning = fatal = failure = err = error = critical = exception = msg
