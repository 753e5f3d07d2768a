"""Tests of daemon/workers/failures.py."""

import errno
import re
from pathlib import Path

import pytest

from colorizer.errors import InColourError, TruncatedError, UnsupportedError, WeightsError
from colorizer.job import Job
from colorizer.settings import JobSettings
from daemon.workers.events import Failed, Skipped
from daemon.workers.failures import end_of_error
from tests.assets.pictures import write_grey


def job(source: Path) -> Job:
    """A file that an error ended."""
    return Job(source, source.parent / "result", source.parent / "workspace", JobSettings())


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (UnsupportedError("a: b"), "unsupported"),
        (TruncatedError("a: b"), "truncated"),
        (WeightsError("a: b"), "failed"),
    ],
)
def test_a_foreseen_error_says_what_it_says(tmp_path: Path, error: Exception, kind: str) -> None:
    """Its kind decides whether the file is tried again."""
    assert end_of_error(3, job(tmp_path / "a"), error) == Failed(3, kind, "a: b")  # type: ignore[arg-type]


def test_a_file_in_colour_is_skipped(tmp_path: Path) -> None:
    """Nothing failed."""
    assert end_of_error(3, job(tmp_path / "a"), InColourError("a", width=1, height=1)) == Skipped(
        3, "a: already in colour"
    )


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_what_the_system_says_is_said(tmp_path: Path, number: int) -> None:
    """With the other file that it is about; a full disk is no fault of the file."""
    source = tmp_path / "a.jpg"
    about = OSError(number, "no luck", str(tmp_path / "result"))
    end = end_of_error(1, job(source), about)
    assert end == Failed(
        1, "unwritten" if number == errno.ENOSPC else "failed", f"a.jpg: no luck: {tmp_path / 'result'}"
    )
    assert end_of_error(1, job(source), OSError(number, "no luck", str(source))).reason == "a.jpg: no luck"


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("no\nline"), OSError("broken data stream"), IndexError()])
def test_an_error_that_is_not_foreseen_asks_to_be_reported(tmp_path: Path, error: Exception) -> None:
    """With the file and its kind; Python's name of the error is in the trace alone."""
    end = end_of_error(1, job(write_grey(tmp_path / "a.jpg")), error)
    assert isinstance(end, Failed)
    assert end.reason == (
        "a.jpg: tintd met something that it does not know in this photograph (JPEG): please report it"
    )
    assert not re.search(r"\w+Error", end.reason)
    assert type(error).__name__ in end.trace


@pytest.mark.parametrize(("content", "kind"), [(b"\x1a\x45\xdf\xa3 film", "film"), (b"", "file")])
def test_the_kind_is_found_as_far_as_it_can_be(tmp_path: Path, content: bytes, kind: str) -> None:
    """A file that has gone, or is empty, is a file."""
    source = tmp_path / "a"
    source.write_bytes(content)
    assert f"does not know in this {kind}: " in end_of_error(1, job(source), KeyError()).reason
    source.unlink()
    assert "not enough memory for this file" in end_of_error(1, job(source), MemoryError()).reason
