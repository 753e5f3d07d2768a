"""Messages between the service, the driver and the slots: how the cluster is set up, what is done, and its events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from colorizer.settings import ColourSettings
from daemon.config.work import Work
from daemon.workers.events import Event
from daemon.workers.messages import Died, StartFailed
from daemon.workers.task import Task


@dataclass(frozen=True, slots=True)
class SharedFolder:
    """A watched folder, as nodes see it."""

    input: Path
    output: Path


@dataclass(frozen=True, slots=True)
class SlotSpec:
    """The set-up of a slot; its paths are those of the nodes."""

    colours: tuple[ColourSettings, ...]
    """Colour settings whose weights its worker loads."""
    work: Work
    threads: int
    """Number of its threads that compute."""


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """The set-up of the driver."""

    address: str
    """HOST:PORT of the head, or auto."""
    runtime_env: Mapping[str, Any] = field(hash=False)
    slots: int
    cpus: float
    """Number of processors of a slot."""
    gpus: float
    """Number of GPUs of a slot."""
    slot: SlotSpec
    weights: tuple[Path, ...]
    """Weights files of the slot's colours, on the service's machine."""
    folders: tuple[SharedFolder, ...]
    """The watched folders on the service's machine."""
    paths: Mapping[Path, Path] = field(hash=False)
    """Folders of the service's machine, and where the nodes have them."""


@dataclass(frozen=True, slots=True)
class Assign:
    """Give a slot a task, whose paths are those of the nodes."""

    slot: int
    attempt: int
    task: Task


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop what a slot does."""

    slot: int
    attempt: int


@dataclass(frozen=True, slots=True)
class EndDriver:
    """End the driver, and its slots with it."""


Command = ClusterSpec | Assign | Cancel | EndDriver
"""What the service sends to the driver. A `ClusterSpec` replaces the one with which the driver was started."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The driver has reached the head of the cluster."""

    nodes: int
    """Number of nodes."""


@dataclass(frozen=True, slots=True)
class SlotReady:
    """A slot has loaded its weights and waits for tasks."""

    slot: int
    node: str
    """Name of its node and number of its process, for people."""
    weights: tuple[str, ...]
    """Hashes of the weights, in the order of the colour settings."""
    unseen: Mapping[int, str]
    """Why the node cannot use a folder, by the folder's number in `ClusterSpec.folders`."""


@dataclass(frozen=True, slots=True)
class SlotWaits:
    """A slot cannot do anything at present."""

    slot: int
    reason: str
    is_fault: bool = True
    """Whether a person should know of it."""


@dataclass(frozen=True, slots=True)
class FromSlot:
    """What a slot reports of a task."""

    slot: int
    attempt: int
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class SlotFree:
    """A slot has ended an attempt, and waits for tasks again."""

    slot: int
    attempt: int


@dataclass(frozen=True, slots=True)
class SlotLost:
    """The process of a slot ended during an attempt."""

    slot: int
    attempt: int
    reason: str
    is_node_lost: bool
    """Whether its node is gone, for which no file is to blame."""


Report = Connected | SlotReady | SlotWaits | FromSlot | SlotFree | SlotLost | StartFailed | Died
"""What the driver sends to the service."""
