"""Strips of a picture, which are computed and encoded in several threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import pyvips
import torch
from numpy.typing import NDArray

from colorizer.photo.picture import Strip

STRIP_BYTES = 1 << 20
"""About the bytes of the samples of a strip."""
_TOGETHER = 16
"""Strips that are read, and then computed and encoded, so that the threads which compute wait for none that reads."""


def encoded_strips(strips: Iterator[Strip], encode: Callable[[NDArray[Any]], bytes]) -> Iterator[bytes]:
    """Compute strips and encode them, in as many threads as torch has; only a few are in memory.

    Args:
        strips: of a picture.
        encode: encodes the samples of one, (n, W, 3), in any thread.

    Yields:
        The encoded strips in their order.

    """
    with ThreadPoolExecutor(torch.get_num_threads(), "strips") as pool:
        while read := list(islice(strips, _TOGETHER)):
            yield from pool.map(lambda strip: encode(strip()), read)


def srgb_profile() -> bytes:
    """The profile of sRGB that libvips gives to results."""
    profile: bytes = pyvips.Operation.call("profile_load", "srgb")
    return profile
