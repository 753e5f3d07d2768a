"""Tests of daemon/commands/patterns.py."""

from pathlib import Path

import pytest

from daemon.commands.patterns import absolute_pattern


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """A watched folder."""
    made = tmp_path / "inbox"
    (made / "letters [1]").mkdir(parents=True)
    (made / "cat.jpg").touch()
    (made / "letters [1]" / "dog.jpg").touch()
    return made


@pytest.mark.parametrize(
    ("pattern", "current", "expected"),
    [
        ("inbox/cat.jpg", ".", "{}/inbox/cat.jpg"),
        ("./inbox/../inbox/cat.jpg", ".", "{}/inbox/cat.jpg"),
        ("cat.jpg", "inbox", "{}/inbox/cat.jpg"),
        ("inbox/*.jpg", ".", "{}/inbox/*.jpg"),
        ("inbox", ".", "{}/inbox/*"),
        ("letters [1]", ".", "{}/inbox/letters [[]1]/*"),
        ("letters [1]/", "inbox", "{}/inbox/letters [[]1]/*"),
        ("cat.jpg", ".", "cat.jpg"),
        ("letters [1]/dog.jpg", ".", "letters [1]/dog.jpg"),
        ("*", "inbox", "*"),
        ("*.jpg", "inbox", "*.jpg"),
        ("/elsewhere/cat.jpg", ".", "/elsewhere/cat.jpg"),
    ],
)
def test_a_relative_path_is_completed(inbox: Path, pattern: str, current: str, expected: str) -> None:
    """From the current folder, or from the watched one; a folder means all its files; a name stays a name."""
    home = inbox.parent
    assert absolute_pattern(pattern, [inbox], home / current) == expected.format(home)
