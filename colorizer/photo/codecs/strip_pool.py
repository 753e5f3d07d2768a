"""Strips of a picture, which are encoded or decoded in several threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import pyvips
import torch
from numpy.typing import NDArray

from colorizer.photo.picture import Strip

STRIP_BYTES = 1 << 20
"""About the bytes of the samples of a strip."""
_AHEAD = 16
"""Strips that are read before the first of them is needed, so that the threads which compute wait for none."""
_Done = TypeVar("_Done")


def encoded_strips(strips: Iterable[Strip], encode: Callable[[NDArray[Any]], bytes]) -> Iterator[bytes]:
    """Compute and encode strips, each in one of several threads; only a few are in memory.

    Args:
        strips: of a picture.
        encode: encodes the samples of one, (n, W, 3), in any thread.

    Yields:
        The encoded strips in their order.

    """
    return in_threads(partial(_encoded, strip, encode) for strip in strips)


def _encoded(strip: Strip, encode: Callable[[NDArray[Any]], bytes]) -> bytes:
    return encode(strip())


def in_threads(steps: Iterable[Callable[[], _Done]]) -> Iterator[_Done]:
    """Do steps in as many threads as torch has, while the next ones are made; yields what they return, in order."""
    with ThreadPoolExecutor(torch.get_num_threads(), "strips") as pool:
        waiting: deque[Future[_Done]] = deque()
        for step in steps:
            waiting.append(pool.submit(step))
            if len(waiting) == _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def srgb_profile() -> bytes:
    """The profile of sRGB that libvips gives to results."""
    profile: bytes = pyvips.Operation.call("profile_load", "srgb")
    return profile
