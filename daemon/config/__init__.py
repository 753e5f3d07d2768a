"""The configuration: typed settings, messages about wrong ones, ignored names, working hours and pauses.

May import: colorizer's settings and errors; nothing else of daemon.
Imported by: all of daemon.
"""

from daemon.config.pause import Pause
from daemon.config.reloading import load_changed
from daemon.config.settings import Config, Folder, load_config

__all__ = ["Config", "Folder", "Pause", "load_changed", "load_config"]
