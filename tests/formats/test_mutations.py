"""Photographs whose bytes are mutated: each gives a result, or a sentence that names no class of Python."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
import pyvips
import tifffile
from PIL import Image, PngImagePlugin

from colorizer.job import Job
from colorizer.photo.blocks.photoshop import with_iptc
from colorizer.settings import ColourSettings, DetectionSettings, JobSettings, PhotoSettings
from tests.assets.metadata import exif, packet, small_jpeg
from tests.assets.pictures import deep_grey, grey
from tests.formats.mutations import check, colour_mutated, mutate

NAMES = (
    *("a.jpg", "progressive.jpg", "a.png", "palette.png", "deep.png", "a.tif", "tiles.tif", "zstd.tif", "bits.tif"),
    *("infrared.tif", "a.webp", "a.gif", "a.heic", "a.avif", "a.bmp", "a.jp2", "a.pgm", "a.tga", "a.pcx", "a.sgi"),
)


def write(path: Path) -> bytes:
    """A photograph with metadata, as its name says."""
    metadata: dict[str, object] = {"exif": b"Exif\x00\x00" + exif(small_jpeg()), "xmp": packet()}
    picture = Image.fromarray(grey(48, 64))
    if path.suffix == ".jpg":
        picture.save(path, progressive=path.stem == "progressive", comment=b"Nr. 17", **metadata)  # type: ignore[arg-type]
    elif path.suffix == ".png":
        info = PngImagePlugin.PngInfo()
        info.add_text("Title", "Oma", zip=True)
        info.add_itxt("XML:com.adobe.xmp", packet().decode())
        samples = Image.fromarray(deep_grey(48, 64)) if path.stem == "deep" else picture
        samples = picture.convert("P") if path.stem == "palette" else samples
        samples.save(path, pnginfo=info, exif=metadata["exif"])
    elif path.suffix == ".tif":
        write_tiff(path)
    elif path.suffix == ".heic":
        pillow_heif.from_pillow(picture).save(path, **metadata)
    elif path.suffix in {".webp", ".avif"}:
        pyvips.Image.new_from_array(grey(48, 64)).write_to_file(str(path))
    else:
        picture.convert("RGB" if path.suffix == ".pcx" else "L").save(path)
    return path.read_bytes()


def write_tiff(path: Path) -> None:
    """A TIFF of some kind."""
    tags = [(34377, 1, 20, with_iptc(b"\x1c\x02\x5a\x00\x03abc")[:20], True), (65000, 3, 1, 7, True)]
    options: dict[str, dict[str, object]] = {
        "a": {"compression": "zlib", "rowsperstrip": 16},
        "tiles": {"compression": "lzw", "tile": (16, 32)},
        "zstd": {"compression": "zstd", "tile": (16, 32)},
        "bits": {"bitspersample": 12},
        "infrared": {"extrasamples": ["unspecified"]},
    }
    samples = {"bits": deep_grey(48, 64) >> 4, "infrared": np.dstack([grey(48, 64)] * 2)}.get(path.stem, grey(48, 64))
    tifffile.imwrite(path, samples, photometric="minisblack", extratags=tags, **options[path.stem])  # type: ignore[arg-type]


def colour_mutations(name: str, folder: Path, weights: Path, numbers: range) -> None:
    """Colour mutations of a photograph, and check what is said of each."""
    source = folder / name
    content = write(source)
    formats = ("auto", "auto", "jpeg", "png", "tiff", "webp")
    for number in numbers:
        source.write_bytes(mutate(content, random.Random(f"{name} {number}")))
        settings = JobSettings(
            colour=ColourSettings(weights=weights, device="cpu"),
            detection=DetectionSettings(input="grey"),
            photo=PhotoSettings(max_megapixels=20, format=formats[number % len(formats)]),  # type: ignore[arg-type]
        )
        job = Job(source, folder / "result", folder / "workspace", settings)
        outcome = colour_mutated(job, number)
        if isinstance(outcome, str):
            check(outcome)


@pytest.mark.parametrize("name", NAMES)
def test_a_mutated_photograph_gives_a_result_or_a_sentence(tmp_path: Path, weights: Path, name: str) -> None:
    """Whatever its decoder raises."""
    colour_mutations(name, tmp_path, weights, range(6))


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("name", NAMES)
def test_many_mutated_photographs_give_results_or_sentences(tmp_path: Path, weights: Path, name: str) -> None:
    """Ten thousand in all."""
    colour_mutations(name, tmp_path, weights, range(6, 506))
