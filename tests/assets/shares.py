"""Network shares for tests, served by a program on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def hanging_mount(place: Path) -> Iterator[int]:
    """A file system in user space, which hangs while the process with the returned number is stopped."""
    if os.geteuid() != 0 or not shutil.which("bindfs"):
        pytest.skip("needs root and bindfs")
    (place.parent / "served").mkdir()
    place.mkdir()
    forgetful = "attr_timeout=0,entry_timeout=0,negative_timeout=0"  # the kernel remembers no answer
    server = subprocess.Popen(["bindfs", "-f", "-o", forgetful, place.parent / "served", place])
    try:
        while not place.is_mount():
            if server.poll() is not None:
                pytest.skip("no FUSE here")
            time.sleep(0.05)
        yield server.pid
    finally:
        subprocess.run(["umount", "--lazy", place], check=False)
        server.kill()
        server.wait()
