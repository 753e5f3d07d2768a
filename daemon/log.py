"""What the service writes: JSON lines for machines, coloured lines on a terminal."""

from __future__ import annotations

import logging
import sys

import structlog

from daemon.config import Log


def configure_log(settings: Log) -> None:
    """Send all log lines to standard error, as configured."""
    console = sys.stderr.isatty() if settings.format == "auto" else settings.format == "console"
    last: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer()]
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
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
