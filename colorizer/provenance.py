"""What made the colour of a result, in words for its metadata: tintd's version, the weights, the settings."""

from __future__ import annotations

from importlib.metadata import version

from colorizer.settings import ColourSettings, Steadiness


def made_with(weights: str, settings: ColourSettings, steadiness: Steadiness | None = None) -> str:
    """Describe in one line what made the colour.

    Args:
        weights: hash of the weights, in hexadecimal.
        settings: settings by which colour is chosen.
        steadiness: that of a film.

    """
    chosen = f"vividness {settings.vividness}, working size {settings.working_size}"
    if steadiness is not None:
        chosen += f", steadiness {steadiness}"
    return f"tintd {version('tintd')}, weights {weights[:12]}, {chosen}"
