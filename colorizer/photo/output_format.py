"""How a coloured photograph will be saved: in the original's format, or the nearest that holds colour at its depth."""

from __future__ import annotations

from dataclasses import dataclass

from colorizer.photo.picture import Photo, Picture, Sample
from colorizer.settings import PhotoSettings

_SUFFIXES = {
    "jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "png": (".png",),
    "tiff": (".tif", ".tiff"),
    "webp": (".webp",),
    "avif": (".avif",),
    "heic": (".heic", ".heif", ".hif"),
    "bmp": (".bmp", ".dib"),
    "jp2": (".jp2",),
    "pnm": (".ppm", ".pnm"),
    "tga": (".tga",),
    "pcx": (".pcx",),
    "sgi": (".sgi", ".rgb", ".rgba"),
}
"""The usual suffix first; each is kept where the original has it."""
_EIGHT = {"jpeg", "webp", "bmp", "jp2", "tga", "pcx", "sgi"}
"""Formats of 8 bits a sample, as they are written here."""
_LARGEST = {
    **dict.fromkeys(("jpeg", "tga", "sgi"), 65535),
    **dict.fromkeys(("heic", "avif"), 16384),
    "webp": 16383,
    "pcx": 65534,
    "bmp": 32767,
}
"""Pixels of a side."""
_NAMES = {"jpeg": "JPEG", "png": "PNG", "tiff": "TIFF", "webp": "WebP", "jp2": "JPEG 2000", "raw": "camera raw"}
_DEPTHS = {"uchar": "8 bits", "ushort": "16 bits", "float": "floating point"}


@dataclass(frozen=True, slots=True)
class Plan:
    """How a photograph will be saved."""

    format: str
    notes: tuple[str, ...] = ()
    """Why it is not as the original."""


def plan(photo: Photo, settings: PhotoSettings, across: int = 1) -> Plan:
    """Choose the format of a result.

    Args:
        photo: the original.
        settings: may name a format.
        across: how many pictures stand side by side.

    """
    samples = [picture.sample for picture in photo.pictures]
    name, notes = _wanted(photo, settings)
    transparent = any(picture.transparent for picture in photo.pictures)
    if transparent and name == "bmp":
        notes.append("PNG instead of BMP, which is written without transparency")
        name = "png"
    if settings.format == "auto" and any(held_sample(sample, name) != sample for sample in samples):
        notes.append(f"TIFF instead of {name_of(name)}, which holds no colour of {_DEPTHS[max(samples, key=_rank)]}")
        name = "tiff"
    longest = max(max(picture.width * across, picture.height) for picture in photo.pictures)
    if longest > _LARGEST.get(name, longest):
        notes.append(f"TIFF instead of {name_of(name)}, which holds {_LARGEST[name]} pixels a side")
        name = "tiff"
    if transparent and name == "jpeg":  # which is only made of such a photograph where one is asked for
        notes.append("transparency left out: JPEG has none, so the picture lies on white")
    for sample in dict.fromkeys(samples):
        if held_sample(sample, name) != sample:
            notes.append(f"{_DEPTHS[sample]} a sample became {_DEPTHS[held_sample(sample, name)]}")
    return Plan(name, tuple(notes))


def held_sample(sample: Sample, name: str) -> Sample:
    """What samples become in a format."""
    if name in _EIGHT:
        return "uchar"
    return "ushort" if sample == "float" and name != "tiff" else sample


def held_white(picture: Picture, photo: Photo, name: str) -> float:
    """The sample that is white in the result."""
    held = held_sample(picture.sample, name)
    if (name == photo.format == "pnm") or (held == picture.sample == "float"):
        return picture.white
    return 255.0 if held == "uchar" else 65535.0


def suffix_of(name: str, own: str) -> str:
    """The suffix of a format: the original's own, where it is one."""
    return own if own.lower() in _SUFFIXES[name] else _SUFFIXES[name][0]


def name_of(name: str) -> str:
    """A format's name as people write it."""
    return _NAMES.get(name, name.upper())


def _wanted(photo: Photo, settings: PhotoSettings) -> tuple[str, list[str]]:
    """The format that is wanted, or the one that holds as many pictures."""
    frames, pages = photo.pictures[0].frames, len(photo.pictures)
    nearest = {"gif": "webp" if frames > 1 else "png", "raw": "tiff", "sun": "png"}
    wanted = nearest.get(photo.format, photo.format) if settings.format == "auto" else settings.format
    if frames > 1 and wanted != "webp":
        return "webp", [f"WebP instead of {name_of(wanted)}, which holds no {frames} frames"]
    if pages > 1 and wanted != "tiff":
        return "tiff", [f"TIFF instead of {name_of(wanted)}, which holds no {pages} pages"]
    return wanted, []


def _rank(sample: Sample) -> int:
    return ("uchar", "ushort", "float").index(sample)
