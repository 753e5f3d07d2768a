"""Tests of daemon/workers/cluster/versions.py."""

from daemon.workers.cluster.versions import find_difference, own_versions


def test_the_same_versions_are_no_difference() -> None:
    """A node of the same installation is accepted."""
    assert find_difference(own_versions(), own_versions(), "a") is None


def test_both_versions_are_named() -> None:
    """Whoever reads it knows which machine to change."""
    found = find_difference({"tintd": "1.0", "Python": "3.12.1"}, {"tintd": "0.9", "Python": "3.12.1"}, "cellar")
    assert found == "tintd is 0.9 on node cellar, and 1.0 on the service's machine"
