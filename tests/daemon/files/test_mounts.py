"""Tests of daemon/files/mounts.py."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from daemon.files.mounts import file_system_of, network_kind

MOUNTS = rb"""22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:40 / /mnt/nas rw shared:5 - nfs4 nas:/volume1 rw
31 30 0:41 / /mnt/nas/local rw - xfs /dev/sdb1 rw
32 22 0:42 / /mnt/with\040space rw master:1 - fuse.sshfs me@host: rw
33 22 0:43 / /mnt/over rw - ext4 /dev/sdc1 rw
34 22 0:44 / /mnt/over rw - cifs //nas/share rw
"""


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/var/lib/tintd", "ext4"),
        ("/mnt/nas/state", "nfs4"),
        ("/mnt/nas/local/state", "xfs"),
        ("/mnt/nasty", "ext4"),
        ("/mnt/with space/state", "fuse.sshfs"),
        ("/mnt/over/state", "cifs"),
    ],
)
def test_the_nearest_and_latest_mount_counts(place: str, kind: str) -> None:
    """Mounts lie in one another, and over one another."""
    assert file_system_of(Path(place), MOUNTS) == kind


def test_a_local_folder_is_no_network(tmp_path: Path) -> None:
    """Wherever the tests run; a link is followed to where it leads."""
    (tmp_path / "link").symlink_to(tmp_path)
    assert network_kind(tmp_path / "link" / "not yet") == network_kind(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("bindfs"), reason="needs root and bindfs")
def test_a_real_network_like_mount_is_named(tmp_path: Path) -> None:
    """As the kernel tells of it."""
    for name in ("from", "to"):
        (tmp_path / name).mkdir()
    if subprocess.run(["bindfs", "-o", "subtype=sshfs", tmp_path / "from", tmp_path / "to"], check=False).returncode:
        pytest.skip("no FUSE here")
    try:
        assert network_kind(tmp_path / "to" / "state") == "fuse.sshfs"
    finally:
        subprocess.run(["umount", "--lazy", tmp_path / "to"], check=False)
