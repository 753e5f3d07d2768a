"""Speed and loss of a run, for the logs and the terminal."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


@dataclass
class Throughput:
    """Speed and losses since the last log line."""

    step: int
    """Step of the last log line."""
    batch: int
    """Samples of one step."""
    losses: list[float] = field(default_factory=list)
    logged_at: float = field(default_factory=time.monotonic)
    saved_at: float = field(default_factory=time.monotonic)

    def figures(self, step: int) -> dict[str, float]:
        """Mean loss and speed since the last call, which then start again."""
        now = time.monotonic()
        speed = (step - self.step) * self.batch / (now - self.logged_at)
        figures = {"loss": statistics.fmean(self.losses), "photographs_per_second": speed}
        self.step, self.logged_at, self.losses = step, now, []
        return figures


def progress_bar(*, disable: bool) -> Progress:
    """A bar with the loss, drawn on a terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.3f}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        disable=disable,
    )
