"""Tests of daemon/runtime/service_state.py."""

from daemon.config.pause import Pause
from daemon.runtime.progress import JobProgress
from daemon.runtime.service_state import LONGEST_REST, ServiceState


def test_a_service_is_healthy_once_its_weights_are_loaded() -> None:
    """Until then it says so."""
    assert "weights" in str(ServiceState(made_at=0).problem(1))
    assert ServiceState(ready=True, made_at=0).problem(1) is None


def test_a_service_that_pauses_is_healthy() -> None:
    """It says why it pauses, apart from its health."""
    state = ServiceState(ready=True, made_at=0, pauses=(Pause("disk", "the disk is full", 0),))
    assert state.problem(1) is None
    assert state.paused == "the disk is full"


def test_a_main_loop_that_rests_is_healthy() -> None:
    """However long it may rest; one that is twice as late is stuck."""
    state = ServiceState(ready=True, made_at=0)
    assert state.problem(LONGEST_REST + 1) is None
    assert "main loop" in str(state.problem(2 * LONGEST_REST + 1))


def test_a_journal_that_is_gone_is_a_problem() -> None:
    """The service cannot work without it."""
    assert ServiceState(ready=True, made_at=0, journal_problem="it was removed").problem(1) == "it was removed"


def test_the_progress_is_one_line() -> None:
    """What the service does, how far the film is, and when all may be done; no name breaks the line."""
    film = JobProgress(1, "/in/a\nREADY=1.mkv", "7 (cpu)", 100, 1000, 10.0)
    photo = JobProgress(2, "/in/b.jpg", "8 (cpu)")
    assert ServiceState(summary="colouring", jobs=(film,)).progress.endswith("(10%, 10.0 frames/s, 2 min left)")
    state = ServiceState(summary="colouring", jobs=(photo, film), counts={"waiting": 4}, seconds_left=12000)
    assert "\n" not in state.progress
    assert state.progress.endswith("and 1 more; about 3 h 20 min for all files")
    assert ServiceState(summary="waiting for files").progress == "waiting for files"
