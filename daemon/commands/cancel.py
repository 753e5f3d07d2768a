"""`tintd cancel`: files that wait, or are being coloured, are given up."""

from __future__ import annotations

from daemon.commands.client import wish_for
from daemon.commands.options import ConfigOption, MeantArgument
from daemon.config.settings import DEFAULT_CONFIG


def cancel(pattern: MeantArgument, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Give up files that wait or are being coloured; `tintd retry` takes them up again."""
    wish_for(config, "cancel", pattern)
