"""Films of other sizes and lengths: a 480p one, one of 4K, and a 480p one a hundred times as long.

Time is to grow with the frames, as that of decoding and encoding alone does, and memory not at all. Each film is
coloured once, by a worker of its own.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure, cost_of
from benchmarks.film import SETTINGS, reencode
from benchmarks.footage import write_grainy_film
from benchmarks.memory import run_alone
from colorizer.job import Job

_RATE = 25
_PROPORTION = 1.1
"""Greatest good ratio of the long film, against the ratio of the short film."""


@dataclass(frozen=True, slots=True)
class _Film:
    title: str
    width: int
    height: int
    seconds: int


@dataclass(frozen=True, slots=True)
class _Run:
    film: _Film
    floor: float
    """Seconds of decoding and encoding alone."""
    seconds: float
    peak: float
    """MiB."""

    @property
    def ratio(self) -> float:
        """Of its time to that of the floor."""
        return self.seconds / self.floor

    @property
    def frame(self) -> float:
        """Milliseconds of a frame."""
        return 1000 * self.seconds / (self.film.seconds * _RATE)


_SHORT = _Film("480p, 10 s", 854, 480, 10)
_LARGE = _Film("4K, 10 s", 3840, 2160, 10)
_LONG = _Film("480p, 1000 s", 854, 480, 1000)


def main() -> list[Figure]:
    """Print the time and the memory of each film, and what they are in proportion to."""
    short, large, long = (_run(film) for film in (_SHORT, _LARGE, _LONG))
    table = Table("film", "decode and encode alone, s", "coloured, s", "ratio", "ms a frame", "peak, MiB")
    for run in (short, large, long):
        figures = f"{run.floor:.1f}", f"{run.seconds:.1f}", f"{run.ratio:.2f}", f"{run.frame:.1f}"
        table.add_row(run.film.title, *figures, f"{run.peak:.0f}")
    Console().print(table)
    return [
        Figure("480p film / decoding and encoding alone", short.ratio, "times"),
        Figure("4K film / decoding and encoding alone", large.ratio, "times"),
        Figure("480p film of 1000 s / decoding and encoding alone", long.ratio, "times"),
        Figure("ratio of a 480p film of 1000 s / of 10 s", long.ratio / short.ratio, "times", _PROPORTION),
        Figure("memory for a 480p film of 1000 s / of 10 s", long.peak / short.peak, "times", 1.05),
        Figure("memory for a 4K film of 10 s", large.peak, "MiB"),
    ]


def _run(film: _Film) -> _Run:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = write_grainy_film(
            folder / "film.mp4", width=film.width, height=film.height, seconds=film.seconds, rate=_RATE
        )
        floor = cost_of(lambda: reencode(source, folder / "floor.mp4")).seconds
        seconds, peak = run_alone(Job(source, folder / "result", folder / "workspace", SETTINGS))
    return _Run(film, floor, seconds, peak)


if __name__ == "__main__":
    main()
