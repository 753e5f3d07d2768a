"""The disk and the kind of file system that a folder is on, as the kernel reports them (proc(5): mountinfo, fdinfo)."""

from __future__ import annotations

import os
import re
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_OPEN = Path("/proc/self/fdinfo")
_OF_NETWORKS = re.compile(
    r"nfs\d?|cifs|smb\d?|smbfs|ncpfs|afs|9p|ceph|glusterfs|lustre|beegfs"
    r"|fuse\.(sshfs|s3fs|rclone|glusterfs|ceph|davfs2?|curlftpfs|gcsfuse|goofys|smbnetfs)"
)


def network_kind(place: Path) -> str | None:
    """The kind of network file system that a place is on (nfs4, cifs, ...); None for a local one."""
    try:
        mounts = _MOUNTS.read_bytes()
    except OSError:
        return None
    kind = file_system_of(Path(os.path.realpath(place)), mounts)
    return kind if kind and _OF_NETWORKS.fullmatch(kind) else None


def file_system_of(place: Path, mounts: bytes) -> str | None:
    """The kind of file system of a place, from the text of mountinfo: the last mount with the longest path counts."""
    best: tuple[int, str] | None = None
    for line in mounts.splitlines():
        mounted, _, source = line.partition(b" - ")
        point = Path(os.fsdecode(_unescaped(mounted.split(b" ")[4])))
        if place.is_relative_to(point) and (best is None or len(point.parts) >= best[0]):
            best = len(point.parts), source.split(b" ")[0].decode()
    return best[1] if best else None


def disk_of(folder: Path) -> tuple[int, str]:
    """The device that a folder is on, and its mount: a file can be renamed only where both are the same.

    A disk that is mounted in two places is one device, and yet no file can be renamed from one place into the other.

    Raises:
        OSError: the folder cannot be opened.

    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return os.fstat(descriptor).st_dev, _mount_of(descriptor)
    finally:
        os.close(descriptor)


def is_present(place: Path) -> bool:
    """Whether a watched folder exists and is not empty: an empty or absent one may be a mount that is away."""
    try:
        with os.scandir(place) as entries:
            return any(True for _ in entries)
    except OSError:
        return False


def _mount_of(descriptor: int) -> str:
    """The number of the mount through which a folder was opened; empty where the kernel does not report it."""
    try:
        lines = (_OPEN / str(descriptor)).read_text().splitlines()
    except OSError:
        return ""
    return next((line for line in lines if line.startswith("mnt_id:")), "")


def _unescaped(name: bytes) -> bytes:
    r"""A mount point without the escapes of mountinfo (\040 is a space)."""
    return re.sub(rb"\\([0-7]{3})", lambda octal: bytes([int(octal[1], 8)]), name)
