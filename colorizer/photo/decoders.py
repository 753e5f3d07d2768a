"""Photographs that libvips does not read: decoded by Pillow, libheif or LibRaw, mostly whole."""

from __future__ import annotations

import re
import struct
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pyvips
import rawpy
from numpy.typing import NDArray
from PIL import Image

from colorizer.errors import MediaError, TruncatedError, UnsupportedError, one_line
from colorizer.photo.formats import PILLOW_NAMES, PhotoFormat
from colorizer.photo.jp2 import read_boxes

Image.MAX_IMAGE_PIXELS = None  # `max_megapixels` is the limit
_CUT_OFF = ("truncated", "end-of-file", "end of file", "unexpected end", "not enough", "does not contain enough")
_MILLIMETRES = 25.4
_PNM = re.compile(rb"P([56])(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)\s")
"""Kind, width, height and greatest sample (netpbm's pgm(5) and ppm(5)), before the samples."""


@dataclass(frozen=True, slots=True)
class Undecoded:
    """A picture whose size is known."""

    width: int
    height: int
    decode: Callable[[], pyvips.Image]
    whole: bool = True
    """Whether it is held whole when it is decoded."""
    white: float | None = None
    """The sample that is white, where it is not the greatest."""
    notes: tuple[str, ...] = ()
    """What is read otherwise than it lies in the file."""


def look_into(path: Path, name: PhotoFormat) -> Undecoded:
    """Read the header of a picture.

    Raises:
        TruncatedError: the file ends too early.
        UnsupportedError: its decoder does not know its kind.
        MediaError: it is damaged. So does `decode`.

    """
    with _explained(path):
        look = {"pnm": _look_into_pnm, "heic": _look_into_heic, "raw": _look_into_raw}.get(name)
        return look(path) if look else _look_with_pillow(path, PILLOW_NAMES[name])


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Tell a decoder's complaint in one line."""
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    except (MediaError, MemoryError):
        raise
    except Exception as error:
        said = one_line(str(error).replace(str(path), path.name))
        if isinstance(error, (LookupError, TypeError, struct.error)) or "invalid literal" in said:
            said = "its header makes no sense"  # and the decoder took it for granted
        if any(word in said.lower() for word in _CUT_OFF) or isinstance(error, EOFError):
            raise TruncatedError(f"{path.name}: the picture ends too early ({said})") from error
        if said.startswith("Unsupported"):
            raise UnsupportedError(f"{path.name}: its kind is not read here ({said}); save it as PNG") from error
        raise MediaError(f"{path.name}: the picture is damaged ({said})") from error


def _look_with_pillow(path: Path, plugin: str) -> Undecoded:
    def decode() -> pyvips.Image:
        with _explained(path), Image.open(path, formats=[plugin]) as image:
            metadata = read_boxes(path) if plugin == "JPEG2000" else {}
            picture = _from_pillow(image, metadata)
            return picture[: picture.bands - 1] if plugin == "TGA" and _has_idle_alpha(path, image) else picture

    with Image.open(path, formats=[plugin]) as image:
        bits = _codestream_bits(path) if plugin == "JPEG2000" and image.mode in {"LA", "RGB", "RGBA"} else 8
        notes = (f"{bits} bits a sample were read as 8",) if bits > 8 else ()
        return Undecoded(*image.size, decode, notes=notes)


def _has_idle_alpha(path: Path, image: Image.Image) -> bool:
    """Whether a Targa's fourth samples are none of alpha: its descriptor counts their bits (TGA 2.0, field 5.6)."""
    with path.open("rb") as file:
        descriptor = file.read(18)[17]
    return image.mode in {"LA", "RGBA"} and not descriptor & 0x0F


def _codestream_bits(path: Path) -> int:
    """Bits of a sample of the first component of a JPEG 2000 (ISO/IEC 15444-1, A.5.1)."""
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        return (content[content.find(b"\xff\x4f\xff\x51") + 42] & 0x7F) + 1


def _from_pillow(image: Image.Image, metadata: Mapping[str, bytes]) -> pyvips.Image:
    image.load()
    shown = {
        "1": "L",
        "P": "RGBA" if image.has_transparency_data else "RGB",
        "PA": "RGBA",
        "YCbCr": "RGB",
        "LAB": "RGB",
    }
    samples = np.asarray(image.convert(shown.get(image.mode, image.mode)))
    if samples.dtype == np.int32:  # how Pillow holds 16 bits of a PGM
        samples = samples.astype(np.uint16)
    picture = _from_samples(samples)
    if image.mode == "CMYK":
        picture = picture.copy(interpretation="cmyk")
    return _with_metadata(picture, {**image.info, **metadata})


def _from_samples(samples: NDArray[np.uint8] | NDArray[np.uint16]) -> pyvips.Image:
    """Samples, (H, W) or (H, W, bands), as libvips has them: of two or four bands the last is transparency."""
    grey, deep = samples.ndim == 2 or samples.shape[2] < 3, samples.dtype == np.uint16
    interpretation = {(True, False): "b-w", (True, True): "grey16", (False, False): "srgb", (False, True): "rgb16"}
    return pyvips.Image.new_from_array(samples, interpretation=interpretation[grey, deep])


def _with_metadata(picture: pyvips.Image, info: Mapping[Any, Any]) -> pyvips.Image:
    """Put what Pillow and its plugins found beside a picture where libvips has it."""
    picture = picture.copy()
    for key, name in {"exif": "exif-data", "xmp": "xmp-data", "icc_profile": "icc-profile-data"}.items():
        if info.get(key):
            picture.set_type(pyvips.GValue.blob_type, name, bytes(info[key]))
    across, along = info.get("dpi") or (0, 0)
    if across > 0 and along > 0:
        picture = picture.copy(xres=float(across) / _MILLIMETRES, yres=float(along) / _MILLIMETRES)
    return picture


def _look_into_pnm(path: Path) -> Undecoded:
    """Samples that lie in the file as they are, else Pillow's."""
    with path.open("rb") as file:
        found = _PNM.match(file.read(4096))
    if not found:
        return _look_with_pillow(path, "PPM")
    kind, width, height, white = map(int, found.groups())
    bands, dtype = (3 if kind == 6 else 1), (np.dtype(">u2") if white > 255 else np.dtype("u1"))
    if path.stat().st_size < found.end() + width * height * bands * dtype.itemsize:
        raise TruncatedError(f"{path.name}: the picture ends too early")
    if not 0 < white < 65536 or not width or not height:
        raise MediaError(f"{path.name}: the picture is damaged (its header says {width} x {height}, white {white})")

    def decode() -> pyvips.Image:
        samples = np.memmap(path, dtype, "r", found.end(), (height, width, bands))
        name = "uchar" if white < 256 else "ushort"
        picture = pyvips.Image.new_from_memory(samples.data, width, height, bands, name)
        picture = picture if white < 256 else picture.byteswap()
        return picture.copy(
            interpretation={1: "b-w", 3: "srgb"}[bands] if white < 256 else {1: "grey16", 3: "rgb16"}[bands]
        )

    return Undecoded(width, height, decode, whole=False, white=float(white))


def _look_into_heic(path: Path) -> Undecoded:
    """A HEIC, which libheif turns upright by itself."""

    def decode() -> pyvips.Image:
        with _explained(path), path.open("rb") as file:
            image = pillow_heif.open_heif(file, convert_hdr_to_8bit=False)
            picture = _from_samples(np.asarray(image))
            if image.mode.startswith("RGBa"):
                picture = picture.unpremultiply().cast(picture.format)
            pillow_heif.set_orientation(image.info)
            return _with_metadata(picture, image.info)

    with path.open("rb") as file:
        width, height = pillow_heif.open_heif(file).size
    return Undecoded(width, height, decode)


def _look_into_raw(path: Path) -> Undecoded:
    """LibRaw develops the picture, upright, as sRGB."""

    def decode() -> pyvips.Image:
        with _explained(path), path.open("rb") as file, rawpy.imread(file) as raw:
            samples = raw.postprocess(use_camera_wb=True, output_bps=16, gamma=(2.4, 12.92))
            return _from_samples(samples)

    with path.open("rb") as file, rawpy.imread(file) as raw:
        return Undecoded(raw.sizes.width, raw.sizes.height, decode)
