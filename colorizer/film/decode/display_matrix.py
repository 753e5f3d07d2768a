"""The display matrix of a frame: how it is turned, mirrored and moved for display."""

from __future__ import annotations

import struct
from typing import cast

from av.sidedata.sidedata import SideDataContainer
from av.sidedata.sidedata import Type as SideData
from av.video.frame import VideoFrame


def display_matrix(frame: VideoFrame) -> tuple[int, ...] | None:
    """The nine numbers of libav's display matrix, row by row; None if the frame has none."""
    side_data = cast("SideDataContainer", frame.side_data)
    if SideData.DISPLAYMATRIX not in side_data:
        return None
    return struct.unpack("=9i", bytes(side_data[SideData.DISPLAYMATRIX]))
