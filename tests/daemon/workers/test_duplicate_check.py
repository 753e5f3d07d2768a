"""Tests of daemon/workers/duplicate_check.py."""

import os
from pathlib import Path

import pytest

from colorizer.job import Job
from colorizer.settings import JobSettings
from daemon.workers.duplicate_check import is_same_content, reuse_result
from daemon.workers.task import ColouredFile

MIB = 1 << 20


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (b"x" * 3 * MIB, True),
        (b"x" * 2 * MIB + b"y" + b"x" * (MIB - 1), False),
        (b"x" * (3 * MIB - 1), False),
        (b"x" * (3 * MIB + 1), False),
    ],
)
def test_every_byte_counts(tmp_path: Path, other: bytes, *, same: bool) -> None:
    """The length does too."""
    (tmp_path / "a").write_bytes(b"x" * 3 * MIB)
    (tmp_path / "b").write_bytes(other)
    assert is_same_content(tmp_path / "a", tmp_path / "b", lambda _done, _all: None) == same


def test_where_there_are_no_links_the_result_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks: links, as on exFAT; the copy has the date of its own original."""
    for name in ("first", "second", "result"):
        (tmp_path / name).write_text("same")
    os.utime(tmp_path / "second", (5, 5))
    monkeypatch.setattr("daemon.workers.duplicate_check.os.link", lambda *_: (_ for _ in ()).throw(PermissionError))
    job = Job(tmp_path / "second", tmp_path / "target", tmp_path, JobSettings())
    assert reuse_result(job, ColouredFile(tmp_path / "first", tmp_path / "result"), lambda _done, _all: None)
    assert not job.target.samefile(tmp_path / "result")
    assert (job.target.read_text(), job.target.stat().st_mtime) == ("same", 5)


def test_a_result_that_is_gone_is_not_used(tmp_path: Path) -> None:
    """Then the duplicate is coloured."""
    for name in ("first", "second"):
        (tmp_path / name).write_text("same")
    job = Job(tmp_path / "second", tmp_path / "target", tmp_path, JobSettings())
    assert not reuse_result(job, ColouredFile(tmp_path / "first", tmp_path / "result"), lambda _done, _all: None)


def test_a_folder_that_cannot_be_linked_leaves_nothing(tmp_path: Path) -> None:
    """Then the duplicate is coloured, and its own result needs the name."""
    for name in ("first", "second"):
        (tmp_path / name).write_text("same")
    (tmp_path / "result" / "a folder").mkdir(parents=True)
    job = Job(tmp_path / "second", tmp_path / "target", tmp_path, JobSettings())
    assert not reuse_result(job, ColouredFile(tmp_path / "first", tmp_path / "result"), lambda _done, _all: None)
    assert not job.target.exists()
