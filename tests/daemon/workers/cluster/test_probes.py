"""Tests of daemon/workers/cluster/probes.py."""

import os
from pathlib import Path

from daemon.workers.cluster.messages import SharedFolder
from daemon.workers.cluster.probes import find_fault, probes, remove_old_probes


def shared(root: Path) -> SharedFolder:
    """A watched folder."""
    folder = SharedFolder(root / "in", root / "out")
    folder.input.mkdir(parents=True)
    folder.output.mkdir()
    return folder


def test_a_node_that_sees_the_folder_has_no_fault(tmp_path: Path) -> None:
    """The node may have it under another path; nothing is left over."""
    folder, elsewhere = shared(tmp_path / "service"), tmp_path / "node"
    elsewhere.symlink_to(tmp_path / "service")
    with probes([folder], {tmp_path / "service": elsewhere}) as (probe,):
        assert probe.input.is_relative_to(elsewhere)
        assert find_fault(probe) is None
    assert list(folder.input.iterdir()) == list(folder.output.iterdir()) == []


def test_a_folder_that_is_not_mounted_is_named(tmp_path: Path) -> None:
    """The fault names the path on the node."""
    folder = shared(tmp_path / "service")
    with probes([folder], {tmp_path / "service": tmp_path / "node"}) as (probe,):
        assert str(tmp_path / "node" / "in") in str(find_fault(probe))


def test_another_folder_of_the_same_name_is_found_out(tmp_path: Path) -> None:
    """A node with a local folder in the place of the mount sees no probe there."""
    folder, other = shared(tmp_path / "service"), shared(tmp_path / "node")
    with probes([folder], {tmp_path / "service": tmp_path / "node"}) as (probe,):
        assert find_fault(probe) == f"{other.input / probe.input.name}: No such file or directory"


def test_only_old_probes_are_removed(tmp_path: Path) -> None:
    """Those of a service that was killed; another service may be writing its own."""
    folder = shared(tmp_path)
    old, new = folder.output / ".tintd-probe-old", folder.input / ".tintd-probe-new"
    old.touch()
    new.touch()
    os.utime(old, (0, 0))
    remove_old_probes([folder])
    assert not old.exists()
    assert new.exists()
