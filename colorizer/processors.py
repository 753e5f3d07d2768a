"""How many processors there are for this process, and the settings by which torch's threads use them."""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

_ROOT = Path("/")
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters of mallopt (glibc's malloc.h)."""
_LARGEST, _KEPT = 32 << 20, 128 << 20
"""Most bytes of an array that comes from kept memory (glibc allows no more), and of kept memory."""


def available_processors(root: Path = _ROOT) -> int:
    """Count the processors that this process may use: by its affinity, and by the CPU quotas of its control groups.

    Args:
        root: the folder in which `proc` and `sys` are; tests have their own.

    Returns:
        At least 1. A quota of one and a half processors counts as two.

    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([allowed, *map(math.ceil, _quotas(root))]))


def limit_threads(threads: int) -> None:
    """Have torch compute with so many threads, which sleep while they wait instead of spinning.

    Beside another busy process, threads that spin take the processors from the threads that they wait for. OpenMP and
    libvips read these variables when they are loaded: call this before torch is imported. A variable that is set
    already stays as it is. NumPy's matrices are small, and the threads of its OpenBLAS would spin: it has one.

    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("VIPS_CONCURRENCY", str(threads))


def keep_freed_memory() -> None:
    """Have the C library keep memory that is freed, up to `_KEPT` bytes, for the next arrays.

    Otherwise it gives arrays of more than 128 KiB back to the system, and each new one begins with a page fault for
    every 4 KiB, which takes longer than to fill them. Other C libraries than glibc have no such setting.

    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_MMAP_THRESHOLD, _LARGEST)
        library.mallopt(_TRIM_THRESHOLD, _KEPT)


def give_back_freed_memory() -> None:
    """Have the C library give all memory that is free at present back to the system, wherever it lies.

    Large arrays that come and go leave gaps between others, into which the next ones do not fit, so that a heap grows
    although no more of it is used. To fill the gaps again costs a page fault for every 4 KiB: call this seldom.

    """
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)


def has_avx512(root: Path = _ROOT) -> bool:
    """Whether the processor computes with 512 bits at a time (Linux; elsewhere False).

    Args:
        root: the folder in which `proc` is; tests have their own.

    """
    try:
        lines = (root / "proc/cpuinfo").read_text().splitlines()
    except OSError:
        return False
    return any("avx512f" in line.split() for line in lines if line.startswith("flags"))


def _quotas(root: Path) -> Iterator[float]:
    """CPU quotas, in processors, of this process's control groups and of those that these are in."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:  # another system than Linux
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            folders = _upwards(root / "sys/fs/cgroup", path)
            yield from filter(None, map(_quota_v2, folders))
        elif "cpu" in controllers.split(","):
            folders = _upwards(root / "sys/fs/cgroup" / controllers, path)
            yield from filter(None, map(_quota_v1, folders))


def _upwards(mount: Path, path: str) -> Iterator[Path]:
    """The folder of a control group and those above it. In a container the path may not exist below the mount."""
    own = PurePosixPath(path.lstrip("/"))
    for group in (own, *own.parents):
        yield mount / group


def _quota_v2(group: Path) -> float | None:
    """Read `cpu.max`: "QUOTA PERIOD", in microseconds, or "max PERIOD"."""
    try:
        quota, period = (group / "cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        return None


def _quota_v1(group: Path) -> float | None:
    """Read the quota and the period, in microseconds; a quota of -1 is none."""
    try:
        quota = int((group / "cpu.cfs_quota_us").read_text())
        return None if quota < 0 else quota / int((group / "cpu.cfs_period_us").read_text())
    except (OSError, ValueError, ZeroDivisionError):
        return None


def leave_real_time() -> None:
    """Give all threads of this process the usual scheduling again.

    Run by root, SVT-AV1 makes itself and its caller real-time threads, which leave other processes no time.
    """
    if not hasattr(os, "sched_getscheduler") or os.sched_getscheduler(0) == os.SCHED_OTHER:
        return
    for thread in Path("/proc/self/task").iterdir():
        with suppress(ProcessLookupError):
            os.sched_setscheduler(int(thread.name), os.SCHED_OTHER, os.sched_param(0))
