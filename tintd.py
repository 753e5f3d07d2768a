"""The entry of the `tintd` command, under a name that no other distribution has.

Other distributions have a `daemon` or a `training`, too (python-daemon). If one hides tintd's own, a sentence says so.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

_PACKAGES = ("colorizer", "daemon", "training")


def main() -> None:
    """Run the command; exit with a sentence if a package of tintd is hidden by another one of its name."""
    for name in _PACKAGES:
        place = _place_of(name)
        if place != Path(__file__).resolve().parent / name:
            _refuse(name, f"the one at {place} is used" if place else "it cannot be found")
    try:
        from daemon.cli import main as run  # noqa: PLC0415 (only now is it known whose it is)
    except ImportError as error:
        if error.name is None or error.name.partition(".")[0] not in _PACKAGES:
            raise
        _refuse(error.name, "another program has replaced a part of it")
    run()


def _place_of(package: str) -> Path | None:
    """The folder from which a package is imported; None if there is none."""
    spec = find_spec(package)
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))).resolve() if places else None


def _refuse(package: str, why: str) -> None:
    sys.exit(
        f"tintd: the Python package `{package}` is not tintd's own: {why}. "
        "Install tintd into a virtual environment of its own."
    )
