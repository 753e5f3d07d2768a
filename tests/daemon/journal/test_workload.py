"""Tests of daemon/journal/workload.py."""

import pytest

from daemon.journal.workload import covered


def test_files_that_were_done_together_took_their_time_once() -> None:
    """Sixteen photographs of one task begin at once; two workers work side by side; a gap does not count."""
    assert covered([(0, 1), (0, 2), (0, 4)]) == 4
    assert covered([(0, 10), (5, 15), (20, 21)]) == 16
    assert covered([(0, 10), (2, 3)]) == 10
    assert covered([]) == pytest.approx(0)
