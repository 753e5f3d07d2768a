"""Figures with the bars that they are to keep, and the file in which a machine's figures are kept.

`make bench` writes `benchmarks/results/MACHINE.json`. A figure that was measured beside busy neighbours is worth
little, so the file says how much of the machine others used meanwhile.
"""

from __future__ import annotations

import json
import re
import resource
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import psutil
import torch
from rich.console import Console
from rich.table import Table

from colorizer.model.device import bfloat16_is_faster, choose_device
from colorizer.processors import available_processors

RESULTS = Path(__file__).parent / "results"
_QUIET = 0.05
"""Greatest share of the machine that others use while it counts as quiet."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured."""

    name: str
    value: float
    unit: str
    bar: float | None = None
    """Greatest value that is good, in the same unit; None where no bar is set."""

    @property
    def holds(self) -> bool:
        """Whether the bar is kept; True where there is none."""
        return self.bar is None or self.value <= self.bar


@dataclass(frozen=True, slots=True)
class Machine:
    """What the figures were measured on."""

    processor: str
    processors: int
    bfloat16: bool
    """Whether the network computes in bfloat16."""
    device: str
    torch: str


def processor_seconds() -> float:
    """Processor time of this process, all its threads, and its processes that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


class Cost(NamedTuple):
    """What some work took."""

    seconds: float
    processor: float
    """Seconds of processor time."""


def cost_of(work: Callable[[], None]) -> Cost:
    """Do some work, and measure it."""
    begun, used = time.perf_counter(), processor_seconds()
    work()
    return Cost(time.perf_counter() - begun, processor_seconds() - used)


def _busy() -> float:
    """Processor time of the whole machine, with what its host took, in seconds."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + getattr(times, "steal", 0))


@dataclass(slots=True)
class Neighbours:
    """How much of the machine other processes use while something is measured."""

    begun: float = field(default_factory=time.perf_counter)
    busy: float = field(default_factory=_busy)
    own: float = field(default_factory=processor_seconds)

    def share(self) -> float:
        """The share of all processors that others have used since the beginning, 0..1."""
        others = (_busy() - self.busy) - (processor_seconds() - self.own)
        return max(0.0, others / (time.perf_counter() - self.begun) / (psutil.cpu_count() or 1))


def this_machine() -> Machine:
    """Describe the machine."""
    device = choose_device("auto")
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return Machine(_processor(), available_processors(), bfloat16_is_faster(device), name, version("torch"))


def print_figures(figures: Iterable[Figure]) -> None:
    """Print all figures, each with its bar and whether it is kept."""
    table = Table("figure", "value", "bar", "", title="All figures")
    for one in figures:
        bar = "" if one.bar is None else f"{one.bar:g}"
        verdict = "" if one.bar is None else "kept" if one.holds else f"missed: {one.value / one.bar:.2f} of the bar"
        table.add_row(one.name, f"{one.value:.3g} {one.unit}".strip(), bar, verdict)
    Console().print(table)


def write_figures(figures: Iterable[Figure], machine: Machine, neighbours: float, folder: Path = RESULTS) -> Path:
    """Write the file of this machine.

    Args:
        figures: what was measured.
        machine: on what.
        neighbours: share of the machine that others used meanwhile.
        folder: where.

    """
    folder.mkdir(exist_ok=True)
    words = f"{machine.processor} {machine.processors} {machine.device}"
    path = folder / f"{re.sub(r'[^a-z0-9]+', '-', words.lower()).strip('-')}.json"
    content = {
        "measured": datetime.now(UTC).date().isoformat(),
        "machine": asdict(machine),
        "quiet": neighbours <= _QUIET,
        "used by others": round(neighbours, 3),
        "figures": [{**asdict(one), "value": round(one.value, 4), "holds": one.holds} for one in figures],
    }
    path.write_text(json.dumps(content, indent=2) + "\n")
    return path


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
