"""Promise 5: back-pressure. Breaks the number of files: far more at once than can be done."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil
import pytest

from daemon.config.settings import Folder, Watching
from daemon.control.control_socket import ask
from daemon.files.identity import Identity
from daemon.journal.fair_queue import FairQueue, Order
from daemon.journal.journal import Journal
from daemon.journal.reader import opened_to_read
from daemon.watch.watcher import Watcher
from tests.assets.journals import enter
from tests.assets.pictures import write_grey
from tests.conftest import TIMEOUT
from tests.faults.conftest import Service


def filled(journal: Journal, files: list[tuple[str, str, int]]) -> None:
    """A journal in which files wait, each found a second after the one before: (folder, name, size)."""
    with journal.together():
        for now, (folder, name, size) in enumerate(files):
            enter(journal, Path(folder, name), Path(folder), Identity(size, now, now), content=name, now=now)


def in_turn(journal: Journal, queue: FairQueue, closed: frozenset[Path] = frozenset()) -> list[str]:
    """The order in which all waiting files are taken."""
    order = []
    while (job := queue.next(journal.database, 1e9, closed)) is not None:
        order.append(str(journal.start(job, "7 (cpu)", 1e9).source))
        queue.served(job.folder)
    return order


def folder(name: str, priority: int = 0) -> Folder:
    """A watched folder."""
    return Folder(input=Path(name), output=Path("/out"), priority=priority)


def test_a_flood_in_one_folder_does_not_starve_another(tmp_path: Path) -> None:
    """Breaks: the queue, by a thousand files in one folder before two in another come."""
    journal = Journal(tmp_path)
    filled(journal, [("/flood", f"{number}.jpg", 1) for number in range(1000)] + [("/few", "a", 1), ("/few", "b", 1)])
    order = in_turn(journal, FairQueue([folder("/flood"), folder("/few")], "oldest"))
    assert order[:5] == ["/flood/0.jpg", "/few/a", "/flood/1.jpg", "/few/b", "/flood/2.jpg"]
    assert len(order) == 1002


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("oldest", ["a.mkv", "b.jpg", "c.jpg"]),
        ("smallest", ["c.jpg", "a.mkv", "b.jpg"]),
        ("photos", ["b.jpg", "c.jpg", "a.mkv"]),
    ],
)
def test_the_order_is_the_configured_one(tmp_path: Path, order: Order, expected: list[str]) -> None:
    """Within a folder."""
    journal = Journal(tmp_path)
    filled(journal, [("/in", "a.mkv", 50), ("/in", "b.jpg", 90), ("/in", "c.jpg", 10)])
    assert [Path(path).name for path in in_turn(journal, FairQueue([folder("/in")], order))] == expected


def test_photographs_of_any_format_come_before_films(tmp_path: Path) -> None:
    """A JPEG XL, which is refused, is not among them."""
    journal = Journal(tmp_path)
    names = ["a.mkv", "b.jxl", "c.pcx", "d.SGI", "e.tga", "f.ppm", "g.dng", "h.jfif"]
    filled(journal, [("/in", name, 10) for name in names])
    assert [Path(path).name for path in in_turn(journal, FairQueue([folder("/in")], "photos"))] == names[2:] + names[:2]


def test_priority_goes_first_and_closed_folders_wait(tmp_path: Path) -> None:
    """Breaks: one folder's disk; and what is no longer watched is still handed out, to be put aside."""
    journal = Journal(tmp_path)
    filled(journal, [("/old", "x", 1), ("/low", "a", 1), ("/high", "b", 1), ("/high", "c", 1)])
    queue = FairQueue([folder("/low"), folder("/high", 5)], "oldest")
    assert in_turn(journal, queue, frozenset([Path("/low")])) == ["/high/b", "/high/c", "/old/x"]
    assert in_turn(journal, queue) == ["/low/a"]


def test_a_turn_costs_the_same_however_many_wait(tmp_path: Path) -> None:
    """Breaks: the queries' plans: each is answered from an index, without sorting what waits."""
    journal = Journal(tmp_path)
    for order in ("oldest", "smallest", "photos"):
        asked: list[str] = []
        journal.database.set_trace_callback(asked.append)
        FairQueue([folder("/in")], order)._first(journal.database, Path("/in"), 1.0)  # noqa: SLF001
        journal.database.set_trace_callback(None)
        plan = " ".join(row["detail"] for row in journal.database.execute(f"EXPLAIN QUERY PLAN {asked[-1]}"))
        assert "USING" in plan
        assert "TEMP B-TREE" not in plan, order


def test_status_costs_the_same_however_many_wait(tmp_path: Path) -> None:
    """Breaks: the plan of the query for the latest of each state, which is answered from an index, without sorting."""
    journal = Journal(tmp_path)
    asked: list[str] = []
    journal.database.set_trace_callback(asked.append)
    list(journal.jobs("waiting", most=20))
    journal.database.set_trace_callback(None)
    plan = " ".join(row["detail"] for row in journal.database.execute(f"EXPLAIN QUERY PLAN {asked[-1]}"))
    assert "jobs_listed" in plan
    assert "TEMP B-TREE" not in plan


def flood(tmp_path: Path, number: int) -> tuple[float, int]:
    """MiB by which memory grows while so many files are found and entered, and how many were."""
    inbox = tmp_path / "in"
    inbox.mkdir()
    for index in range(number):
        (inbox / f"{index:06}.jpg").touch()
    journal = Journal(tmp_path / "state")
    watching = Watching(method="polling", settle_seconds=0, poll_seconds=3600)
    watcher = Watcher((Folder(input=inbox, output=tmp_path / "out"),), watching, lambda: None)
    watcher.start()
    process = psutil.Process()
    before = peak = process.memory_info().rss
    entered, end = 0, time.monotonic() + TIMEOUT
    while entered < number and time.monotonic() < end:
        for found in watcher.found(500):
            watcher.observe(found.path)
        with journal.together():
            for ready in watcher.complete(500):
                enter(journal, ready.path, inbox, ready.identity)
                entered += 1
        peak = max(peak, process.memory_info().rss)
    watcher.stop()
    return (peak - before) / (1 << 20), entered


def test_memory_is_flat_while_files_pour_in(tmp_path: Path) -> None:
    """Breaks: memory, by more files at once than are kept in it."""
    grown, entered = flood(tmp_path, 8_000)
    assert entered == 8_000
    assert grown < 40


@pytest.mark.slow
def test_a_hundred_thousand_files_at_once(tmp_path: Path) -> None:
    """Breaks: the same, at the size that the promise names; a reader is answered meanwhile and after."""
    grown, entered = flood(tmp_path, 100_000)
    assert entered == 100_000
    assert grown < 40
    with opened_to_read(tmp_path / "state") as reader:
        assert sum(reader.counts().values()) == 100_000


FEW = 20


def drop_a_flood(service: Service, number: int) -> None:
    """Photographs in one watched folder, by links from outside; a file system allows some ten thousand for each."""
    for index in range(number):
        source = service.root / f"{index // 20_000}.png"
        if not source.exists():
            write_grey(source, 16, 16 + index // 20_000)
        os.link(source, service.inbox / f"{index:06}.png")


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_service_under_a_hundred_thousand_photographs(service: Service) -> None:
    """Breaks: the same, in the whole service: its memory stays flat, it answers all the while, and queue are fair."""
    number = 100_000
    service.settings["folders"].append({"input": "few", "make": True, "output": "outbox-few"})
    service.settings["work"] |= {"attempts": 1, "photo_batch": 1}
    (service.root / "few").mkdir()
    service.start()
    service.until(lambda: '"ready"' in service.log(), "it is ready")
    process = psutil.Process(service.pid)
    before = peak = process.memory_info().rss
    drop_a_flood(service, number)
    slowest, known = 0.0, 0
    end = time.monotonic() + 3000
    while known < number and time.monotonic() < end:
        asked = time.monotonic()
        answer = ask(service.root / "state" / "control", "status", most=20)
        assert answer is not None
        slowest = max(slowest, time.monotonic() - asked)
        known = sum(answer["counts"].values())
        peak = max(peak, process.memory_info().rss)
        time.sleep(0.5)
    assert known == number
    ask(service.root / "state" / "control", "pause")  # until all of the few are known
    for index in range(FEW):
        write_grey(service.root / "few" / f"{index}.png", 20, 20 + index)
    service.until(lambda: sum(service.counts().values()) == number + FEW, "the few are known")
    ask(service.root / "state" / "control", "resume")
    service.until(lambda: len(list((service.root / "outbox-few").glob("*.png"))) == FEW, "the few are done")
    started = service.rows("SELECT folder FROM attempts JOIN jobs ON jobs.id = attempts.job ORDER BY attempts.id")
    order = [bytes(folder) for (folder,) in started]
    few = [place for place, folder in enumerate(order) if folder.endswith(b"/few")]
    flooded = len(order[few[0] : few[-1]]) - FEW
    grown = (peak - before) / (1 << 20)
    figures = f"grown by {grown:.1f} MiB, slowest answer {slowest:.2f} s, {flooded} others between the few\n"
    (service.root / "figures").write_text(figures)
    assert grown < 60
    assert flooded <= FEW
