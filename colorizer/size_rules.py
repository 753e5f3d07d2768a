"""Rules about the size of originals: those that are too small or too large are left alone, with a reason."""

from __future__ import annotations

from pathlib import Path

from colorizer.errors import UnsupportedError
from colorizer.originals import state_of
from colorizer.settings import SizeSettings


def check_file(source: Path, rules: SizeSettings) -> None:
    """Check the size of an original: that of all its files together.

    Raises:
        UnsupportedError: it is not between the limits.
        OSError: it cannot be read.

    """
    size = state_of(source).size
    if size < rules.min_kib << 10:
        raise UnsupportedError(f"{source.name}: {size >> 10} KiB, less than `size.min_kib` ({rules.min_kib})")
    if rules.max_mib is not None and size > rules.max_mib << 20:
        raise UnsupportedError(f"{source.name}: {size >> 20} MiB, more than `size.max_mib` ({rules.max_mib})")


def check_picture(source: Path, width: int, height: int, rules: SizeSettings) -> None:
    """Check the resolution of a photograph, or of a film.

    Raises:
        UnsupportedError: a side is not between the limits.

    """
    extent = f"{source.name}: {width} x {height} pixels"
    if min(width, height) < rules.min_side:
        raise UnsupportedError(f"{extent}, and a short side of less than `size.min_side` ({rules.min_side})")
    if rules.max_side is not None and max(width, height) > rules.max_side:
        raise UnsupportedError(f"{extent}, and a long side of more than `size.max_side` ({rules.max_side})")
