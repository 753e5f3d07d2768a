"""Tests of daemon/workers/cluster/versions.py."""

from importlib.metadata import version

from daemon.workers.cluster.versions import find_difference, own_versions


def test_the_same_versions_are_no_difference() -> None:
    """A node of the same installation is accepted."""
    assert find_difference(own_versions(), own_versions(), "a") is None


def test_libraries_that_make_the_bits_belong_to_the_version() -> None:
    """A film's parts are joined only where decoder, motion and network are the same; not how torch was built."""
    versions = own_versions()
    assert versions["av"] == version("av")
    assert "+" not in versions["torch"]
    assert find_difference({**versions, "torch": "1.0"}, versions, "a") is not None


def test_both_versions_are_named() -> None:
    """Whoever reads it knows which machine to change."""
    found = find_difference({"tintd": "1.0", "Python": "3.12.1"}, {"tintd": "0.9", "Python": "3.12.1"}, "cellar")
    assert found == "tintd is 0.9 on node cellar, and 1.0 on the service's machine"
