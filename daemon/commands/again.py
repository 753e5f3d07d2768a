"""`tintd again`: files are coloured anew, with other weights or settings."""

from __future__ import annotations

from daemon.commands.client import wish_for
from daemon.commands.options import ConfigOption, MeantArgument
from daemon.config.settings import DEFAULT_CONFIG


def again(pattern: MeantArgument, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Colour files anew, with the weights and settings of now; the earlier results are replaced."""
    wish_for(config, "again", pattern)
