"""`tintd forget`: the journal knows nothing more of files."""

from __future__ import annotations

from daemon.commands.client import wish_for
from daemon.commands.options import ConfigOption, MeantArgument
from daemon.config.settings import DEFAULT_CONFIG


def forget(pattern: MeantArgument, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Forget files; one that still lies in a watched folder counts as new, and its earlier result as somebody's."""
    wish_for(config, "forget", pattern)
