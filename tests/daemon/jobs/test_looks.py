"""Tests of daemon/jobs/looks.py: threads look at folders, and the main loop does something about jobs afterwards."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from daemon.config.settings import Folder
from daemon.files.identity import Seen, identify
from daemon.jobs import looks as looks_module
from daemon.jobs.delivery import move_original
from daemon.jobs.looks import Looks
from daemon.jobs.whole_folder import look_through
from daemon.journal.journal import Journal
from daemon.journal.records import JobRecord
from tests.assets.journals import enter, started
from tests.conftest import TIMEOUT


class Originals:
    """Originals that move when they are done, with their folders where these hold frames."""

    def __init__(self, root: Path) -> None:
        self.folder = Folder(input=root / "in", output=root / "out", sequences="24", original="move")
        self.journal = Journal(root / "state")
        self.seen: list[Seen] = []

    def drop(self, name: str) -> JobRecord:
        """An original that is skipped, and so may move."""
        path = self.folder.input / name
        path.parent.mkdir(parents=True, exist_ok=True)
        for file in [path.with_name(path.name.replace("#", number)) for number in "123"]:
            file.write_bytes(name.encode())
        enter(self.journal, path, self.folder.input, identify(path))
        job = started(self.journal)
        self.journal.skip(job.id, "nothing to do", 2)
        return job

    def look(self, looks: Looks, jobs: list[JobRecord]) -> None:
        """Look before something is done about each job, which is to note what was seen."""
        for job in jobs:
            looks.before(self.seen.append, job, self.folder)

    def move(self, job: JobRecord) -> None:
        """Look at the folder, and move it."""
        looks = Looks()
        looks.before(partial(move_original, job, self.folder, self.journal), job, self.folder)
        for look in looking():
            look.join()
        looks.finish()


def looking() -> list[threading.Thread]:
    """The threads that look."""
    return [thread for thread in threading.enumerate() if thread.name == "look"]


@pytest.fixture
def originals(tmp_path: Path) -> Iterator[Originals]:
    """No original is there yet."""
    made = Originals(tmp_path)
    yield made
    made.journal.close()


@pytest.fixture
def may_look(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Looks wait until the test lets them go on."""
    allowed = threading.Event()

    def wait_and_look(place: Path, folder: Folder) -> tuple[tuple[Path, ...], Mapping[Path, int]]:
        allowed.wait(TIMEOUT)
        return look_through(place, folder)

    monkeypatch.setattr(looks_module, "look_through", wait_and_look)
    return allowed


def test_jobs_in_one_folder_share_a_look(originals: Originals, may_look: threading.Event) -> None:
    """Breaks: thousands of photographs in a folder, each of which had a thread look at all of them."""
    jobs, looks = [originals.drop(f"album/{name}.jpg") for name in "abcdefghij"], Looks()
    originals.look(looks, jobs)
    assert len(looking()) == 1
    may_look.set()
    while len(originals.seen) < len(jobs):
        looks.finish()
    assert {seen.beside and len(seen.beside) for seen in originals.seen} == {10}


def test_few_threads_look_at_many_folders(originals: Originals, may_look: threading.Event) -> None:
    """Breaks: a thousand reels on a dead share. All are looked at in the end."""
    jobs, looks = [originals.drop(f"reel {number}/scan.#.dpx") for number in range(20)], Looks()
    originals.look(looks, jobs)
    assert 0 < len(looking()) < 10
    may_look.set()
    while len(originals.seen) < len(jobs):
        looks.finish()


def test_what_is_done_is_done_in_steps(originals: Originals, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks: the main loop moves ten thousand photographs, and answers nobody meanwhile."""
    monkeypatch.setattr(looks_module, "_DONE_AT_ONCE", 2)
    woken: list[None] = []
    jobs, looks = [originals.drop(f"album/{name}.jpg") for name in "abc"], Looks(lambda: woken.append(None))
    originals.look(looks, jobs)
    for look in looking():
        look.join()
    counts = []
    for _ in range(2):
        looks.finish()
        counts.append(len(originals.seen))
    assert counts == [2, 3]
    assert len(woken) == 2


def test_a_folder_moves_with_what_was_seen_in_it(originals: Originals) -> None:
    """All of it is done, and nothing has come since."""
    job = originals.drop("reel/scan.#.dpx")
    originals.move(job)
    assert len(list((originals.folder.input / "done" / "reel").iterdir())) == 3


def test_a_folder_to_which_a_file_comes_after_the_look_stays(originals: Originals, may_look: threading.Event) -> None:
    """Breaks: it moved to `done/` with a photograph that had come meanwhile, and that nobody would ever colour."""
    job, looks = originals.drop("reel/scan.#.dpx"), Looks()
    originals.drop("reel/stills/cover.jpg")
    may_look.set()
    looks.before(partial(move_original, job, originals.folder, originals.journal), job, originals.folder)
    for look in looking():
        look.join()
    late = originals.folder.input / "reel" / "stills" / "late.jpg"
    late.write_bytes(b"late")
    looks.finish()
    assert late.exists()
    assert not (originals.folder.input / "done").exists()


def test_a_share_that_does_not_answer_keeps_no_other_folder_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its looks take its own threads alone; those that wait come when it answers again."""
    dead, alive = Originals(tmp_path / "dead"), Originals(tmp_path / "alive")
    answers = threading.Event()

    def wait_and_look(place: Path, folder: Folder) -> tuple[tuple[Path, ...], Mapping[Path, int]]:
        if folder is dead.folder:
            answers.wait(TIMEOUT)
        return look_through(place, folder)

    monkeypatch.setattr(looks_module, "look_through", wait_and_look)
    looks = Looks()
    dead.look(looks, [dead.drop(f"{number}/frame-#.png") for number in range(20)])
    hanging = looking()
    alive.look(looks, [alive.drop("film/frame-#.png")])
    for look in set(looking()) - set(hanging):
        look.join(TIMEOUT)
    looks.finish()
    assert (len(alive.seen), len(dead.seen)) == (1, 0)
    answers.set()
    while len(dead.seen) < 20:
        for look in looking():
            look.join()
        looks.finish()
    for made in (dead, alive):
        made.journal.close()
