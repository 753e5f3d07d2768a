"""`tintd pause` and `tintd resume`: start no files for a while."""

from __future__ import annotations

import math
import re
from typing import Annotated

import typer

from daemon.commands.client import request
from daemon.commands.options import ConfigOption, UsageError
from daemon.config.settings import DEFAULT_CONFIG
from daemon.control.requests import LONGEST_PAUSE, Action

_UNITS = {"m": 1, "h": 60, "d": 1440}
"""Minutes in each unit."""


def pause(
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    now: Annotated[
        bool, typer.Option("--now", help="Also stop the files that are being coloured. A film resumes where it was.")
    ] = False,
    length: Annotated[str | None, typer.Option("--for", help="End the pause by itself: 30m, 2h, 1h30m or 1d.")] = None,
) -> None:
    """Start no more files until `tintd resume`, or for a while. A restart does not end the pause."""
    minutes = None if length is None else read_minutes(length)
    request(config, Action.PAUSE_NOW if now else Action.PAUSE, minutes=minutes)


def resume(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Continue after `tintd pause`."""
    request(config, Action.RESUME)


def read_minutes(text: str) -> int:
    """Read a length of time: numbers with their units, rounded up to minutes.

    Raises:
        UsageError: it is none, or more than a week.

    """
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([mhd])", text)
    minutes = math.ceil(sum(float(number) * _UNITS[unit] for number, unit in parts))
    rest = re.sub(r"\d+(\.\d+)?\s*[mhd]\s*", "", text.strip())
    if rest or not 0 < minutes <= LONGEST_PAUSE:
        raise UsageError(f"--for {text}: write a length of time as 30m, 2h, 1h30m or 1d; the longest is 7d")
    return minutes
