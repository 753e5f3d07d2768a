"""`tintd run`: run the service."""

from __future__ import annotations

from daemon.commands.options import ConfigOption
from daemon.config.settings import DEFAULT_CONFIG, load_config
from daemon.journal.database import usable
from daemon.runtime.log import configure_log, show_progress
from daemon.service import Service


def run(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Watch the configured folders, and colour what is put there."""
    settings = load_config(config)
    configure_log(settings.log)
    try:
        with usable(settings.state):
            Service(settings, config).run()
    finally:
        show_progress("")
