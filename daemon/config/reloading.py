"""Which settings a running service can take over from a changed configuration."""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path

from colorizer.errors import SettingsError
from daemon.config.settings import Config, load_config

_FIXED = ("state", "control", "hooks", "monitoring", "work.executor", "ray.address", "ray.runtime_env")
"""Settings that change only when the service starts."""


def load_changed(path: Path, before: Config) -> Config:
    """Read a configuration again.

    Raises:
        SettingsError: a setting is wrong, or changes only with a restart.

    """
    config = load_config(path)
    changed = [name for name in _FIXED if attrgetter(name)(config) != attrgetter(name)(before)]
    if changed:
        names = ", ".join(f"`{name}`" for name in changed)
        raise SettingsError(f"{path}: {names}: a change takes effect only after a restart of the service")
    return config
