"""Strips of a picture, which are encoded in several threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import pyvips
import torch
from numpy.typing import NDArray

STRIP_BYTES = 1 << 20
"""About the bytes of the samples of a strip."""
_TOGETHER = 16
"""Strips that are computed, and then encoded. A thread that encodes while others are computed waits for Python's lock,
and takes it from the thread that computes, thousands of times."""


def encoded_strips(strips: Iterator[NDArray[Any]], encode: Callable[[NDArray[Any]], bytes]) -> Iterator[bytes]:
    """Encode strips in as many threads as torch has; only a few strips are in memory.

    Args:
        strips: samples, (n, W, 3).
        encode: encodes a strip, in any thread.

    Yields:
        The encoded strips in their order.

    """
    with ThreadPoolExecutor(torch.get_num_threads(), "strips") as pool:
        while computed := list(islice(strips, _TOGETHER)):
            yield from pool.map(encode, computed)


def srgb_profile() -> bytes:
    """The profile of sRGB that libvips gives to results."""
    profile: bytes = pyvips.Operation.call("profile_load", "srgb")
    return profile
