"""Tests of daemon/runtime/state_lock.py."""

from pathlib import Path

import pytest

from daemon.runtime.state_lock import StateError, state_locked


def test_a_state_folder_is_used_once_at_a_time(tmp_path: Path) -> None:
    """A second user is refused; after the first has ended, it is not."""
    with state_locked(tmp_path), pytest.raises(StateError, match="another tintd"), state_locked(tmp_path):
        pass
    with state_locked(tmp_path):
        pass


def test_an_error_inside_is_not_about_the_lock(tmp_path: Path) -> None:
    """A process that cannot be started raises BlockingIOError, too: it does not mean that another tintd runs."""
    with pytest.raises(BlockingIOError), state_locked(tmp_path):
        raise BlockingIOError


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """With the reason."""
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match=r"file/state.*cannot be written"), state_locked(tmp_path / "file" / "state"):
        pass
