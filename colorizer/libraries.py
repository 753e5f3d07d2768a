"""Versions of the libraries that make the bits of a result: with others, a film is not continued or shared."""

from __future__ import annotations

from importlib.metadata import version

_LIBRARIES = ("av", "opencv-python-headless", "torch")


def library_versions() -> dict[str, str]:
    """Version of each library by its name, without the part that names the device it was built for."""
    return {name: version(name).partition("+")[0] for name in _LIBRARIES}
