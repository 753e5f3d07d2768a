"""A look at a Ray cluster for `tintd check`: its nodes, how many slots they have room for, and what each node sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from daemon.config.settings import Config
from daemon.config.work import RaySettings
from daemon.workers.cluster.connection import ClusterUnreachableError, connect
from daemon.workers.cluster.messages import SharedFolder
from daemon.workers.cluster.probes import Probe, find_fault, probes
from daemon.workers.cluster.versions import Versions, find_difference, own_versions

_ANSWER_SECONDS = 60.0
"""Seconds within which a node must have answered."""


@dataclass(frozen=True, slots=True)
class ClusterFinding:
    """What was found out about the cluster, in one line for people."""

    is_good: bool
    text: str


def inspect_cluster(config: Config) -> Iterator[ClusterFinding]:
    """Connect to the configured cluster, and look at each of its nodes."""
    if find_spec("ray") is None:
        yield ClusterFinding(
            is_good=False, text="Ray is not installed: install tintd[ray] (it needs Python 3.11 or 3.12)"
        )
        return
    address = config.ray.address
    try:
        connect(address, {})
    except ClusterUnreachableError as error:
        yield ClusterFinding(is_good=False, text=f"{error}. Ray must run here, too (`ray start`)")
        return
    import ray  # noqa: PLC0415 (it is large)

    try:
        nodes: list[dict[str, Any]] = [node for node in ray.nodes() if node["Alive"]]
        yield ClusterFinding(is_good=True, text=f"cluster {address}: {len(nodes)} nodes, Ray {ray.__version__}")
        yield _room(nodes, config.ray)
        folders = [SharedFolder(folder.input, _existing(folder.output)) for folder in config.folders]
        with probes(folders, config.ray.paths) as made:
            for node in nodes:
                yield from _node(node, folders, made)
    finally:
        ray.shutdown()


def slots_on(resources: dict[str, float], settings: RaySettings) -> int:
    """Number of slots for which a node has the processors and GPUs."""
    room = resources.get("CPU", 0.0) / settings.cpus_per_slot
    if settings.gpus_per_slot:
        room = min(room, resources.get("GPU", 0.0) / settings.gpus_per_slot)
    return int(room)


def _existing(output: Path) -> Path:
    """The folder of the results; where tintd has not made it yet, the one in which it will."""
    return next((folder for folder in (output, *output.parents) if folder.is_dir()), output)


def _room(nodes: Sequence[dict[str, Any]], settings: RaySettings) -> ClusterFinding:
    room = sum(slots_on(node["Resources"], settings) for node in nodes)
    more = "" if room >= settings.slots else "; the others wait until there are more nodes"
    return ClusterFinding(
        is_good=room > 0, text=f"ray.slots: {settings.slots} configured, the nodes have room for {room}{more}"
    )


def _node(node: dict[str, Any], folders: Sequence[SharedFolder], made: Sequence[Probe]) -> Iterator[ClusterFinding]:
    """What a node has, and whether it can be used; one without processors has no slots."""
    import ray  # noqa: PLC0415 (it is large)
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # noqa: PLC0415

    resources = node["Resources"]
    name = f"node {node['NodeManagerHostname']} ({node['NodeManagerAddress']})"
    cpus, gpus = resources.get("CPU", 0.0), resources.get("GPU", 0.0)
    if not cpus:
        yield ClusterFinding(is_good=True, text=f"{name}: no processors for slots")
        return
    only_there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
    options: dict[str, Any] = {"num_cpus": 0, "max_retries": 0, "scheduling_strategy": only_there}
    try:
        versions, faults = ray.get(ray.remote(**options)(_look).remote(made), timeout=_ANSWER_SECONDS)
    except Exception as error:  # noqa: BLE001 (Ray has no one class for these)
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        yield ClusterFinding(is_good=False, text=f"{name}: {lines[-1] if lines else 'no answer'}")
        return
    yield ClusterFinding(is_good=True, text=f"{name}: {cpus:g} processors, {gpus:g} GPUs")
    difference = find_difference(own_versions(), versions, name.removeprefix("node "))
    if difference is not None:
        yield ClusterFinding(is_good=False, text=difference)
    for folder, fault in zip(folders, faults, strict=True):
        sees = "sees" if fault is None else "cannot use"
        reason = "" if fault is None else f" ({fault}): mount it there, or name its place in `ray.paths`"
        yield ClusterFinding(is_good=fault is None, text=f"{name} {sees} {folder.input} and {folder.output}{reason}")


def _look(made: Sequence[Probe]) -> tuple[Versions, list[str | None]]:
    """Runs on a node: its versions, and why it cannot use each folder."""
    return own_versions(), [find_fault(probe) for probe in made]
