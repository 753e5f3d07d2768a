"""What the service writes: JSON lines for machines, coloured lines on a terminal."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress

import structlog

from daemon.config.settings import Log


def configure_log(settings: Log) -> None:
    """Send all log lines to standard error, as configured."""
    console = sys.stderr.isatty() if settings.format == "auto" else settings.format == "console"
    last: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(repr_native_str=True)]  # no control character of a name reaches the terminal
        if console
        else [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.level.upper()]),
        logger_factory=lambda *_: _Patient(sys.stderr),
    )


class _Patient(structlog.PrintLogger):
    """A line that cannot be written (the disk of the log is full, its reader is gone) stops nothing."""

    def msg(self, message: str) -> None:
        with suppress(OSError):
            super().msg(message)

    log = debug = info = warn = warning = fatal = failure = err = error = critical = exception = msg
