"""Tests of daemon/files/identity.py."""

import os
from pathlib import Path

import pytest

from colorizer.fingerprint import fingerprint
from daemon.files.identity import identify


def test_identity_changes_with_the_file(tmp_path: Path) -> None:
    """Size, modification time and inode each tell."""
    path = tmp_path / "a"
    path.write_bytes(b"1")
    before = identify(path)
    os.utime(path, ns=(0, 0))
    touched = identify(path)
    path.rename(tmp_path / "b")
    path.write_bytes(b"1")
    os.utime(path, ns=(0, 0))
    assert len({before, touched, identify(path)}) == 3


def test_only_regular_files_have_an_identity(tmp_path: Path) -> None:
    """Folders, links and what is not there have none."""
    (tmp_path / "link").symlink_to(tmp_path)
    assert identify(tmp_path) is None
    assert identify(tmp_path / "link") is None
    assert identify(tmp_path / "nothing") is None


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1, 5 << 20])
def test_a_copy_has_the_same_fingerprint(tmp_path: Path, size: int) -> None:
    """Of any size; and another byte at the end gives another."""
    content = os.urandom(size)
    (tmp_path / "a").write_bytes(content)
    (tmp_path / "b").write_bytes(content)
    (tmp_path / "c").write_bytes(content + b"x")
    assert fingerprint(tmp_path / "a") == fingerprint(tmp_path / "b") != fingerprint(tmp_path / "c")


def test_a_scan_that_was_retouched_has_another_fingerprint(tmp_path: Path) -> None:
    """Of one size, and alike but for a spot: it is read whole."""
    content = bytearray(10 << 20)
    seen = set()
    for place in (0, 3 << 20, 5 << 20, (10 << 20) - 1):
        content[place] = 1
        (tmp_path / "a").write_bytes(content)
        seen.add(fingerprint(tmp_path / "a"))
    assert len(seen) == 4


def test_of_a_large_file_three_places_are_read(tmp_path: Path) -> None:
    """Beginning, middle and end count."""
    path, size = tmp_path / "a", 300 << 20
    path.touch()
    os.truncate(path, size)
    seen = {fingerprint(path)}
    for place in (0, size // 2, size - 1):
        with path.open("r+b") as file:
            file.seek(place)
            file.write(b"x")
        seen.add(fingerprint(path))
    assert len(seen) == 4
