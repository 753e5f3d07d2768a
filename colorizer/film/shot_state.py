"""What colouring carries over the edge of a segment within a shot."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ShotState:
    """What the frames before bring to the next frame, which begins a segment: with it, colouring gives the same bits.

    A shot begins with `ShotState()`, which brings nothing. So a shot can be coloured anywhere: its colours depend on
    its own frames alone. A finished segment is stored with the state after its last frame, as JSON.
    """

    height: int = 0
    width: int = 0
    packed: str = ""
    """ab and their weight, float16, (height, width, 3), compressed by zlib, in base 64."""


def pack(ab: NDArray[np.float32], weight: NDArray[np.float32]) -> ShotState:
    """Make a state of colours (2, h, w), carried to the next frame, and their weight (h, w)."""
    samples = np.stack((*ab, weight), axis=2).astype("<f2")
    packed = base64.b64encode(zlib.compress(samples.tobytes(), 1)).decode()
    return ShotState(samples.shape[0], samples.shape[1], packed)


def unpack(state: ShotState) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """The colours and their weight as `pack` rounded them; None at the beginning of a shot."""
    if not state.packed:
        return None
    samples = np.frombuffer(zlib.decompress(base64.b64decode(state.packed)), "<f2").astype(np.float32)
    planes = np.ascontiguousarray(np.moveaxis(samples.reshape(state.height, state.width, 3), -1, 0))
    return planes[:2], planes[2]
