"""Whether a muxer accepts a stream, tried on a container in memory."""

from __future__ import annotations

import io
from collections.abc import Callable

import av
from av.container import OutputContainer


def muxer_accepts(container: str, add: Callable[[OutputContainer], object]) -> bool:
    """Whether a kind of container (libav's name of its muxer) accepts the streams that `add` adds to it."""
    try:
        with av.open(io.BytesIO(), "w", format=container) as trial:
            add(trial)
            trial.start_encoding()
    except (ValueError, av.error.FFmpegError):
        return False
    return True
