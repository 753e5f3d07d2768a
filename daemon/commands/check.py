"""`tintd check`: check that the service can work, and say what to do if it cannot."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import typer
from rich.console import Console

from colorizer.errors import TintdError
from colorizer.settings import ColourSettings
from colorizer.weights_path import fitted_head, upright_path, weights_hash, weights_path
from daemon.commands.colour_options import missing_encoder
from daemon.commands.options import ConfigOption
from daemon.config.settings import DEFAULT_CONFIG, Config, Folder, Hooks, load_config
from daemon.config.web_settings import Web


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    level: Literal["ok", "warning", "BAD"]
    text: str


_STYLES = {"ok": "green", "warning": "yellow", "BAD": "red"}


def check(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Check the configuration, and say what to do about each problem.

    The weights, the device, the codecs, the disks and the permissions are tried, too. If something is wrong, the
    command ends with 1.
    """
    console = Console(emoji=False)
    is_good = True
    for finding in _findings(config):
        is_good = is_good and finding.level != "BAD"
        console.print(f"{finding.level:<7}", style=_STYLES[finding.level], end=" ")
        console.print(finding.text, markup=False, highlight=False, soft_wrap=True)
    if not is_good:
        raise typer.Exit(1)


def _findings(path: Path) -> Iterator[Finding]:
    try:
        config = load_config(path)
    except TintdError as error:
        yield Finding("BAD", str(error))
        return
    yield Finding("ok", f"configuration {path}")
    yield from _variables()
    spare = config.work.spare_mib
    yield _written_folder(config.state, spare // 8)
    for folder in config.folders:
        yield _input_folder(folder)
        yield _written_folder(folder.output, spare)
    yield from _hooks(config.hooks)
    if not config.web.is_off:
        yield _web(config.web)
    for colour in dict.fromkeys(folder.colour for folder in config.folders):
        yield from _colour(colour)
    yield from _codecs(config)
    if config.work.executor == "ray":
        yield from _cluster(config)


def _variables() -> Iterator[Finding]:
    """Environment variables that look like settings and are none: an underscore is missing, say."""
    names = {name for name in os.environ if name.startswith("TINTD_")}
    known = {"CONFIG", *(name.upper() for name in Config.model_fields)}
    for name in sorted(names):
        if name.removeprefix("TINTD_").partition("__")[0].upper() not in known:
            remedy = "section and setting are joined by two underscores, as in TINTD_LOG__LEVEL"
            yield Finding("warning", f"{name}: this environment variable names no setting; {remedy}")


def _web(web: Web) -> Finding:
    """Whether the web page can be served: the service colours without it, so nothing here is worse than a warning."""
    from daemon.web.server import PageError, bind  # noqa: PLC0415 (it loads Starlette)
    from daemon.web.site.addresses import address_of, is_served  # noqa: PLC0415
    from daemon.web.site.credentials import AccessError, check_access  # noqa: PLC0415

    try:
        check_access(web)
        bind(web).close()
    except AccessError as error:
        return Finding("warning", f"there will be no web page. {error}")
    except PageError as error:
        if is_served(web):
            return Finding("ok", f"web page {address_of(web)}: tintd serves it")
        return Finding("warning", f"there will be no web page. {error}")
    return Finding("ok", f"web page {address_of(web)}")


def _cluster(config: Config) -> Iterator[Finding]:
    """Whether the Ray cluster can be reached, and its nodes can be used."""
    from daemon.workers.cluster.inspection import inspect_cluster  # noqa: PLC0415 (it imports Ray)

    for found in inspect_cluster(config):
        yield Finding("ok" if found.is_good else "BAD", found.text)


def _input_folder(folder: Folder) -> Finding:
    """Whether originals can be read, and moved if that is configured."""
    place = folder.input
    if not place.exists() and folder.make:
        return Finding("ok", f"folder {place} (tintd will make it)")
    if not place.exists():
        remedy = "correct the path, make the folder, or set `make: true` for it"
        return Finding("warning", f"folder {place}: it does not exist, and tintd waits for it; {remedy}")
    if not place.is_dir():
        return Finding("BAD", f"folder {place}: this is a file; name the folder that contains it")
    if not os.access(place, os.R_OK | os.X_OK):
        return Finding("BAD", f"folder {place}: this user cannot read it; change its owner or its permissions")
    if folder.original == "move" and not os.access(place, os.W_OK):
        return Finding("BAD", f"folder {place}: this user cannot write to it, which `original: move` needs")
    return Finding("ok", f"folder {place}")


def _written_folder(place: Path, spare_mib: int) -> Finding:
    """Whether a folder can be written, or made, and its disk has more free space than jobs leave."""
    nearest = next(parent for parent in (place, *place.parents) if parent.exists())
    if not nearest.is_dir():
        return Finding("BAD", f"folder {place}: {nearest} is a file; name a folder")
    if os.statvfs(nearest).f_flag & os.ST_RDONLY:
        return Finding("BAD", f"folder {place}: its disk is mounted read-only; mount it so that it can be written")
    if not os.access(nearest, os.R_OK | os.W_OK | os.X_OK):
        return Finding("BAD", f"folder {place}: this user cannot write to {nearest}; change its owner or permissions")
    free = shutil.disk_usage(nearest).free >> 20
    if free < spare_mib:
        remedy = f"jobs wait below {spare_mib} MiB: delete some files, or lower `work.spare_mib`"
        return Finding("BAD", f"folder {place}: its disk has {free} MiB of free space, and {remedy}")
    missing = "" if place.exists() else " (tintd will make it)"
    return Finding("ok", f"folder {place}{missing}: {free / 1024:.1f} GiB free")


def _hooks(hooks: Hooks) -> Iterator[Finding]:
    """Whether the commands of the hooks exist."""
    for name, hook in (("done", hooks.done), ("failed", hooks.failed), ("skipped", hooks.skipped)):
        if hook.command and shutil.which(hook.command[0]) is None:
            yield Finding("BAD", f"hooks.{name}.command: there is no program {hook.command[0]}; correct its path")
        elif hook.is_set:
            yield Finding("ok", f"hooks.{name}")


def _colour(colour: ColourSettings) -> Iterator[Finding]:
    """Whether the weights and the device can be used, and what they are."""
    from colorizer.engine import open_colorist  # noqa: PLC0415 (torch is slow to import)
    from colorizer.model.device import bfloat16_is_faster, choose_device  # noqa: PLC0415
    from colorizer.model.weights import load_card  # noqa: PLC0415

    path = weights_path(colour.weights)
    try:
        card = load_card(path)
        open_colorist(colour)
        device = choose_device(colour.device)
    except TintdError as error:
        yield Finding("BAD", str(error))
        return
    encoder, head = card.architecture.encoder, card.architecture.head
    yield Finding("ok", f"weights {path}: {encoder}, {head}, hash {weights_hash(path)[:12]}")
    yield _upright_head(path)
    yield Finding("ok", f"terms of the weights: {card.terms or 'none stated'}")
    precision = "bfloat16" if bfloat16_is_faster(device) else "float32"
    yield Finding("ok", f"device {device}, {precision}")


def _upright_head(weights: Path) -> Finding:
    """Whether pictures on their side are found with some weights."""
    if fitted_head(weights) is not None:
        return Finding("ok", "pictures on their side are found")
    path, remedy = upright_path(weights), "`tintd upright` makes one"
    if path.exists():
        return Finding("warning", f"{path}: it was made for other weights, and is not used; {remedy} for these")
    return Finding("ok", f"pictures on their side are not found: there is no {path}; {remedy}")


def _codecs(config: Config) -> Iterator[Finding]:
    """Whether libav has the encoders that films may need."""
    named = [folder.film.encoder for folder in config.folders if folder.film.encoder != "auto"]
    for name in dict.fromkeys(["libx264", "libx265", "ffv1", *named]):
        wrong = missing_encoder(name)
        if wrong is None:
            yield Finding("ok", f"encoder {name}")
        else:
            yield Finding("BAD", f"film.encoder: {wrong}; if it is one of libav's, install av from PyPI")
