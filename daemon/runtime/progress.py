"""The progress of running jobs and of the queue, as values and in words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JobProgress:
    """How far a running job is."""

    job: int
    """The number of the job in the journal."""
    file: str
    """Path of the original."""
    worker: str
    """The worker that has it: process number and device."""
    frames_done: int = 0
    frames: int = 0
    """Number of all frames of a film; 0 if it is unknown, and for photographs."""
    frames_per_second: float | None = None
    """Speed in the last minutes; None while it is unknown. Frames of an earlier attempt do not count."""
    read: float | None = None
    """Share that was read, 0 to 1, of a film that is read through before it is coloured; None where it is not."""

    @property
    def fraction(self) -> float | None:
        """Share of the work that is done, 0 to 1; None if it is unknown."""
        return min(1.0, self.frames_done / self.frames) if self.frames and self.frames_done else None

    @property
    def seconds_left(self) -> float | None:
        """Time until all frames are coloured, at the present speed; None if it is unknown."""
        if not self.frames or not self.frames_per_second:
            return None
        return max(0, self.frames - self.frames_done) / self.frames_per_second

    def describe(self) -> str:
        """Say it in words: "43%, 12.1 frames/s, 2 min left", or "reading, 43%"; empty where nothing is known."""
        if self.read is not None:
            return f"reading, {100 * self.read:.0f}%"
        if not self.frames_done:
            return ""
        parts = [f"frame {self.frames_done}" if self.fraction is None else f"{100 * self.fraction:.0f}%"]
        if self.frames_per_second:
            parts.append(f"{self.frames_per_second:.1f} frames/s")
        if self.seconds_left is not None:
            parts.append(f"{describe_duration(self.seconds_left)} left")
        return ", ".join(parts)


def describe_duration(seconds: float) -> str:
    """A duration for people: "40 s", "12 min", "3 h 20 min", "2 days 4 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} days {hours % 24} h"
