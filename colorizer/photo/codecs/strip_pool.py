"""Strips of a picture, which are encoded in several threads while the next ones are computed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pyvips
import torch
from numpy.typing import NDArray


def encoded_strips(strips: Iterator[NDArray[Any]], encode: Callable[[NDArray[Any]], bytes]) -> Iterator[bytes]:
    """Encode strips in as many threads as torch has; only a few strips are in memory.

    Args:
        strips: samples, (n, W, 3).
        encode: encodes a strip, in any thread.

    Yields:
        The encoded strips in their order.

    """
    threads = torch.get_num_threads()
    if threads == 1:
        yield from map(encode, strips)
        return
    with ThreadPoolExecutor(threads, "strips") as pool:
        running: deque[Future[bytes]] = deque()
        for strip in strips:
            running.append(pool.submit(encode, strip))
            if len(running) > 2 * threads:
                yield running.popleft().result()
        for future in running:
            yield future.result()


def srgb_profile() -> bytes:
    """The profile of sRGB that libvips gives to results."""
    profile: bytes = pyvips.Operation.call("profile_load", "srgb")
    return profile
