"""Upkeep: what is done now and then, unasked: old jobs are deleted, times corrected, and left work folders removed."""

from __future__ import annotations

import time

from daemon.config.settings import Config
from daemon.jobs.retries import longest_delay
from daemon.jobs.workspace import Sweeper
from daemon.journal.journal import Journal
from daemon.journal.maintenance import Pruning, correct_due_times


class Upkeep:
    """The upkeep of one journal and of the work folders of its jobs, every `watching.rescan_seconds`."""

    def __init__(self, config: Config, journal: Journal) -> None:
        self._journal = journal
        self._sweeper = Sweeper(config.state)
        self._due = 0.0
        """When it is done next, by the monotonic clock."""
        self.reconfigure(config)

    def reconfigure(self, config: Config) -> None:
        """Apply another configuration."""
        self._config = config
        self._pruning = Pruning(config)

    def hasten(self) -> None:
        """Make it due now."""
        self._due = 0.0

    def seconds_until_due(self) -> float:
        """Seconds until it is done next; negative if it is late."""
        return self._due - time.monotonic()

    def do_if_due(self) -> None:
        """Do it, if it is time."""
        if self.seconds_until_due() > 0:
            return
        self._due = time.monotonic() + self._config.watching.rescan_seconds
        correct_due_times(self._journal.database, time.time(), longest_delay(self._config))
        self._pruning.step(self._journal.database, time.time())
        self._sweeper.start(self._journal.outputs(folder.output for folder in self._config.folders))
