"""How a cluster grows: a simulation of 10, 100 and 1,000 slots on one shelf, from service times that were measured.

It reads `benchmarks/cluster.json`, and writes the plots and the table of `docs/cluster-growth.md`. The shelf is 10,000
hours of film and ten million photographs. A sample of it is simulated, and the times are scaled.
"""

from __future__ import annotations

import json
import random
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import simpy
from matplotlib.figure import Figure
from simpy import Environment, Event, Resource

from benchmarks.cluster import RESULT

_DOCS = Path(__file__).parents[1] / "docs"
_HOURS, _PHOTOGRAPHS = 10_000, 10_000_000
_FILM_SECONDS = 5_400.0
"""Length of a film."""
_RATE = 24
_PART_SECONDS = 120.0
"""Length of a part, in seconds of film."""
_BATCH = 16
_PHOTO_MB, _FILM_MB_PER_SECOND = 4.5, 1.6
"""Megabytes that are read and written for a photograph, and for each second of film: original and result."""
_ORIGINAL_MB_PER_SECOND = 0.6
"""Megabytes that are read of an original for each second of film."""
_JOIN_MB_PER_SECOND = 2.0
"""The same for joining: segments and sound are read, and the result is written."""
_STORES = (110.0, 1100.0)
"""Megabytes a second of the shared store: one and ten gigabits a second of network."""
_SLOTS = (10, 30, 100, 300, 1000)


@dataclass(frozen=True, slots=True)
class Costs:
    """Service times in seconds, as measured."""

    photo: float
    """Of a slot, for a photograph."""
    frame: float
    """Of a slot, for a frame."""
    plan: float
    """Of a slot, for a frame of a film that is planned: what the second slot did not save."""
    job: float
    """Of the service and the driver, for a job or a part: dispatch, events, publication and the journal's commits."""


@dataclass(slots=True)
class Outcome:
    """What the simulation has found."""

    seconds: float = 0.0
    """Time for the sample."""
    busy: float = 0.0
    """Slot seconds in which something was coloured."""
    store: float = 0.0
    """Seconds in which the store was busy."""
    service: float = 0.0
    """Seconds in which the service was busy."""
    join: float = 0.0
    """Slot seconds of joining."""
    waits: list[float] = field(default_factory=list)
    """Seconds that tasks waited for the service."""


def simulate(costs: Costs, slots: int, store: float, *, films: int, batches: int) -> Outcome:
    """Do films and batches of photographs on a cluster.

    Args:
        costs: service times.
        slots: number of slots.
        store: megabytes a second of the shared store.
        films: number of films.
        batches: number of batches of photographs.

    """
    environment, chance, outcome = Environment(), random.Random(7), Outcome()  # noqa: S311 (no secret)
    pool, disk, service = Resource(environment, slots), Resource(environment, 1), Resource(environment, 1)

    def use(resource: Resource, seconds: float) -> Generator[Event, None, float]:
        asked = environment.now
        with resource.request() as request:
            yield request
            waited = environment.now - asked
            yield environment.timeout(seconds)
        return float(waited)

    def transfer(megabytes: float) -> Generator[Event, None, None]:
        """In pieces, so that one long film does not block the store."""
        left = megabytes
        while left > 0:
            piece = min(left, 32.0)
            yield from use(disk, piece / store)
            outcome.store += piece / store
            left -= piece

    def task(seconds: float, megabytes: float, jobs: int) -> Generator[Event, None, None]:
        """On a slot: the service gives it out, it is read, coloured and written, and the service enters its end."""
        with pool.request() as request:
            yield request
            waited = yield from use(service, costs.job * jobs / 2)
            outcome.waits.append(waited)
            yield from transfer(megabytes / 2)
            length = seconds * chance.uniform(0.7, 1.3)
            yield environment.timeout(length)
            outcome.busy += length
            yield from transfer(megabytes / 2)
            yield from use(service, costs.job * jobs / 2)
            outcome.service += costs.job * jobs

    def film() -> Generator[Event, None, None]:
        parts = round(_FILM_SECONDS / _PART_SECONDS)
        frames, megabytes = _PART_SECONDS * _RATE, _PART_SECONDS * _FILM_MB_PER_SECOND
        with pool.request() as request:
            yield request
            yield from transfer(_FILM_SECONDS * _ORIGINAL_MB_PER_SECOND)
            yield environment.timeout(_FILM_SECONDS * _RATE * costs.plan)
        yield environment.all_of([environment.process(task(frames * costs.frame, megabytes, 1)) for _ in range(parts)])
        begun = environment.now
        with pool.request() as request:
            yield request
            yield from transfer(_FILM_SECONDS * _JOIN_MB_PER_SECOND)
        outcome.join += environment.now - begun

    work = [film() for _ in range(films)]
    work += [task(_BATCH * costs.photo, _BATCH * _PHOTO_MB, _BATCH) for _ in range(batches)]
    chance.shuffle(work)
    environment.run(simpy.AllOf(environment, [environment.process(one) for one in work]))
    outcome.seconds = float(environment.now)
    return outcome


@dataclass(frozen=True, slots=True)
class Run:
    """One size of cluster on the shelf."""

    slots: int
    store: float
    days: float
    """Time for the whole shelf."""
    efficiency: float
    """Share of the slots' time in which something is coloured."""
    store_busy: float
    service_busy: float
    wait: float
    """Mean time that a task waits for the service, in seconds."""
    commits: float
    """Ends of jobs and parts that are entered, per second."""


def main() -> None:
    """Simulate, and write the page."""
    costs = read_costs()
    runs = [_run(costs, slots, store) for store in _STORES for slots in _SLOTS]
    _plot(runs)
    page = _DOCS / "cluster-growth.md"
    before, _, after = page.read_text().partition("<!-- figures -->")
    page.write_text(
        f"{before}<!-- figures -->{_table(costs, runs)}<!-- /figures -->{after.partition('<!-- /figures -->')[2]}"
    )


def read_costs() -> Costs:
    """The service times that `benchmarks.cluster` has measured on one slot."""
    found = json.loads(RESULT.read_text())
    photographs, film = found["photographs 1"], found["film 1"]
    return Costs(
        photo=photographs["seconds"] / photographs["jobs"],
        frame=film["seconds"] / film["frames"],
        plan=max(0.0, found["film 2"]["seconds"] - film["seconds"] / 2) / film["frames"],
        job=photographs["service"] / photographs["jobs"],
    )


def _run(costs: Costs, slots: int, store: float) -> Run:
    """Simulate a sample in the proportion of the shelf, with a hundred tasks for each slot."""
    film_seconds, photo_seconds = _HOURS * 3600 * _RATE * costs.frame, _PHOTOGRAPHS * costs.photo
    parts = _FILM_SECONDS / _PART_SECONDS
    all_films, all_batches = _HOURS * 3600 / _FILM_SECONDS, _PHOTOGRAPHS / _BATCH
    scale = max(slots * 100 / (all_films * parts + all_batches), 16 / all_films)
    films, batches = round(all_films * scale), round(all_batches * scale)
    outcome = simulate(costs, slots, store, films=films, batches=batches)
    sample = films * _FILM_SECONDS * _RATE * costs.frame + batches * _BATCH * costs.photo
    return Run(
        slots=slots,
        store=store,
        days=outcome.seconds * (film_seconds + photo_seconds) / sample / 86_400,
        efficiency=outcome.busy / (outcome.seconds * slots),
        store_busy=outcome.store / outcome.seconds,
        service_busy=outcome.service / outcome.seconds,
        wait=sum(outcome.waits) / len(outcome.waits),
        commits=(films * parts + batches * _BATCH) / outcome.seconds,
    )


def _plot(runs: list[Run]) -> None:
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for store in _STORES:
        some = [run for run in runs if run.store == store]
        slots, name = [run.slots for run in some], f"store of {store:.0f} MB/s"
        left.loglog(slots, [run.days for run in some], marker="o", label=name)
        right.semilogx(slots, [100 * run.store_busy for run in some], marker="o", label=f"{name}: store")
        right.semilogx(slots, [100 * run.service_busy for run in some], marker="s", ls="--", label=f"{name}: service")
    left.set(xlabel="slots", ylabel="days for the shelf", title="Time")
    right.set(xlabel="slots", ylabel="busy, %", title="What is used up")
    for axes in (left, right):
        axes.grid(visible=True, alpha=0.3)
        axes.legend(fontsize=7)
    figure.savefig(_DOCS / "cluster-growth.png", dpi=110)


def _table(costs: Costs, runs: list[Run]) -> str:
    lines = [
        f"Measured on one slot (one thread): {1000 * costs.photo:.0f} ms for a photograph, {1000 * costs.frame:.1f} ms",
        f"for a frame; the service and the driver: {1000 * costs.job:.1f} ms for a job.",
        "",
        "| store, MB/s | slots | days | slots colour | store busy | service busy | wait for it | ends per second |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {run.store:.0f} | {run.slots} | {run.days:.1f} | {run.efficiency:.0%} | {run.store_busy:.0%} "
            f"| {run.service_busy:.0%} | {run.wait:.2f} s | {run.commits:.1f} |"
            for run in runs
        ),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
