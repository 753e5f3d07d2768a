"""The items of a source, looked at one by one: a photograph for training, or the reason why it is none."""

from __future__ import annotations

import errno
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pillow_heif
import torch
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms
from torch.utils.data import Dataset

from colorizer.errors import MediaError, one_line
from colorizer.model.orientation import orient
from training.data.sources import Item, Source

MIN_SIDE = 64
"""Smaller pictures teach nothing about what they show."""
MOST_PIXELS = 180_000_000
"""Larger pictures are not decoded: several processes do so at once."""
MIN_CHROMA = 1.5
"""Mean distance of R, G, B from their mean (0..255) under which a picture counts as grey."""
PLACE_BITS = 32
"""Of a number that says where an item lies: its place in its part; the part is above them."""
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}
"""What tells of this process and not of the file: every other file would be left out with it."""

Image.MAX_IMAGE_PIXELS = None  # `MOST_PIXELS` is the limit
pillow_heif.register_heif_opener()

Picture = NDArray[np.uint8]
"""R'G'B', (H, W, 3)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An item that was looked at."""

    name: str
    label: str | None
    where: int
    extent: tuple[int, int] = (0, 0)
    """Height and width."""
    picture: Picture | None = None
    reason: str = ""
    """Why it is none for training: unreadable, broken, too large, tiny or grey."""


@dataclass(frozen=True)
class Inspection(Dataset[list[Finding] | MediaError]):
    """A source with its items decoded, to be looked through by several processes."""

    source: Source
    side: int
    """Longer short sides are shrunk to this."""
    keep: bool
    """Whether findings hold their picture."""

    def __call__(self, span: NDArray[np.int64]) -> Picture:
        """Read a photograph anew, found by where it lies.

        Raises:
            MediaError: it could be read once, and cannot now.

        """
        where = int(span[0])
        item = self.source.item(where >> PLACE_BITS, where & ((1 << PLACE_BITS) - 1))
        try:
            with Image.open(_read(item)) as image:
                return _decode(image, self.side)
        except Exception as error:  # see `_look`
            raise MediaError(
                f"{item.name}: cannot be read any more ({one_line(str(error))}); start again, and it is left out"
            ) from error

    def __getitem__(self, part: int) -> list[Finding] | MediaError:
        try:
            return [self._look(item, part << PLACE_BITS | place) for place, item in enumerate(self.source.part(part))]
        except MediaError as error:  # raised, it would come out of a loading process with its traceback as its text
            return error

    def __len__(self) -> int:
        return self.source.parts()

    def _look(self, item: Item, where: int) -> Finding:
        try:
            file = _read(item)
        except OSError as error:
            if error.errno in _EXHAUSTED:
                raise MediaError(f"{item.name}: cannot be read now: {error.strerror}") from error
            return Finding(item.name, item.label, where, reason="unreadable")
        try:
            with Image.open(file) as image:
                if image.width * image.height > MOST_PIXELS:
                    return Finding(item.name, item.label, where, reason="too large")
                short, picture = min(image.size), _decode(image, self.side)
        except Exception:  # noqa: BLE001 (of a damaged file Pillow raises SyntaxError, ValueError, struct.error, ...)
            return Finding(item.name, item.label, where, reason="broken")
        extent = (picture.shape[0], picture.shape[1])
        kept = picture if self.keep else None
        return Finding(item.name, item.label, where, extent, kept, _why_not(picture, short))


def _read(item: Item) -> BinaryIO:
    """A file's bytes, read before they are decoded: what fails here is not the picture's fault."""
    return BytesIO(item.file.read_bytes()) if isinstance(item.file, Path) else item.file


def _decode(image: Image.Image, side: int) -> Picture:
    profile, orientation = image.info.get("icc_profile"), _orientation(image)
    if image.mode != "CMYK":
        image = image.convert("RGB")
    shrink = side / min(image.size)
    if shrink < 1:
        size = (max(side, round(image.width * shrink)), max(side, round(image.height * shrink)))
        image = image.resize(size, Image.Resampling.BOX, reducing_gap=None)
    picture = torch.from_numpy(np.array(_in_srgb(image, profile)))
    return orient(picture.permute(2, 0, 1), orientation).permute(1, 2, 0).contiguous().numpy()


def _orientation(image: Image.Image) -> int:
    """By the EXIF tag; upright where that is too damaged to be read."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001 (of damaged EXIF Pillow raises SyntaxError, struct.error, ...)
        return 1


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """By the file's profile, as the service does; one that is broken or of another colour space counts as none."""
    if profile:
        with suppress(OSError, ImageCms.PyCMSError):
            embedded, srgb = ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB")
            intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
            return ImageCms.buildTransform(embedded, srgb, image.mode, "RGB", intent).apply(image)
    return image.convert("RGB")


def _why_not(picture: Picture, short: int) -> str:
    """Why a picture is none for training, given the short side that it has in its file."""
    if short < MIN_SIDE:
        return "tiny"
    if np.abs(picture - picture.mean(axis=2, keepdims=True)).mean() < MIN_CHROMA:
        return "grey"
    return ""
