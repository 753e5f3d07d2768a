"""`tintd adopt`: take files that exist already as the results of their originals."""

from __future__ import annotations

from daemon.commands.client import request
from daemon.commands.options import ConfigOption, OptionalPattern
from daemon.config.settings import DEFAULT_CONFIG
from daemon.control.requests import Action


def adopt(pattern: OptionalPattern = "*", config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Take files in the output folder as results.

    When a file of unknown origin has the name of a result that is not yet made, its original is skipped with that
    reason. This command says that the file is the result; `tintd recolor` says that it is not, and the original is
    coloured beside it.
    """
    request(config, Action.ADOPT, pattern)
