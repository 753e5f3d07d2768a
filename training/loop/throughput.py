"""How fast a run goes and how it fares, for people who wait for it."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


@dataclass
class Pace:
    """How a run fares since it was last told of."""

    step: int
    batch: int
    losses: list[float] = field(default_factory=list)
    told: float = field(default_factory=time.monotonic)
    saved: float = field(default_factory=time.monotonic)

    def figures(self, step: int) -> dict[str, float]:
        """Mean loss and speed since the last time; what follows is counted anew."""
        now = time.monotonic()
        speed = (step - self.step) * self.batch / (now - self.told)
        found = {"loss": statistics.fmean(self.losses), "photographs_per_second": speed}
        self.step, self.told, self.losses = step, now, []
        return found


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
