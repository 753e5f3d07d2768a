"""The options of `tintd colorize` that are settings of the configuration: their types, and their check."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from colorizer.settings import JobSettings
from daemon.commands.options import UsageError
from daemon.config.errors import explain

REPLACEABLE = frozenset({"auto", "h264", "hevc", "av1", "prores", "ffv1", "h264_nvenc", "hevc_nvenc", "av1_nvenc"})
"""Names for which another encoder is taken where libav lacks one, so that no film fails for it."""

_DEFAULTS = JobSettings()


def _option(section: str, name: str, help_: str, *flags: str) -> Any:  # noqa: ANN401 (typer's)
    """An option for a setting: `auto`, a name or a number, checked as the configuration is."""
    default = getattr(getattr(_DEFAULTS, section), name)
    metavar = "NAME=VALUE" if isinstance(default, dict) else "VALUE"
    names = flags or (f"--{name.replace('_', '-')}",)
    return typer.Option(
        *names, help=help_, show_default=str(default) if default or default == 0 else False, metavar=metavar
    )


Text = str | None
Flag = bool | None

Vividness = Annotated[Text, _option("colour", "vividness", "0 (the mean of what is likely) to 1 (vivid), or auto.")]
Device = Annotated[Text, _option("colour", "device", "auto, cpu, cuda, cuda:N or mps.")]
Weights = Annotated[Text, _option("colour", "weights", "A weights file, or default.")]
WorkingSize = Annotated[
    Text, _option("colour", "working_size", "Short side at which colour is predicted: a number, auto or native.")
]
Input = Annotated[Text, _option("detection", "input", "auto, or grey: all is black and white, whatever it looks like.")]
Coloured = Annotated[
    Text, _option("detection", "coloured", "What becomes of a file in colour: skip, copy or recolour.")
]
Negatives = Annotated[Text, _option("detection", "negatives", "What becomes of a negative: skip, invert or colour.")]
Format = Annotated[Text, _option("photo", "format", "For photographs: auto, jpeg, png, tiff, webp or avif.")]
JpegQuality = Annotated[Text, _option("photo", "jpeg_quality", "For photographs: 1 to 100, or auto.")]
WebpQuality = Annotated[Text, _option("photo", "webp_quality", "For photographs: 1 to 100.")]
HeifQuality = Annotated[Text, _option("photo", "heif_quality", "For photographs: 1 to 100, of HEIC and AVIF.")]
Profile = Annotated[Text, _option("photo", "profile", "For photographs: srgb, p3, or an ICC file.")]
Truncated = Annotated[
    Text, _option("photo", "truncated", "For a JPEG whose end is missing: refuse, or complete (with grey).")
]
Turn = Annotated[
    Text, _option("photo", "turn", "For what lies on its side: auto (turned while colours are chosen), or keep.")
]
PhotoMegapixels = Annotated[Text, _option("photo", "max_megapixels", "Larger photographs are refused.")]
PhotoMegapixelsWhole = Annotated[
    Text, _option("photo", "max_megapixels_whole", "The same for pictures that must be held in memory as a whole.")
]
Encoder = Annotated[
    Text, _option("film", "encoder", "For films: auto, h264, hevc, av1, prores, ffv1, or libav's name of any other.")
]
Quality = Annotated[Text, _option("film", "quality", "For films: constant rate factor, 0 (lossless) to 51.")]
Speed = Annotated[Text, _option("film", "speed", "For films: preset of the encoder, ultrafast to veryslow.")]
EncoderOptions = Annotated[
    list[str] | None,
    _option("film", "options", "For films: a further option of the encoder; may be repeated.", "--encoder-option"),
]
Interlaced = Annotated[Text, _option("film", "interlaced", "For films: auto, deinterlace, keep or progressive.")]
Pulldown = Annotated[Text, _option("film", "pulldown", "For telecined films: auto (24 frames a second) or keep.")]
Steadiness = Annotated[Text, _option("film", "steadiness", "For films: 0 (frame by frame) to 1 (steady), or auto.")]
FilmMegapixels = Annotated[
    Text, _option("film", "max_megapixels", "Films with larger pictures are refused.", "--film-max-megapixels")
]
Sequences = Annotated[
    Text,
    typer.Option("--sequences", metavar="FPS", help="Numbered frames in a folder are one film of so many a second."),
]
SequencesAs = Annotated[
    Text, _option("film", "sequences_as", "What numbered frames become: film, or frames (again, in a folder).")
]
MinKib = Annotated[Text, _option("size", "min_kib", "Smaller files are skipped.")]
MaxMib = Annotated[Text, _option("size", "max_mib", "Larger files are skipped.")]
MinSide = Annotated[Text, _option("size", "min_side", "Pictures with a smaller short side, in pixels, are skipped.")]
MaxSide = Annotated[Text, _option("size", "max_side", "Pictures with a larger long side, in pixels, are skipped.")]
Provenance = Annotated[
    Flag,
    typer.Option(
        "--provenance/--no-provenance",
        help="Whether the metadata say what made the colour.",
        show_default="provenance" if _DEFAULTS.photo.provenance else "no-provenance",
    ),
]

OPTIONS = {
    "film.options": "--encoder-option",
    "film.max_megapixels": "--film-max-megapixels",
    "sequences": "--sequences",
}
"""Options that are not called as their setting is, without its section."""


def option_of(setting: str) -> str:
    """The option for a setting, which is written as `section.name`."""
    return OPTIONS.get(setting) or f"--{setting.partition('.')[2].replace('_', '-')}"


def read_settings(*, sequences: str | None = None, **sections: dict[str, object]) -> JobSettings:
    """Make settings of options; those that are None were not given.

    Raises:
        UsageError: a value is not allowed; the message names the option, and says what is.

    """
    given = {
        section: {name: value for name, value in options.items() if value is not None}
        for section, options in sections.items()
    }
    try:
        settings = JobSettings.model_validate(given | {"sequences": sequences})
    except ValidationError as error:
        found = (f"{option_of(wrong.name)}: {wrong.wrong}" for wrong in explain(error, JobSettings))
        raise UsageError("; ".join(dict.fromkeys(found))) from error  # an option may be two settings
    for place, file in (("colour.weights", settings.colour.weights), ("photo.profile", settings.photo.profile)):
        if isinstance(file, Path) and not file.is_file():
            raise UsageError(f"{option_of(place)}: there is no file {file}")
    encoder = settings.film.encoder
    wrong = None if encoder in REPLACEABLE else missing_encoder(encoder)
    if wrong is not None:
        raise UsageError(f"--encoder: {wrong}")
    return settings


def missing_encoder(name: str) -> str | None:
    """Why libav cannot encode with an encoder, in a sentence with the most similar name; None if it can."""
    from av.codec import Codec, codecs_available  # noqa: PLC0415 (slow to load)
    from av.codec.codec import UnknownCodecError  # noqa: PLC0415

    from colorizer.film.encode.presets import PRESETS  # noqa: PLC0415

    try:
        codec = Codec(PRESETS.get(name, name), "w")
    except UnknownCodecError:
        near = difflib.get_close_matches(name, [*PRESETS, *sorted(codecs_available)], n=1)
        hint = f"did you mean {near[0]}?" if near else "use auto, h264, hevc, av1, prores or ffv1"
        return f"there is no encoder {name}; {hint}"
    return None if codec.type == "video" else f"{name} encodes no pictures"


def read_pairs(words: list[str] | None) -> dict[str, str] | None:
    """Read NAME=VALUE.

    Raises:
        UsageError: a word has no equals sign.

    """
    if not words:
        return None
    pairs = [word.partition("=") for word in words]
    wrong = [word for word, (_, equals, _) in zip(words, pairs, strict=True) if not equals]
    if wrong:
        raise UsageError(f"--encoder-option: must be NAME=VALUE, not `{wrong[0]}`")
    return {name: value for name, _, value in pairs}
