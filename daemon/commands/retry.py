"""`tintd retry`: failed files are tried again."""

from __future__ import annotations

from daemon.commands.client import wish_for
from daemon.commands.options import ConfigOption, PatternArgument
from daemon.config.settings import DEFAULT_CONFIG


def retry(pattern: PatternArgument = "*", config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Try failed and skipped files again."""
    wish_for(config, "retry", pattern)
