"""A worker process as its parent sees it. A codec that crashes ends only this process."""

from __future__ import annotations

from daemon.workers.child import Child
from daemon.workers.messages import Message, WorkerSpec
from daemon.workers.worker_main import main


class Worker(Child[Message]):
    """A worker process, to which tasks are sent: another one when all of the last one has ended."""

    def __init__(self, spec: WorkerSpec) -> None:
        """Start the process, which loads its weights and then sends `Ready`.

        Raises:
            OSError: the system allows no further process, or has no memory for it.

        """
        super().__init__(main, spec, "worker", may_fork=spec.may_fork)
