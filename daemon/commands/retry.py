"""`tintd retry`: try failed files again."""

from __future__ import annotations

from daemon.commands.client import request
from daemon.commands.options import ConfigOption, OptionalPattern
from daemon.config.settings import DEFAULT_CONFIG
from daemon.control.requests import Action


def retry(pattern: OptionalPattern = "*", config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Try failed and skipped files again."""
    request(config, Action.RETRY, pattern)
