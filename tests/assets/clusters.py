"""A real Ray cluster of several nodes on this machine, for tests and measurements."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

_OBJECT_STORE = 80 << 20
"""Bytes of a node's object store: paths travel, not pixels."""
_QUICK = {
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 500,
    "health_check_failure_threshold": 6,
}
"""Ray notices within seconds that a node is killed; by default this takes up to a minute."""
_HEAD_SECONDS = 5
"""Seconds after which Ray gives up a head that does not answer, in tests of a lost head. By default they are 60, and a
busy machine needs them: a head may rest for some seconds where many processes start."""
_JOIN_SECONDS = 300
"""Seconds within which a node must have joined the cluster."""


@dataclass
class Nodes:
    """A cluster: a head without slots, and nodes with one slot each."""

    cluster: Any
    nodes: list[Any] = field(default_factory=list)

    @property
    def address(self) -> str:
        """HOST:PORT of the head."""
        return str(self.cluster.address)

    def add(self, count: int = 1) -> None:
        """Add nodes."""
        for _ in range(count):
            node = self.cluster.add_node(num_cpus=1, object_store_memory=_OBJECT_STORE)
            self.nodes.append(node)

    def kill(self, number: int) -> None:
        """Kill a node with all its processes, as a power cut does."""
        self.cluster.remove_node(self.nodes.pop(number), allow_graceful=False)

    def freeze(self, number: int) -> int:
        """Stop the node's connection with the cluster (SIGSTOP); its slots go on. Returns the process."""
        pid: int = self.nodes.pop(number).all_processes["raylet"][0].process.pid
        os.kill(pid, signal.SIGSTOP)
        return pid

    def kill_head(self) -> None:
        """Kill the head."""
        self.cluster.head_node.kill_gcs_server(check_alive=False)


def cluster_of(nodes: int) -> AbstractContextManager[Nodes]:
    """A head without slots, and nodes with one slot each; none of its processes outlives the block."""
    return _cluster(nodes, num_cpus=0)


def head_with_slot(port: int) -> AbstractContextManager[Nodes]:
    """A cluster of a head alone, with one slot, at this port."""
    quick = _QUICK | {"gcs_rpc_server_reconnect_timeout_s": _HEAD_SECONDS}
    return _cluster(0, num_cpus=1, gcs_server_port=port, _system_config=quick)


@contextmanager
def _cluster(nodes: int, **head: Any) -> Iterator[Nodes]:  # noqa: ANN401 (Ray's)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster  # noqa: PLC0415 (where Ray is not installed, its tests are skipped)

    class PatientCluster(Cluster):
        """Waits for a node for longer than Ray's 30 s."""

        def _wait_for_node(self, node: Any, timeout: float = _JOIN_SECONDS) -> None:  # noqa: ANN401 (Ray's)
            super()._wait_for_node(node, timeout)

    options = {"object_store_memory": _OBJECT_STORE, "include_dashboard": False, "_system_config": _QUICK}
    made = Nodes(PatientCluster(initialize_head=True, head_node_args=options | head))
    try:
        made.add(nodes)
        yield made
    finally:
        made.cluster.shutdown()
