"""Whether a muxer accepts a stream, tried on a container in memory."""

from __future__ import annotations

import io
from collections.abc import Callable

import av
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream


def muxer_accepts(container: str, add: Callable[[OutputContainer], object]) -> bool:
    """Whether a kind of container (libav's name of its muxer) accepts the streams that `add` adds to it."""
    try:
        with av.open(io.BytesIO(), "w", format=container) as trial:
            add(trial)
            trial.start_encoding()
    except (ValueError, av.error.FFmpegError):
        return False
    return True


def muxer_writes(container: str, add: Callable[[OutputContainer], Stream]) -> bool:
    """Whether a kind of container accepts the stream that `add` adds, and writes packets of it.

    QuickTime's takes some sound of WAV and AVI files, such as Microsoft's ADPCM, and then refuses its packets.
    """
    is_accepted = False
    try:
        with av.open(io.BytesIO(), "w", format=container) as trial:
            stream = add(trial)
            trial.start_encoding()
            is_accepted = True
            trial.mux(_silence(stream))
    except av.error.PatchWelcomeError:
        return False
    except (ValueError, av.error.FFmpegError):  # a packet of zeros is no sound of most kinds
        return is_accepted
    return True


def _silence(stream: Stream) -> Packet[Stream]:
    packet = Packet(bytes(1024))
    packet.stream = stream
    packet.pts, packet.dts, packet.duration = 0, 0, 1
    return packet
