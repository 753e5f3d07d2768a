"""What a photograph's file holds beside the picture that is coloured: the report tells how many."""

from __future__ import annotations

import warnings
from pathlib import Path

import pillow_heif
from PIL import Image

from colorizer.photo.formats import PhotoFormat


def unkept_pictures(path: Path, name: PhotoFormat) -> tuple[str, ...]:
    """Notes for the report, where the file has further pictures, of formats of which one is kept."""
    count = {"png": _in_png, "jpeg": _in_jpeg, "heic": _in_heif, "avif": _in_heif}.get(name)
    if count is None:
        return ()
    try:
        with warnings.catch_warnings(action="ignore"):
            pictures, maps = count(path)
    except Exception:  # noqa: BLE001 (a decoder may raise anything; who decodes the picture says what is wrong)
        return ()
    left = {"further pictures in the file": pictures - 1, "maps of depth or of light (HDR) in the file": maps}
    return tuple(f"{what} left out: {number}" for what, number in left.items() if number > 0)


def _in_png(path: Path) -> tuple[int, int]:
    """The still picture and the frames of an animation, and no maps."""
    with Image.open(path, formats=["PNG"]) as image:
        return int(getattr(image, "n_frames", 1)), 0


def _in_jpeg(path: Path) -> tuple[int, int]:
    """Pictures of a Multi-Picture file (CIPA DC-007), but for the previews that cameras put into most photographs."""
    with Image.open(path, formats=["JPEG"]) as image:
        entries = (getattr(image, "mpinfo", None) or {}).get(0xB002, ())
        return sum("Thumbnail" not in entry["Attribute"]["MPType"] for entry in entries), 0


def _in_heif(path: Path) -> tuple[int, int]:
    """Pictures of their own, not small copies; and telephones' maps of how far things are and how bright lights are."""
    with path.open("rb") as file:
        opened = pillow_heif.open_heif(file)
    maps = opened.info["aux"].values()
    return len(opened), len(opened.info["depth_images"]) + sum(map(len, maps))
