"""How a cluster grows: measured service times, a simulation of 10, 100 and 1,000 slots, and the page that shows both.

It reads `benchmarks/results/cluster.json`, which `benchmarks.cluster` and `benchmarks.cluster_costs` have written, and
writes the tables and plots of `docs/cluster-growth.md`. It takes about two minutes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.cluster_files import RESULT, SHELF_FILM, SHELF_PHOTOGRAPHS, SMALL_FILM, Film
from benchmarks.cluster_simulation import Cluster, Costs, Outcome, Shelf
from colorizer.film.cuts import work_of

_DOCS = Path(__file__).parents[1] / "docs"
_SLOTS = (10, 30, 100, 300, 1000)
_STORES = (110e6, 1100e6)
"""Bytes a second: one and ten gigabits a second of network."""
_HOURS, _PHOTOGRAPHS = 10_000, 10_000_000
_TASKS_PER_SLOT = 200
"""Batches of photographs for each slot in a sample of the shelf."""
_LENGTHS = (10, 20, 30, 60, 90, 100, 120, 170)
"""Minutes of the films on the shelf; there are as many of each."""
_PART_SECONDS, _PART_WORK = 60, 3_000_000_000
"""Least length of a part, as in `colorizer.film.outline`; a span is twice as long."""


@dataclass(frozen=True, slots=True)
class Run:
    """One simulated cluster."""

    slots: int
    store: float
    """Bytes a second."""
    cluster: Cluster
    outcome: Outcome
    sample: float
    """The share of the files that was simulated."""

    @property
    def days(self) -> float:
        """Time for all files: in proportion while files wait; the last films take as long as in the sample."""
        waiting = self.outcome.queue_empty_at
        return (waiting / self.sample + self.outcome.seconds - waiting) / 86_400

    def share(self, busy: float) -> float:
        """Of the time, how long one server is busy."""
        return busy / self.outcome.seconds

    @property
    def photographs(self) -> float:
        """A second."""
        return self.outcome.photographs / self.outcome.seconds

    @property
    def efficiency(self) -> float:
        """Share of the slots' time in which they colour or plan."""
        return (self.outcome.colouring + self.outcome.planning) / (self.slots * self.outcome.seconds)


def main() -> None:
    """Simulate, plot, and write the page's tables."""
    found = json.loads(RESULT.read_text())
    costs = costs_of(found, "photographs", "a film")
    sizes = [(slots, store) for store in _STORES for slots in _SLOTS]
    runs = {
        "shelf": [_sample(costs, slots, store, _HOURS) for slots, store in sizes],
        "photographs": [_sample(costs, slots, store, 0) for slots, store in sizes],
        "film": [simulate(costs, _shelf(0, _films(1.5, (90,))), slots, _STORES[-1]) for slots in (1, *_SLOTS)],
    }
    for name in ("shelf", "photographs"):
        _plot(runs[name], _DOCS / f"cluster-growth-{name}.svg")
    _write(
        _DOCS / "cluster-growth.md",
        machine=_machine(found),
        validation=_validation(found),
        costs=_costs(found),
        **{name: _table(some) for name, some in runs.items() if name != "film"},
        film=_film_table(runs["film"]),
    )


def costs_of(found: dict[str, Any], photographs: str, film: str) -> Costs:
    """The service times that were measured, of files of some size."""
    photo, frame, queue = found[f"costs of {photographs}"], found[f"costs of {film}"], found["queue of 100000"]
    run = found["photographs 1"]
    return Costs(
        photograph=photo["seconds"],
        batch=photo["batch"],
        photograph_read=photo["read"],
        photograph_written=photo["written"],
        frame=frame["seconds"],
        plan=frame["plan"],
        join=frame["join"],
        frame_read=frame["read"],
        frame_written=frame["written"],
        start=queue["start"],
        end=queue["end"],
        message=run["driver"] / run["jobs"],
    )


def part_of(film: Film) -> int:
    """Frames of a part of a film of this size."""
    return min(_PART_SECONDS * film.rate, _PART_WORK // work_of(film.width, film.height))


def simulate(costs: Costs, shelf: Shelf, slots: int, store: float, sample: float = 1.0) -> Run:
    """Do a shelf, or a sample of it, on a cluster."""
    cluster = Cluster(costs, shelf, slots, store)
    return Run(slots, store, cluster, cluster.run(), sample)


def _sample(costs: Costs, slots: int, store: float, hours: float) -> Run:
    """Do a sample of a shelf that is large enough for so many slots."""
    sample = min(1.0, max(0.02, slots * _TASKS_PER_SLOT * costs.batch / _PHOTOGRAPHS))
    return simulate(costs, _shelf(round(_PHOTOGRAPHS * sample), _films(hours * sample)), slots, store, sample)


def _shelf(photographs: int, films: Sequence[int]) -> Shelf:
    part = part_of(SHELF_FILM)
    return Shelf(photographs, films, part, 2 * part)


def validate(found: dict[str, Any]) -> Iterable[tuple[str, float, float]]:
    """Names of the measured runs, the seconds that were measured, and those that the simulation gives."""
    costs = costs_of(found, "small photographs", "a small film")
    for name in ("photographs 1", "photographs 2", "film 1", "film 2"):
        run = found[name]
        is_film = name.startswith("film")
        part = part_of(SMALL_FILM)
        shelf = Shelf(0 if is_film else run["jobs"], [run["frames"]] if is_film else (), part, 2 * part)
        yield name, run["seconds"], simulate(costs, shelf, run["slots"], float("inf")).outcome.seconds


def _films(hours: float, lengths: Sequence[int] = _LENGTHS) -> list[int]:
    """Numbers of frames of so many hours of film."""
    count = round(hours * 60 * len(lengths) / sum(lengths))
    return [lengths[number % len(lengths)] * 60 * SHELF_FILM.rate for number in range(count)]


def _plot(runs: Sequence[Run], path: Path) -> None:
    mpl.rcParams["svg.hashsalt"] = "tintd"  # the same figures give the same file
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for store, style in zip(_STORES, ("--", "-"), strict=True):
        some = [run for run in runs if run.store == store]
        slots, name = [run.slots for run in some], f"store of {store / 1e6:.0f} MB/s"
        left.loglog(slots, [run.days for run in some], style, marker="o", label=name)
        for what, colour in (("store", "C0"), ("service", "C1"), ("driver", "C2")):
            busy = [100 * run.share(getattr(run.cluster, what).busy) for run in some]
            right.semilogx(slots, busy, style, color=colour, marker="o", label=f"{what}, {name}")
    ideal = runs[-len(_SLOTS)]
    days = [ideal.days * ideal.slots / slots for slots in _SLOTS]
    left.loglog(_SLOTS, days, ":", color="grey", label="in proportion to the slots")
    left.set(xlabel="slots", ylabel="days", title="Time for all")
    right.set(xlabel="slots", ylabel="busy, % of the time", title="What limits it")
    for axes in (left, right):
        axes.grid(visible=True, alpha=0.3)
        axes.legend(fontsize=7)
    figure.savefig(path, metadata={"Date": None})


def _table(runs: Sequence[Run]) -> str:
    rows = [
        (
            f"{run.store / 1e6:.0f}",
            f"{run.slots}",
            f"{run.days:.2f}",
            f"{run.photographs:.1f}",
            f"{run.outcome.frames / run.outcome.seconds:.0f}",
            f"{run.efficiency:.0%}",
            f"{run.share(run.cluster.store.busy):.0%}",
            f"{run.share(run.cluster.service.busy):.0%}",
            f"{run.share(run.cluster.driver.busy):.0%}",
            f"{run.cluster.service.waits / max(1, run.cluster.service.asked):.2f}",
            f"{run.cluster.store.waits / max(1, run.cluster.store.asked):.2f}",
            f"{run.outcome.commits / run.outcome.seconds:.1f}",
            f"{run.outcome.joining / (run.slots * run.outcome.seconds):.1%}",
        )
        for run in runs
    ]
    head = (
        "store, MB/s | slots | days | photographs/s | frames/s | slots colour | store busy | service busy "
        "| driver busy | wait for service, s | for store, s | commits/s | slots join"
    )
    return _markdown(head, rows)


def _film_table(runs: Sequence[Run]) -> str:
    alone = runs[0].outcome.seconds
    rows = [
        (f"{run.slots}", f"{run.outcome.seconds / 60:.1f}", f"{alone / run.outcome.seconds:.1f}", *_thirds(run))
        for run in runs
    ]
    return _markdown("slots | minutes | speed-up | planning, minutes | joining, minutes", rows)


def _thirds(run: Run) -> tuple[str, str]:
    return f"{run.outcome.planning / 60:.1f}", f"{run.outcome.joining / 60:.1f}"


def _validation(found: dict[str, Any]) -> str:
    rows = []
    for name, measured, simulated in validate(found):
        run = found[name]
        one = found[f"{name.partition(' ')[0]} 1"]
        rows.append(
            (
                f"{run['frames']} {'frames of a film' if name.startswith('film') else 'photographs'}",
                f"{run['slots']}",
                f"{measured:.1f}",
                f"{one['seconds'] / measured:.2f}",
                f"{run['nodes']:.1f}",
                f"{run['others']:.0%}",
                f"{simulated:.1f}",
                f"{simulated / measured - 1:+.0%}",
            )
        )
    head = (
        "what | slots | seconds | speed-up | processor seconds of the nodes | of the machine, used by others "
        "| simulated seconds | error"
    )
    return _markdown(head, rows)


def _costs(found: dict[str, Any]) -> str:
    costs = costs_of(found, "photographs", "a film")
    photo, film, queue = SHELF_PHOTOGRAPHS, SHELF_FILM, found["queue of 100000"]
    rows = [
        (f"a photograph of {photo.width} x {photo.height}, on a slot", _ms(_mean(costs.photograph))),
        (f"a frame of {film.width} x {film.height}, coloured on a slot", _ms(_mean(costs.frame))),
        ("the same, planned", _ms(costs.plan)),
        ("the same, joined and compared", _ms(costs.join)),
        ("the start of a job, in the service", _ms(costs.start)),
        ("the end of a job, in the service", _ms(costs.end)),
        ("of these, one commit of the journal", _ms(queue["commit"])),
        ("a job, in the driver", _ms(costs.message)),
        (
            "bytes read and written for a photograph",
            f"{costs.photograph_read / 1e6:.2f} MB, {costs.photograph_written / 1e6:.2f} MB",
        ),
        ("bytes read and written for a frame", f"{costs.frame_read / 1e3:.0f} kB, {costs.frame_written / 1e3:.0f} kB"),
    ]
    return _markdown("what | measured", rows)


def _machine(found: dict[str, Any]) -> str:
    machine = found["machine"]
    precision = "bfloat16" if machine["bfloat16"] else "float32"
    return f"Measured on: {machine['processor']}, one core for each slot, {precision}, PyTorch {machine['torch']}."


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.2f} ms"


def _markdown(head: str, rows: Iterable[Sequence[str]]) -> str:
    columns = head.count("|") + 1
    lines = [f"| {head} |", "|" + "---|" * columns, *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines)


def _write(page: Path, **parts: str) -> None:
    """Replace what stands between the marks of each part."""
    text = page.read_text()
    for name, part in parts.items():
        before, begin, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- /{name} -->")
        text = f"{before}{begin}{part}\n{end}{after}"
    page.write_text(text)


if __name__ == "__main__":
    main()
