"""What a decoded frame carries beside its samples: display matrix, closed captions, Dolby Vision."""

from __future__ import annotations

import struct
from typing import cast

from av.sidedata.sidedata import SideDataContainer, Type
from av.video.frame import VideoFrame


def display_matrix(frame: VideoFrame) -> tuple[int, ...] | None:
    """How a frame is turned, mirrored and moved to be shown: nine numbers in libav's order, or None."""
    side_data = _side_data(frame)
    if Type.DISPLAYMATRIX not in side_data:
        return None
    return struct.unpack("=9i", bytes(side_data[Type.DISPLAYMATRIX]))


def has_captions(frame: VideoFrame) -> bool:
    """Whether a frame carries closed captions (A53)."""
    return Type.A53_CC in _side_data(frame)


def is_dolby_vision(frame: VideoFrame) -> bool:
    """Whether a frame carries Dolby Vision's metadata."""
    return Type.DOVI_METADATA in _side_data(frame)


def _side_data(frame: VideoFrame) -> SideDataContainer:
    return cast("SideDataContainer", frame.side_data)


def _unknown_type(cls: type[Type], value: object) -> Type:
    """A member of the enumeration for a type of side data that has no name there."""
    member = object.__new__(cls)
    member._name_ = f"UNKNOWN_{value}"
    member._value_ = value  # type: ignore[assignment]
    return member


# libav has more types of side data (31, the EXIF of a camera's film, say) than its Python binding has names, which then
# raises ValueError for all side data of the frame.
Type._missing_ = classmethod(_unknown_type)  # type: ignore[method-assign, assignment]
