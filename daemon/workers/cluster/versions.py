"""The versions that must be the same on the service's machine and on each node."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import version

from colorizer.libraries import library_versions

Versions = Mapping[str, str]
"""Versions by the name of what has them."""


def own_versions() -> Versions:
    """The versions of this process."""
    return {"tintd": version("tintd"), "Python": platform.python_version(), **library_versions()}


def find_difference(service: Versions, node: Versions, name: str) -> str | None:
    """Say what differs between the service and a node; None if nothing does."""
    differences = [
        f"{what} is {node.get(what, 'missing')} on node {name}, and {own} on the service's machine"
        for what, own in service.items()
        if node.get(what) != own
    ]
    return "; ".join(differences) or None
