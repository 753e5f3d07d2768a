"""Tests of daemon/jobs/delivery.py, with a real journal and real files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from colorizer.errors import ChangedError
from daemon.config.settings import Folder
from daemon.files.identity import Result, Seen, identify
from daemon.jobs.delivery import deliver, find_moved, original_path
from daemon.journal.journal import Journal
from daemon.journal.records import JobRecord, ResultMetadata
from tests.assets.journals import enter, started

METADATA = ResultMetadata("settings", "weights", 1.0)


class Delivery:
    """A watched folder with a file whose job runs."""

    def __init__(self, root: Path, name: str = "a.tga") -> None:
        self.folder = Folder(input=root / "in", output=root / "out")
        self.journal = Journal(root / "state")
        for place in (self.folder.input, self.folder.output):
            place.mkdir()
        self.job = self.job_of(name)

    def job_of(self, name: str) -> JobRecord:
        """The running job of a new file."""
        path = self.folder.input / name
        path.write_text(name)
        enter(self.journal, path, self.folder.input, identify(path))
        return started(self.journal)

    def deliver(self, job: JobRecord | None = None) -> Path:
        """Deliver a result."""
        finished = self.folder.output / ".finished"
        finished.write_text("result")
        steps = deliver(finished, ".png", job or self.job, self.folder, self.journal, METADATA, Seen())
        while True:
            try:
                next(steps)
            except StopIteration as end:
                self.journal.finish((job or self.job).id, 2)
                return Path(end.value)


@pytest.fixture
def delivery(tmp_path: Path) -> Delivery:
    """The job of `a.tga` runs."""
    return Delivery(tmp_path)


def test_a_result_is_announced_before_it_appears(delivery: Delivery, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a crash between the two, the file that lies there is known as ours."""
    announced: list[Result] = []

    def note(_job: int, result: Result, _metadata: ResultMetadata) -> None:
        announced.append(result)
        assert not result.path.exists()

    with monkeypatch.context() as noted:
        noted.setattr(delivery.journal, "announce", note)
        path = delivery.deliver()
    assert [result.path for result in announced] == [path]
    assert identify(path) == announced[0].identity


def test_a_file_that_comes_at_the_last_moment_is_not_overwritten(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even between the look and the naming; the next name is taken instead."""
    announce = delivery.journal.announce

    def intrude(job: int, result: Result, metadata: ResultMetadata) -> None:
        if result.path.name == "a.png":
            result.path.write_text("somebody's")
        announce(job, result, metadata)

    monkeypatch.setattr(delivery.journal, "announce", intrude)
    assert delivery.deliver().name == "a (tga).png"
    assert (delivery.folder.output / "a.png").read_text() == "somebody's"


def test_an_earlier_result_of_the_same_original_is_replaced(delivery: Delivery) -> None:
    """Unless somebody has changed it since: then it is a foreign file."""
    assert delivery.deliver().name == "a.png"
    delivery.journal.requeue([delivery.job.id], 3)
    assert delivery.deliver(started(delivery.journal, 4)).name == "a.png"
    (delivery.folder.output / "a.png").write_text("retouched")
    delivery.journal.requeue([delivery.job.id], 5)
    assert delivery.deliver(started(delivery.journal, 6)).name == "a (tga).png"
    assert (delivery.folder.output / "a.png").read_text() == "retouched"


def test_two_originals_never_share_a_name(delivery: Delivery) -> None:
    """Not even where the first one's result has been removed."""
    delivery.deliver().unlink()
    assert delivery.deliver(delivery.job_of("a.bmp")).name == "a (bmp).png"


def test_a_changed_original_gets_no_result(delivery: Delivery) -> None:
    """What was coloured is not what lies there."""
    delivery.job.source.write_text("another content")
    with pytest.raises(ChangedError):
        delivery.deliver()
    assert [path.name for path in delivery.folder.output.iterdir()] == [".finished"]


@pytest.mark.parametrize(("path", "before"), [("done/a.tga", "a.tga"), ("done", "done"), ("b/done/a", "b/done/a")])
def test_only_what_lies_in_done_was_moved_there(delivery: Delivery, path: str, before: str) -> None:
    """A file of that name was not, nor what lies in another folder of that name."""
    moving = delivery.folder.model_copy(update={"original": "move"})
    assert original_path(replace(delivery.job, path=Path(path)), moving) == Path(before)
    assert original_path(replace(delivery.job, path=Path(path)), delivery.folder) == Path(path)


def test_a_hard_link_of_a_moved_original_is_not_taken_for_it(delivery: Delivery) -> None:
    """Breaks: an original moved to `done/`, and a link to it had its old name until just now."""
    moving, source = delivery.folder.model_copy(update={"original": "move"}), delivery.job.source
    moved = moving.input / "done" / source.name
    moved.parent.mkdir()
    moved.hardlink_to(source)
    delivery.deliver()
    delivery.journal.relocate(delivery.job.id, moving.input, Path("done", source.name))
    enter(delivery.journal, source, moving.input, identify(source))
    linked = started(delivery.journal)
    delivery.deliver(linked)
    source.unlink()
    find_moved(linked, moving, delivery.journal)
    assert [str(job.path) for job in delivery.journal.jobs("done")] == ["a.tga", "done/a.tga"]


def test_the_work_folder_of_a_running_job_is_kept_when_its_file_is_replaced(delivery: Delivery) -> None:
    """A sweep removes only those of jobs that have ended."""
    enter(delivery.journal, delivery.job.source, delivery.folder.input, identify(delivery.job.source), content="new")
    assert delivery.journal.is_unfinished(delivery.job.id)
    delivery.journal.supersede(delivery.job.id, 3)
    assert not delivery.journal.is_unfinished(delivery.job.id)
