"""Tests of daemon/config/disk_questions.py: a disk that hangs is waited for once, and for a moment."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from daemon.config.disk_questions import DiskQuestions
from tests.conftest import TIMEOUT

SILENT, OTHER = Path("/silent"), Path("/other")


def test_one_that_owes_an_answer_is_asked_nothing_else() -> None:
    """Other disks answer meanwhile, and so does this one when it is back."""
    back, questions, asked = threading.Event(), DiskQuestions(patience=0.2), []
    with pytest.raises(TimeoutError):
        questions.ask(SILENT, lambda: back.wait(TIMEOUT))
    with pytest.raises(TimeoutError):
        questions.ask(SILENT, lambda: asked.append("in vain"))
    assert DiskQuestions().ask(OTHER, lambda: 7) == 7
    back.set()
    next(thread for thread in threading.enumerate() if thread.name == "disk").join(TIMEOUT)
    questions.ask(SILENT, lambda: asked.append("again"))
    assert asked == ["again"]


def test_an_error_is_an_answer() -> None:
    """It is raised where it was asked."""
    with pytest.raises(FileNotFoundError):
        DiskQuestions().ask(OTHER, (OTHER / "missing").stat)
