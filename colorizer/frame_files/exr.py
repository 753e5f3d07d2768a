"""OpenEXR, by its own library: the colours become linear light again, and all else stays in the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import OpenEXR
from numpy.typing import NDArray

from colorizer.durable import unwritable
from colorizer.errors import MediaError, one_line
from colorizer.frame_files.coloured_frame import ColouredFrame, UnreadableFrameError
from colorizer.model.lab import Matrix
from colorizer.report import counted

_COLOURS = ("R", "G", "B")
_KR, _KB = Matrix.BT709.value
_WEIGHTS = np.array([_KR, 1 - _KR - _KB, _KB], np.float32)
"""Weights of linear R, G and B in the luminance of the primaries that a file has without `chromaticities`."""
_TINY = 1e-6
"""Luminance up to which a pixel has no colour."""
_MAKER = "comments"
"""The usual attribute for remarks (OpenEXR, Standard Attributes)."""
_LOSSY = {
    OpenEXR.B44_COMPRESSION: "B44",
    OpenEXR.B44A_COMPRESSION: "B44A",
    OpenEXR.DWAA_COMPRESSION: "DWAA",
    OpenEXR.DWAB_COMPRESSION: "DWAB",
    OpenEXR.PXR24_COMPRESSION: "PXR24",
}
_Plane = NDArray[Any]


def write_exr(frame: ColouredFrame, target: Path) -> tuple[str, ...]:
    """Write a frame: its luminance is that of the original, also where that is brighter than white.

    Attributes, other channels (alpha, depth, layers) and other parts stay as they are.

    Args:
        frame: what is written; its R'G'B' have the curve of sRGB.
        target: the file.

    Returns:
        What the result does not keep, for the report.

    Raises:
        UnreadableFrameError: the original cannot be read, or has no such channels.
        MediaError: the result is damaged.
        OSError: a file cannot be written.

    """
    file, damaged = _read(frame.original)
    part = file.parts[0]
    before = _light(part.channels, frame.original)
    luminance = before[0] if len(before) == 1 else np.tensordot(_WEIGHTS, np.stack(before).astype(np.float32), 1)
    colours = luminance[..., None] * _placed(_ratios(frame.rgb), part, luminance.shape)
    part.channels.pop("Y", None)
    for name, plane in zip(_COLOURS, np.moveaxis(colours, 2, 0), strict=True):
        part.channels[name] = OpenEXR.Channel(name, np.ascontiguousarray(plane.astype(before[0].dtype)))
    notes = (*damaged, *_settle(file))
    if frame.maker:
        said = part.header.get(_MAKER)
        part.header[_MAKER] = f"{said}; {frame.maker}" if isinstance(said, str) and said else frame.maker
    try:
        file.write(str(target))
        _check(part.channels, _read(target)[0].parts[0].channels)
    except (RuntimeError, ValueError, MediaError) as error:
        said = f"{frame.original.name}: its coloured frame did not pass its check ({one_line(str(error))})"
        raise unwritable(str(error)) or MediaError(said) from error
    return notes


def _read(path: Path) -> tuple[Any, list[str]]:
    """A file, and a note on the parts that are damaged: the library leaves them out."""
    try:
        declared = OpenEXR.File(str(path), header_only=True).parts
        file = OpenEXR.File(str(path), separate_channels=True)
    except (RuntimeError, ValueError) as error:
        raise UnreadableFrameError(f"{path.name}: this EXR cannot be read: {one_line(str(error))}") from error
    if not file.parts or file.parts[0].name() != declared[0].name():
        raise UnreadableFrameError(f"{path.name}: this EXR is damaged")
    lost = len(declared) - len(file.parts)
    return file, [f"{counted(lost, 'damaged part')} of the EXR left out"] if lost else []


def _light(channels: dict[str, Any], path: Path) -> list[_Plane]:
    """The channels of light: R, G and B, or Y."""
    names = [name for name in _COLOURS if name in channels] or [name for name in ("Y",) if name in channels]
    found = [channels[name] for name in names]
    if len(found) not in {1, 3} or any(channel.xSampling != 1 or channel.ySampling != 1 for channel in found):
        raise UnreadableFrameError(
            f"{path.name}: this EXR has neither R, G and B nor Y at full size: tintd writes no such frames"
        )
    return [channel.pixels for channel in found]


def _ratios(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """Linear R, G and B for a luminance of 1 (IEC 61966-2-1), (H, W, 3)."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    luminance = linear @ _WEIGHTS
    ratios = linear / np.maximum(luminance, _TINY)[..., None]
    return np.where((luminance > _TINY)[..., None], ratios, 1).astype(np.float32)


def _placed(ratios: NDArray[np.float32], part: Any, shape: tuple[int, ...]) -> NDArray[np.float32]:  # noqa: ANN401
    """The colours of the displayed picture at the place of the stored one; beyond its edge go on those of the edge."""
    data, display = part.header.get("dataWindow"), part.header.get("displayWindow")
    left, top = (int(data[0][axis]) - int(display[0][axis]) if data and display else 0 for axis in (0, 1))
    rows = np.arange(top, top + shape[0]).clip(0, ratios.shape[0] - 1)
    columns = np.arange(left, left + shape[1]).clip(0, ratios.shape[1] - 1)
    return cast("NDArray[np.float32]", ratios[rows[:, None], columns])


def _settle(file: Any) -> Iterator[str]:  # noqa: ANN401
    """Store all parts without loss."""
    lossy = [part for part in file.parts if part.header.get("compression") in _LOSSY]
    for part in lossy:
        name = _LOSSY[part.header["compression"]]
        part.header["compression"] = OpenEXR.ZIP_COMPRESSION
        yield f"{name} became ZIP, which loses nothing"


def _check(written: dict[str, Any], read: dict[str, Any]) -> None:
    for name, channel in written.items():
        if not np.array_equal(channel.pixels, read[name].pixels, equal_nan=channel.pixels.dtype.kind == "f"):
            raise ValueError(f"channel {name} differs")
