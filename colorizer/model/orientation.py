"""The orientation of a picture: a stored picture is turned upright for the network, and its colours are turned back."""

from __future__ import annotations

from collections.abc import Sequence
from math import atan2, pi

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


def orientation_of(matrix: Sequence[int]) -> int:
    """The orientation that is nearest to a film's display matrix.

    Args:
        matrix: nine numbers, row by row, that map a stored position (x, y, 1) to its position on the display (ISO/IEC
            14496-12, 6.2.2).

    """
    right, down, across = matrix[0], matrix[1], matrix[3]
    mirrored = right * matrix[4] < down * across
    turns = round(atan2(-down, right) / (pi / 2)) if not mirrored else round(atan2(down, -right) / (pi / 2))
    return next(number for number, turn in _UPRIGHT.items() if turn == (turns % 4, mirrored))


def turned(orientation: int, turn: int) -> int:
    """The orientation of pictures that lie turned by quarter turns counter-clockwise after they were oriented."""
    turns, mirrored = _UPRIGHT.get(orientation, (0, False))
    return next(number for number, upright in _UPRIGHT.items() if upright == ((turns - turn) % 4, mirrored))


def orient(picture: Tensor, orientation: int) -> Tensor:
    """Turn a stored picture (..., H, W) upright; an orientation that does not exist counts as upright."""
    turns, mirrored = _UPRIGHT.get(orientation, (0, False))
    picture = picture.flip(-1) if mirrored else picture
    return picture.rot90(turns, (-2, -1)) if turns else picture  # by no turn, it would be copied


def unorient(picture: Tensor, orientation: int) -> Tensor:
    """Undo `orient`."""
    turns, mirrored = _UPRIGHT.get(orientation, (0, False))
    picture = picture.rot90(-turns, (-2, -1)) if turns else picture
    return picture.flip(-1) if mirrored else picture
