"""Tests of daemon/original.py."""

import os
from pathlib import Path

import pytest

from daemon.original import fingerprint, identify


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


def test_a_fingerprint_reads_three_places(tmp_path: Path) -> None:
    """Beginning, middle and end of a large file count."""
    content = bytearray(10 << 20)
    (tmp_path / "a").write_bytes(content)
    seen = {fingerprint(tmp_path / "a")}
    for place in (0, 5 << 20, (10 << 20) - 1):
        changed = bytearray(content)
        changed[place] = 1
        (tmp_path / "a").write_bytes(changed)
        seen.add(fingerprint(tmp_path / "a"))
    assert len(seen) == 4
