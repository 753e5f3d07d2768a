"""What the setting `steadiness` means: how far apart key frames are, and how long their colours are remembered."""

from __future__ import annotations

from colorizer.film.keyframes import Distance
from colorizer.settings import Steadiness

AUTO = 0.9
"""The value of `auto`: it gives the flicker of the true colours, and colours as right as those of single frames."""


def distance_of(steadiness: Steadiness) -> Distance:
    """The distances of key frames; without steadiness, every frame is one."""
    return Distance(2, 12) if _value(steadiness) else Distance(1, 1)


def memory_of(steadiness: Steadiness) -> float:
    """The number of key frames that a colour is a mean of, at most, without its own; 0 without steadiness."""
    value = _value(steadiness)
    return value / max(1 - value, 1 / 64)


def _value(steadiness: Steadiness) -> float:
    return AUTO if steadiness == "auto" else steadiness
