"""`tintd cancel`: give up files that wait or are being coloured."""

from __future__ import annotations

from daemon.commands.client import request
from daemon.commands.options import ConfigOption, RequiredPattern
from daemon.config.settings import DEFAULT_CONFIG
from daemon.control.requests import Action


def cancel(pattern: RequiredPattern, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Give up files that wait or run. `tintd retry` starts them again."""
    request(config, Action.CANCEL, pattern)
