"""`tintd forget`: remove files from the journal."""

from __future__ import annotations

from daemon.commands.client import confirm, request
from daemon.commands.options import ConfigOption, RequiredPattern, YesOption
from daemon.config.settings import DEFAULT_CONFIG
from daemon.control.requests import Action


def forget(pattern: RequiredPattern, config: ConfigOption = DEFAULT_CONFIG, *, yes: YesOption = False) -> None:
    """Remove files from the journal; a file that is still in a watched folder is coloured again.

    Its old result stays, and the new one gets another name beside it.
    """
    confirm("Forget all files, and colour again those that are still there?", pattern, yes=yes)
    request(config, Action.FORGET, pattern)
