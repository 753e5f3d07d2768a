"""Choose the format of a coloured photograph: the original's, or the nearest that holds colour at its depth."""

from __future__ import annotations

from dataclasses import dataclass

from colorizer.photo.formats import PNG, TIFF, WEBP, PhotoFormat, format_named
from colorizer.photo.formats.photo_format import Sample
from colorizer.photo.picture import Photo, Picture
from colorizer.settings import PhotoSettings

_DEPTHS: dict[Sample, str] = {"uchar": "8 bits", "ushort": "16 bits", "float": "floating point"}
"""Names of the types of samples, from the shallowest to the deepest."""


@dataclass(frozen=True, slots=True)
class OutputPlan:
    """How a photograph will be saved."""

    format: PhotoFormat
    notes: tuple[str, ...] = ()
    """Ways in which the result differs from the original, for the report."""


def plan_output(photo: Photo, settings: PhotoSettings, across: int = 1) -> OutputPlan:
    """Choose the format of a result.

    Args:
        photo: the original.
        settings: may name a format.
        across: pictures that stand side by side in the result.

    """
    samples = [picture.sample for picture in photo.pictures]
    chosen, notes = _wanted(photo, settings)
    transparent = any(picture.transparent for picture in photo.pictures)
    if settings.format == "auto":
        if transparent and not chosen.holds_alpha:
            notes.append(f"PNG instead of {chosen.title}, which is written without transparency")
            chosen = PNG
        if any(held_sample(sample, chosen) != sample for sample in samples):
            notes.append(f"TIFF instead of {chosen.title}, which holds no colour of {_DEPTHS[max(samples, key=_rank)]}")
            chosen = TIFF
    longest = max(max(picture.width * across, picture.height) for picture in photo.pictures)
    if chosen.longest_side and longest > chosen.longest_side:
        notes.append(f"TIFF instead of {chosen.title}, which holds {chosen.longest_side} pixels a side")
        chosen = TIFF
    if transparent and not chosen.holds_alpha:
        notes.append(f"transparency left out: {chosen.title} has none, so the picture lies on white")
    extra = max(len(picture.extra) for picture in photo.pictures)
    if extra and chosen is TIFF:
        notes.append(f"samples beside its colour (a scanner's infrared, for instance) kept as they are: {extra}")
    elif extra:
        notes.append(
            f"samples beside its colour left out, of which {chosen.title} holds a transparency at most: {extra}"
        )
    for sample in dict.fromkeys(samples):
        if held_sample(sample, chosen) != sample:
            notes.append(f"{_DEPTHS[sample]} a sample became {_DEPTHS[held_sample(sample, chosen)]}")
    return OutputPlan(chosen, tuple(notes))


def held_sample(sample: Sample, result: PhotoFormat) -> Sample:
    """The type that samples get in a format."""
    return min(sample, result.deepest, key=_rank)


def held_white(picture: Picture, photo: Photo, result: PhotoFormat) -> float:
    """The sample that is white in a result."""
    held = held_sample(picture.sample, result)
    if (result.keeps_white and result is photo.format) or (held == picture.sample == "float"):
        return picture.white
    return 255.0 if held == "uchar" else 65535.0


def suffix_of(result: PhotoFormat, own: str) -> str:
    """The suffix of a result: the original's own, if it is one of the format's."""
    return own if own.lower() in result.suffixes else result.suffixes[0]


def _wanted(photo: Photo, settings: PhotoSettings) -> tuple[PhotoFormat, list[str]]:
    """The format of the settings or the original, or one that holds as many pictures, and a note on it."""
    frames, pages = photo.pictures[0].frames, len(photo.pictures)
    candidates = [photo.format] if photo.format.save else [format_named(name) for name in photo.format.instead]
    if settings.format != "auto":
        candidates = [format_named(settings.format)]
    wanted = next((one for one in candidates if frames == 1 or one.holds_frames), candidates[0])
    if frames > 1 and not wanted.holds_frames:
        return WEBP, [f"WebP instead of {wanted.title}, which holds no {frames} frames"]
    if pages > 1 and not wanted.holds_pages:
        return TIFF, [f"TIFF instead of {wanted.title}, which holds no {pages} pages"]
    return wanted, []


def _rank(sample: Sample) -> int:
    return list(_DEPTHS).index(sample)
