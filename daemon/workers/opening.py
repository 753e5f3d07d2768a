"""The executor that is configured: workers of this machine, or slots on a Ray cluster."""

from __future__ import annotations

from daemon.config.settings import Config
from daemon.workers.executor import Executor
from daemon.workers.film_sharing import FilmSharing
from daemon.workers.pool import WorkerPool


def open_executor(config: Config) -> Executor:
    """Make the executor that is configured; it is not started yet.

    Raises:
        ClusterError: it is Ray, which is not installed.

    """
    if config.work.executor == "local":
        return FilmSharing(WorkerPool((folder.colour for folder in config.folders), config.work))
    from daemon.workers.cluster.executor import ClusterExecutor  # noqa: PLC0415 (it costs memory where it is used)

    return FilmSharing(ClusterExecutor(config))
