"""What colouring carries from frame to frame within a shot."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ShotState:
    """State of colouring after a frame: with it and the frames that follow, colouring goes on with the same bits.

    It is empty as long as batches of frames are coloured independently. A finished segment is stored with the state
    after its last frame, so its fields must be what JSON can hold. A shot begins with `ShotState()`.
    """
