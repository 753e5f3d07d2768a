"""On what kind of file system a folder lies, as the kernel tells (proc(5), mountinfo)."""

from __future__ import annotations

import os
import re
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_OF_NETWORKS = re.compile(
    r"nfs\d?|cifs|smb\d?|smbfs|ncpfs|afs|9p|ceph|glusterfs|lustre|beegfs"
    r"|fuse\.(sshfs|s3fs|rclone|glusterfs|ceph|davfs2?|curlftpfs|gcsfuse|goofys|smbnetfs)"
)


def network_kind(place: Path) -> str | None:
    """The kind of network file system that a place lies on (nfs4, cifs, ...), or None for a local one."""
    try:
        mounts = _MOUNTS.read_bytes()
    except OSError:
        return None
    kind = kind_of(Path(os.path.realpath(place)), mounts)
    return kind if kind and _OF_NETWORKS.fullmatch(kind) else None


def kind_of(place: Path, mounts: bytes) -> str | None:
    """The file system of a place, by the text of mountinfo: the last mount on the longest way to it counts."""
    best: tuple[int, str] | None = None
    for line in mounts.splitlines():
        mounted, _, source = line.partition(b" - ")
        point = Path(os.fsdecode(_unescaped(mounted.split(b" ")[4])))
        if place.is_relative_to(point) and (best is None or len(point.parts) >= best[0]):
            best = len(point.parts), source.split(b" ")[0].decode()
    return best[1] if best else None


def _unescaped(name: bytes) -> bytes:
    r"""A mount point without the escapes of mountinfo (\040 is a space)."""
    return re.sub(rb"\\([0-7]{3})", lambda octal: bytes([int(octal[1], 8)]), name)
