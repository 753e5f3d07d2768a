"""EXIF orientation: a stored picture turned upright for the network, and the answer laid back over the stored one."""

from __future__ import annotations

from torch import Tensor

# Quarter turns counter-clockwise, after an optional mirroring left to right, that turn each orientation upright
# (CIPA DC-008, 4.6.4 A, tag 274).
_UPRIGHT = {
    1: (0, False),
    2: (0, True),
    3: (2, False),
    4: (2, True),
    5: (1, True),
    6: (3, False),
    7: (3, True),
    8: (1, False),
}


def upright(picture: Tensor, orientation: int) -> Tensor:
    """Turn a stored picture (..., H, W) upright; an orientation that does not exist counts as upright."""
    turns, mirrored = _UPRIGHT.get(orientation, (0, False))
    picture = picture.flip(-1) if mirrored else picture
    return picture.rot90(turns, (-2, -1))


def lay_back(picture: Tensor, orientation: int) -> Tensor:
    """Undo `upright`."""
    turns, mirrored = _UPRIGHT.get(orientation, (0, False))
    picture = picture.rot90(-turns, (-2, -1))
    return picture.flip(-1) if mirrored else picture
