"""Tests of daemon/journal/listing.py: lists of jobs, page by page."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.journal.journal import Journal
from daemon.journal.listing import JobFilter, JobKey, list_jobs, read_key
from tests.assets.journals import enter

FOLDER = Path("/in")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal with thirty files, found three at a time; each third one was skipped later."""
    with closing(Journal(tmp_path)) as made:
        for number in range(30):
            enter(made, FOLDER / f"Album {number % 2}/Été_{number:02}.JPG", FOLDER, now=number // 3)
        for job in list(made.jobs("waiting"))[::3]:
            made.skip(job.id, "in colour", 100 + job.id)
        yield made


def walk(journal: Journal, wanted: JobFilter, size: int) -> list[int]:
    """The jobs of all pages."""
    found, after = [], None
    while True:
        page = list_jobs(journal, wanted, size, after)
        assert len(page.jobs) <= size
        found += [job.id for job in page.jobs]
        if page.next is None:
            return found
        after = read_key(str(page.next))
        assert after == page.next


@pytest.mark.parametrize("size", [1, 2, 3, 7, 29, 30, 31])
def test_the_pages_together_are_the_list(journal: Journal, size: int) -> None:
    """Each job once, the latest first, wherever the pages end, in one state or in several."""
    for states in (("waiting",), ("skipped",), ("waiting", "skipped", "done")):
        expected = [job.id for job in journal.jobs(*states)]  # type: ignore[arg-type]
        assert walk(journal, JobFilter(states), size) == expected  # type: ignore[arg-type]


def test_jobs_are_found_by_their_path(journal: Journal) -> None:
    """By any part of it, in capitals or not; what is special in a pattern is not special here."""
    assert len(walk(journal, JobFilter(("waiting", "skipped"), "album 1/"), 7)) == 15
    assert len(walk(journal, JobFilter(("waiting", "skipped"), "_07.jpg"), 7)) == 1
    for nothing in ("%", "?", "*", "'", "\\", "\0", "\udcff"):
        assert walk(journal, JobFilter(("waiting", "skipped"), nothing), 7) == []


def test_jobs_are_found_by_folder_and_time(journal: Journal) -> None:
    """The first time counts, the last does not."""
    assert walk(journal, JobFilter(("waiting",), folder=Path("/other")), 7) == []
    assert len(walk(journal, JobFilter(("waiting", "skipped"), folder=FOLDER), 7)) == 30
    found = {job.due for job in list_jobs(journal, JobFilter(("waiting",), since=2, before=4), 50).jobs}
    assert found == {2, 3}


def test_a_page_costs_the_same_however_many_there_are(journal: Journal) -> None:
    """Breaks: the plan of the query, which begins in an index at the key, and sorts nothing but the page."""
    asked: list[str] = []
    journal.database.set_trace_callback(asked.append)
    list_jobs(journal, JobFilter(("waiting",), "a"), 7, JobKey(5.0, 20))
    journal.database.set_trace_callback(None)
    plan = [row["detail"] for row in journal.database.execute(f"EXPLAIN QUERY PLAN {asked[-1]}")]
    assert any("jobs_listed (state=? AND <expr>" in step for step in plan)
    assert sum("TEMP B-TREE" in step for step in plan) <= 1


@given(st.just(0.0) | st.floats(1e-9, 4e9), st.integers(1, 1 << 50))
def test_a_key_can_be_written_and_read(when: float, job: int) -> None:
    """As a part of an address, to the last digit: else a page begins with the last job of the one before."""
    key = JobKey(when, job)
    assert read_key(str(key)) == key


@pytest.mark.parametrize("text", ["", "1", "-", "1-", "x-1", "1-x", "1e5-3", "nan-1", "1-1-1", "1" * 400 + "-1"])
def test_what_is_no_key_is_the_beginning(text: str) -> None:
    """A list is shown whatever an address says."""
    assert read_key(text) is None
