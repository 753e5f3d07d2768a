"""HEIC and AVIF through libheif."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pillow_heif
import pyvips

from colorizer.photo.codecs.decoded import Undecoded, from_samples, with_metadata
from colorizer.photo.metadata import exif_and_xmp


def read_header(source: Path) -> Undecoded:
    """Read the header of a picture, which libheif decodes upright."""

    def decode() -> pyvips.Image:
        with source.open("rb") as file:
            image = pillow_heif.open_heif(file, convert_hdr_to_8bit=False)
            picture = from_samples(np.asarray(image))
            if image.mode.startswith("RGBa"):
                picture = picture.unpremultiply().cast(picture.format)
            pillow_heif.set_orientation(image.info)
            return with_metadata(picture, image.info)

    with source.open("rb") as file:
        width, height = pillow_heif.open_heif(file).size
    return Undecoded(width, height, decode)


def count_pictures(source: Path) -> tuple[int, int]:
    """Count the pictures, without reduced copies, and the maps of depth and of light that telephones add."""
    with source.open("rb") as file:
        opened = pillow_heif.open_heif(file)
    auxiliary = opened.info["aux"].values()
    return len(opened), len(opened.info["depth_images"]) + sum(map(len, auxiliary))


def save_heic(image: pyvips.Image, path: Path, quality: int) -> None:
    """Write a picture, sRGB of 8 or 16 bits a sample, with its metadata; quality 1..100."""
    mode = ("RGBA" if image.hasalpha() else "RGB") + (";16" if image.format == "ushort" else "")
    picture = pillow_heif.from_bytes(mode, (image.width, image.height), image.numpy().tobytes())
    profile = {"icc_profile": image.get("icc-profile-data")} if image.get_typeof("icc-profile-data") else {}
    with path.open("wb") as file:
        # Phones decode no other than 4:2:0.
        picture.save(file, quality=quality, chroma=420, **exif_and_xmp(image), **profile)
