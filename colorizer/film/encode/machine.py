"""What colours and encodes a film here, in words: segments of one film may come from different machines."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import av
import torch

from colorizer.film.encode.presets import name_of
from colorizer.model.device import bfloat16_is_faster


def machine_of(device: torch.device, codec: str) -> str:
    """Name the processor, how it computes, and the encoder with its version.

    Args:
        device: where the network runs.
        codec: libav's name of the encoder.

    """
    libav = ".".join(map(str, av.library_versions["libavcodec"]))
    precision = "bfloat16" if bfloat16_is_faster(device) else "float32"
    processor = _processor()
    if device.type != "cpu":
        processor = f"{_accelerator(device)} and {processor}"
    return f"{processor} ({precision}), {name_of(codec)} of libavcodec {libav}"


def describe_machines(machines: Iterable[str]) -> tuple[str, ...]:
    """A note for the report of a film whose segments different machines have made."""
    different = sorted(set(machines))
    if len(different) < 2:
        return ()
    return (f"coloured on different processors, whose results differ by rounding: {'; '.join(different)}",)


@cache
def _processor() -> str:
    """The processor and the instructions that torch uses."""
    return f"{_model(Path('/proc/cpuinfo'))}, {torch.backends.cpu.get_cpu_capability()}"


def _model(cpuinfo: Path) -> str:
    """The processor's name; that of its architecture where the system does not say."""
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:  # another system than Linux
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def _accelerator(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
