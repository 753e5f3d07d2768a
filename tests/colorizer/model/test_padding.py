"""Tests of colorizer/model/padding.py."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from colorizer.model.padding import crop, pad

sizes = st.integers(1, 70)
strides = st.sampled_from([1, 2, 3, 32])


@given(sizes, sizes, strides)
def test_any_size_is_padded_and_cropped_back(height: int, width: int, stride: int) -> None:
    """From 1 x 1 up, both sides become the next multiples of the stride, and the picture comes back unchanged."""
    picture = torch.arange(height * width).reshape(1, height, width)
    padded, padding = pad(picture, stride)
    assert padded.shape[1:] == (-(-height // stride) * stride, -(-width // stride) * stride)
    assert torch.equal(crop(padded, padding), picture)


@given(sizes, sizes)
def test_the_border_is_a_reflection(height: int, width: int) -> None:
    """The padding is numpy's reflection."""
    picture = torch.arange(height * width).reshape(height, width)
    padded, padding = pad(picture, 32)
    missing = [(padding.top, -height % 32 - padding.top), (padding.left, -width % 32 - padding.left)]
    assert np.array_equal(padded.numpy(), np.pad(picture.numpy(), missing, mode="reflect"))
