"""Inspection of a source, item by item: is it a photograph for training, and if not, why?"""

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
"""Shortest side; what smaller pictures show cannot be recognised."""
MOST_PIXELS = 180_000_000
"""Larger pictures are not decoded, because several processes decode at once."""
MIN_CHROMA = 1.5
"""Mean distance of R, G, B from their mean (0..255) below which a picture counts as grey."""
PLACE_BITS = 32
"""Number of low bits of an item's position that are its place in its part; the part is in the bits above."""
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}
"""Errors of this process, not of the file: every other file would fail too."""

Image.MAX_IMAGE_PIXELS = None  # `MOST_PIXELS` is the limit
pillow_heif.register_heif_opener()

Picture = NDArray[np.uint8]
"""R'G'B', uint8, (H, W, 3)."""


@dataclass(frozen=True, slots=True)
class InspectedItem:
    """The result of inspecting one item."""

    name: str
    label: str | None
    where: int
    """Position of the item, see `PLACE_BITS`."""
    extent: tuple[int, int] = (0, 0)
    """Height and width."""
    picture: Picture | None = None
    """The decoded photograph, if it is kept."""
    reason: str = ""
    """Why it is not usable: unreadable, broken, too large, tiny or grey; empty if it is."""


@dataclass(frozen=True)
class Inspection(Dataset[list[InspectedItem] | MediaError]):
    """A source as a data set of inspected items, one list for each part, for several processes."""

    source: Source
    side: int
    """Larger photographs are shrunk to this short side."""
    keep: bool
    """Whether results contain the decoded photograph."""

    def __call__(self, span: NDArray[np.int64]) -> Picture:
        """Read a photograph again.

        Raises:
            MediaError: the photograph can no longer be read.

        """
        where = int(span[0])
        item = self.source.item(where >> PLACE_BITS, where & ((1 << PLACE_BITS) - 1))
        try:
            with Image.open(_read(item)) as image:
                return _decode(image, self.side)
        except Exception as error:  # see `_inspect`
            raise MediaError(
                f"{item.name}: can no longer be read ({one_line(str(error))}); start again, then it is left out"
            ) from error

    def __getitem__(self, part: int) -> list[InspectedItem] | MediaError:
        try:
            return [
                self._inspect(item, part << PLACE_BITS | place) for place, item in enumerate(self.source.part(part))
            ]
        except MediaError as error:  # raised in a loading process, its message would become a traceback
            return error

    def __len__(self) -> int:
        return self.source.parts()

    def _inspect(self, item: Item, where: int) -> InspectedItem:
        try:
            file = _read(item)
        except OSError as error:
            if error.errno in _EXHAUSTED:
                raise MediaError(f"{item.name}: cannot be read now: {error.strerror}") from error
            return InspectedItem(item.name, item.label, where, reason="unreadable")
        try:
            with Image.open(file) as image:
                if image.width * image.height > MOST_PIXELS:
                    return InspectedItem(item.name, item.label, where, reason="too large")
                short, picture = min(image.size), _decode(image, self.side)
        except Exception:  # noqa: BLE001 (Pillow raises SyntaxError, ValueError, struct.error, ... for damaged files)
            return InspectedItem(item.name, item.label, where, reason="broken")
        extent = (picture.shape[0], picture.shape[1])
        kept = picture if self.keep else None
        return InspectedItem(item.name, item.label, where, extent, kept, _rejection(picture, short))


def _read(item: Item) -> BinaryIO:
    """Read a file before it is decoded, to tell an error of the disk from a damaged picture."""
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
    """The orientation in the EXIF tag; 1 if the EXIF is too damaged to be read."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001 (Pillow raises SyntaxError, struct.error, ... for damaged EXIF)
        return 1


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert with the file's profile, as the service does; a damaged profile, or one of another space, is ignored."""
    if profile:
        with suppress(OSError, ImageCms.PyCMSError):
            embedded, srgb = ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB")
            intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
            return ImageCms.buildTransform(embedded, srgb, image.mode, "RGB", intent).apply(image)
    return image.convert("RGB")


def _rejection(picture: Picture, short: int) -> str:
    """Why a picture is not usable; `short` is the short side in its file."""
    if short < MIN_SIDE:
        return "tiny"
    if np.abs(picture - picture.mean(axis=2, keepdims=True)).mean() < MIN_CHROMA:
        return "grey"
    return ""
