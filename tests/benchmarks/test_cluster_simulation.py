"""Tests of benchmarks/cluster_simulation.py: where the result can be computed by hand, the simulation has it."""

from dataclasses import replace

import pytest

from benchmarks.cluster_simulation import Cluster, Costs, Outcome, Shelf

FREE = Costs(
    photograph=[2.0],
    batch=4,
    photograph_read=0,
    photograph_written=0,
    frame=[1.0],
    plan=0,
    join=0,
    frame_read=0,
    frame_written=0,
    start=0,
    end=0,
    message=0,
)
"""Only slots take time."""


def run(costs: Costs, shelf: Shelf, slots: int, bandwidth: float = 1.0) -> Outcome:
    """Simulate."""
    return Cluster(costs, shelf, slots, bandwidth).run()


@pytest.mark.parametrize("slots", [1, 2, 10])
def test_photographs_are_shared_among_the_slots(slots: int) -> None:
    """In tasks of a batch; the last one may be smaller. Each is done once."""
    outcome = run(FREE, Shelf(photographs=402, films=(), part=10, span=20), slots)
    assert outcome.photographs == 402
    assert outcome.colouring == 804
    assert 804 / slots <= outcome.seconds <= 804 / slots + 8


def test_a_long_film_is_shared_when_nothing_else_waits() -> None:
    """First its spans are surveyed, then its parts are coloured, then it is joined. A single slot surveys none."""
    costs = replace(FREE, plan=0.1, join=0.2)
    assert run(costs, Shelf(0, [100], 10, 20), 1).seconds == pytest.approx(100 + 20)
    assert run(costs, Shelf(0, [100], 10, 20), 5).seconds == pytest.approx(2 + 20 + 20)
    assert run(costs, Shelf(0, [100], 10, 20), 1000).seconds == pytest.approx(2 + 10 + 20)


def test_a_film_has_one_slot_while_files_wait() -> None:
    """Two films on two slots are two films at a time, and no slot waits."""
    outcome = run(FREE, Shelf(0, [100, 100, 100, 100], 10, 20), 2)
    assert outcome.seconds == pytest.approx(200)
    assert outcome.idle == 0
    assert outcome.frames == 400


@pytest.mark.parametrize(
    ("costs", "seconds"),
    [
        (replace(FREE, start=0.5, end=1.5), 800),
        (replace(FREE, message=1.0), 400),
        (replace(FREE, photograph_read=3, photograph_written=1), 1600),
    ],
    ids=["service", "driver", "store"],
)
def test_what_is_shared_limits_many_slots(costs: Costs, seconds: float) -> None:
    """A hundred slots are no faster than the one server that all wait for."""
    cluster = Cluster(costs, Shelf(400, (), 10, 20), 100, bandwidth=1.0)
    outcome = cluster.run()
    assert seconds <= outcome.seconds <= seconds * 1.1
    assert max(one.busy for one in (cluster.service, cluster.driver, cluster.store)) == pytest.approx(seconds)


def test_each_job_is_three_commits() -> None:
    """Its start, its result and its end."""
    assert run(FREE, Shelf(8, [10], 10, 20), 2).commits == 3 * 9
