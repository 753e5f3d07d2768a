"""The log of the service: JSON lines for machines, coloured lines on a terminal."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress

import structlog

from daemon.config.settings import Log


def configure_log(settings: Log) -> None:
    """Write the log to standard error, as configured."""
    console = sys.stderr.isatty() if settings.format == "auto" else settings.format == "console"
    last: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(repr_native_str=True)]  # no control character of a name is printed
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
        logger_factory=lambda *_: _TolerantLogger(sys.stderr),
    )


class _TolerantLogger(structlog.PrintLogger):
    """Drops lines that cannot be written: a full disk, or a reader that has gone, must not stop the service."""

    def msg(self, message: str) -> None:
        with suppress(OSError):
            super().msg(message)

    log = debug = info = warn = warning = fatal = failure = err = error = critical = exception = msg
