"""`tintd colorize`: colour files and folders from the command line, without a service."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Annotated

import structlog
import typer

from colorizer.durable import make_folder
from colorizer.errors import SettingsError
from colorizer.job import Excerpt
from daemon.commands import colour_options as options
from daemon.commands.coloured_files import Order, colorize_all, originals_of
from daemon.commands.options import UsageError
from daemon.config.work import Work


def colorize(
    files: Annotated[list[Path], typer.Argument(help="Photographs, films, and folders of them.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the results; folders are mirrored in it.")],
    *,
    vividness: options.Vividness = None,
    device: options.Device = None,
    weights: options.Weights = None,
    working_size: options.WorkingSize = None,
    input_: options.Input = None,
    coloured: options.Coloured = None,
    negatives: options.Negatives = None,
    format_: options.Format = None,
    jpeg_quality: options.JpegQuality = None,
    webp_quality: options.WebpQuality = None,
    heif_quality: options.HeifQuality = None,
    profile: options.Profile = None,
    truncated: options.Truncated = None,
    turn: options.Turn = None,
    max_megapixels: options.PhotoMegapixels = None,
    max_megapixels_whole: options.PhotoMegapixelsWhole = None,
    encoder: options.Encoder = None,
    quality: options.Quality = None,
    speed: options.Speed = None,
    encoder_options: options.EncoderOptions = None,
    interlaced: options.Interlaced = None,
    pulldown: options.Pulldown = None,
    steadiness: options.Steadiness = None,
    film_max_megapixels: options.FilmMegapixels = None,
    min_kib: options.MinKib = None,
    max_mib: options.MaxMib = None,
    min_side: options.MinSide = None,
    max_side: options.MaxSide = None,
    provenance: options.Provenance = None,
    sequences: options.Sequences = None,
    sequences_as: options.SequencesAs = None,
    start: Annotated[str | None, typer.Option("--from", help="Begin a film here, as [[h:]m:]s.")] = None,
    length: Annotated[str | None, typer.Option("--for", help="Colour so much of a film, as [[h:]m:]s.")] = None,
    compare: Annotated[bool, typer.Option("--compare", help="Put grey beside colour.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results that are there already.")] = False,
    stall_seconds: Annotated[
        float, typer.Option(min=1, help="Give a file up after so many seconds without progress.")
    ] = Work().stall_seconds,
) -> None:
    """Colour files and folders, without a service.

    A file that fails does not stop the others; the exit status is then 1. A wrong option is reported before the first
    file, and the exit status is 2.

    """
    settings = options.read_settings(
        detection={"input": input_, "coloured": coloured, "negatives": negatives},
        colour={"vividness": vividness, "device": device, "weights": weights, "working_size": working_size},
        photo={
            "format": format_,
            "jpeg_quality": jpeg_quality,
            "webp_quality": webp_quality,
            "heif_quality": heif_quality,
            "profile": profile,
            "truncated": truncated,
            "turn": turn,
            "max_megapixels": max_megapixels,
            "max_megapixels_whole": max_megapixels_whole,
            "provenance": provenance,
        },
        film={
            "encoder": encoder,
            "quality": quality,
            "speed": speed,
            "options": options.read_pairs(encoder_options),
            "sequences_as": sequences_as,
            "interlaced": interlaced,
            "pulldown": pulldown,
            "turn": turn,
            "steadiness": steadiness,
            "max_megapixels": film_max_megapixels,
            "provenance": provenance,
        },
        size={"min_kib": min_kib, "max_mib": max_mib, "min_side": min_side, "max_side": max_side},
        sequences=sequences,
    )
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    excerpt = _excerpt(start, length)
    _make_folder(output)
    originals = list(originals_of(files, output, settings.sequences))
    kept = {original.path.resolve() for original in originals}
    order = Order(output, settings, excerpt, compare, overwrite, kept)
    try:
        failures = colorize_all(originals, order, stall_seconds)
    except SettingsError as error:
        raise UsageError(str(error)) from error
    if failures:
        raise typer.Exit(1)


def _make_folder(folder: Path) -> None:
    try:
        make_folder(folder.resolve())
    except OSError as error:
        raise UsageError(f"--output {folder}: cannot be created: {error.strerror}") from error


def _excerpt(start: str | None, length: str | None) -> Excerpt | None:
    if start is None and length is None:
        return None
    return Excerpt(_seconds(start or "0"), _seconds(length) if length is not None else None)


def _seconds(text: str) -> float:
    """Read [[h:]m:]s."""
    if not re.fullmatch(r"(\d+:){0,2}\d+(\.\d+)?", text):
        raise UsageError(f"{text}: not a time; write seconds, minutes:seconds or hours:minutes:seconds")
    seconds = 0.0
    for part in text.split(":"):
        seconds = 60 * seconds + float(part)
    return seconds
