"""`tintd forget`: remove files from the journal."""

from __future__ import annotations

from daemon.commands.client import confirm, request
from daemon.commands.options import ConfigOption, RequiredPattern, YesOption
from daemon.config.settings import DEFAULT_CONFIG
from daemon.control.requests import Action


def forget(pattern: RequiredPattern, config: ConfigOption = DEFAULT_CONFIG, *, yes: YesOption = False) -> None:
    """Remove files from the journal.

    A file that is still in a watched folder is found as a new one. Its result is recognised and is not made
    again: `tintd recolor` does that.
    """
    confirm("Forget all files, and look again at those that are still there?", pattern, yes=yes)
    request(config, Action.FORGET, pattern)
