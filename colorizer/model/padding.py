"""Padding to the network's stride, and cropping back."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Padding:
    """Rows and columns added around a picture of `height` x `width`."""

    top: int
    left: int
    height: int
    width: int


def pad(picture: Tensor, stride: int) -> tuple[Tensor, Padding]:
    """Reflect a picture's borders until both sides are multiples of `stride`.

    Args:
        picture: any dtype, (..., H, W), at least 1 x 1.
        stride: the multiple, at least 1.

    Returns:
        The padded picture (..., ceil(H / stride) * stride, ceil(W / stride) * stride) with the original in its middle,
        and the padding, with which `crop` gets the original back.

    """
    height, width = picture.shape[-2:]
    top, left = (-height % stride) // 2, (-width % stride) // 2
    rows = _reflected(height, -top, height + -height % stride - top, picture.device)
    columns = _reflected(width, -left, width + -width % stride - left, picture.device)
    return picture[..., rows, :][..., columns], Padding(top, left, height, width)


def crop(picture: Tensor, padding: Padding) -> Tensor:
    """Cut the original out of a padded picture (..., H, W)."""
    rows = slice(padding.top, padding.top + padding.height)
    columns = slice(padding.left, padding.left + padding.width)
    return picture[..., rows, columns]


def _reflected(size: int, start: int, stop: int, device: torch.device) -> Tensor:
    """Indices start..stop into a line of `size`, mirrored at its ends as often as needed without repeating the ends."""
    period = max(2 * (size - 1), 1)
    index = torch.arange(start, stop, device=device).remainder(period)
    return torch.where(index < size, index, period - index)
