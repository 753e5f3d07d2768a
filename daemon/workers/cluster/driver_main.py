"""The main function of the driver: the process of the service that is connected to the Ray cluster."""

from __future__ import annotations

import asyncio
import os
import sys
from multiprocessing.connection import Connection

from daemon.workers.child import begin_child
from daemon.workers.cluster.connection import ClusterUnreachableError, connect
from daemon.workers.cluster.messages import ClusterSpec, Connected
from daemon.workers.cluster.probes import remove_old_probes
from daemon.workers.messages import StartFailed


def main(connection: Connection, spec: ClusterSpec) -> None:
    """Connect to the cluster, and give its slots what the service sends, until the service closes the connection."""
    begin_child()
    _silence()
    try:
        connect(spec.address, spec.runtime_env)
    except ClusterUnreachableError as error:
        connection.send(StartFailed(str(error)))
        return
    import ray  # noqa: PLC0415 (in this process only: it is large, and ends its process when the head is away)

    from daemon.workers.cluster.driver import Driver  # noqa: PLC0415 (it imports Ray)

    remove_old_probes(spec.folders)
    connection.send(Connected(sum(bool(node["Alive"]) for node in ray.nodes())))
    asyncio.run(Driver(connection, spec).run())
    ray.shutdown()


def _silence() -> None:
    """Keep what Ray prints out of the service's log; Ray's own logs, in its session folder, have it all."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
