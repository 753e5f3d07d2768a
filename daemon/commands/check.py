"""`tintd check`: is everything as it must be, and if not, what to do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console

from colorizer.errors import TintdError
from colorizer.settings import ColourSettings
from daemon.commands.options import ConfigOption
from daemon.config.settings import DEFAULT_CONFIG, Config, load_config

_SCARCE = 1 << 30
"""Free bytes under which a disk is too full for films."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    good: bool
    says: str


def check(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Check configuration, weights, device, codecs, disks and permissions; exits with 1 if something is wrong."""
    console = Console(emoji=False)
    sound = True
    for finding in _findings(config):
        sound = sound and finding.good
        mark, style = ("ok ", "green") if finding.good else ("BAD", "red")
        console.print(mark, style=style, end=" ")
        console.print(finding.says, markup=False, highlight=False, soft_wrap=True)
    if not sound:
        raise typer.Exit(1)


def _findings(path: Path) -> Iterator[Finding]:
    try:
        config = load_config(path)
    except TintdError as error:
        yield Finding(good=False, says=str(error))
        return
    yield Finding(good=True, says=f"configuration {path}")
    for place in _places(config):
        yield _folder(place)
    for colour in dict.fromkeys(folder.colour for folder in config.folders):
        yield from _colour(colour)
    yield from _codecs(config)


def _places(config: Config) -> list[Path]:
    return [config.state, *(place for folder in config.folders for place in (folder.input, folder.output))]


def _folder(place: Path) -> Finding:
    """Whether a folder can be written, or made, and its disk has room."""
    nearest = next(parent for parent in (place, *place.parents) if parent.exists())
    if not nearest.is_dir() or not os.access(nearest, os.R_OK | os.W_OK | os.X_OK):
        return Finding(good=False, says=f"folder {place}: {nearest} cannot be read and written; change its owner")
    free = shutil.disk_usage(nearest).free
    if free < _SCARCE:
        return Finding(good=False, says=f"folder {place}: only {free >> 20} MiB free; make room")
    there = "" if place.exists() else " (will be made)"
    return Finding(good=True, says=f"folder {place}{there}: {free >> 30} GiB free")


def _colour(colour: ColourSettings) -> Iterator[Finding]:
    """Whether weights and device are there, and what they are."""
    from colorizer.engine import open_colorist  # noqa: PLC0415 (torch is slow to import)
    from colorizer.model.device import choose_device, gains_by_bfloat16  # noqa: PLC0415
    from colorizer.model.weights import load_card, weights_hash, weights_path  # noqa: PLC0415

    path = weights_path(colour.weights)
    try:
        card = load_card(path)
        open_colorist(colour)
        device = choose_device(colour.device)
    except TintdError as error:
        yield Finding(good=False, says=str(error))
        return
    encoder, head = card.architecture.encoder, card.architecture.head
    yield Finding(good=True, says=f"weights {path}: {encoder}, {head}, SHA-256 {weights_hash(path)[:12]}")
    yield Finding(good=True, says=f"terms of the weights: {card.terms or 'none stated'}")
    precision = "bfloat16" if gains_by_bfloat16(device) else "float32"
    yield Finding(good=True, says=f"device {device}, {precision}")


def _codecs(config: Config) -> Iterator[Finding]:
    """Whether libav has the encoders that the films of the folders may need."""
    from av.codec import Codec  # noqa: PLC0415 (the service never imports it)
    from av.codec.codec import UnknownCodecError  # noqa: PLC0415

    from colorizer.film.encode.presets import PRESETS  # noqa: PLC0415

    named = [PRESETS.get(folder.film.encoder, folder.film.encoder) for folder in config.folders]
    for name in dict.fromkeys(["libx264", "libx265", "ffv1", *named]):
        if name == "auto":
            continue
        try:
            Codec(name, "w")
        except UnknownCodecError:
            yield Finding(good=False, says=f"encoder {name} is missing: name another, or install av from PyPI")
        else:
            yield Finding(good=True, says=f"encoder {name}")
