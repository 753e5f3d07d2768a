"""Tests of colorizer/processors.py."""

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import pytest

from colorizer.processors import available_processors, has_avx512, leave_real_time

ALLOWED = len(os.sched_getaffinity(0))


def write(path: Path, text: str) -> None:
    """A file of a control group."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("max 100000", ALLOWED), ("100000 100000", 1), ("150000 100000", min(2, ALLOWED)), ("10000 100000", 1)],
)
def test_a_quota_of_cgroup_v2_counts(tmp_path: Path, quota: str, expected: int) -> None:
    """It is rounded up to whole processors."""
    write(tmp_path / "proc/self/cgroup", "0::/system.slice/tintd.service\n")
    write(tmp_path / "sys/fs/cgroup/system.slice/tintd.service/cpu.max", quota)
    assert available_processors(tmp_path) == expected


def test_the_quota_of_a_group_above_counts_too(tmp_path: Path) -> None:
    """The smallest quota on the way up holds; in a container it is that of the root."""
    write(tmp_path / "proc/self/cgroup", "0::/a/b\n")
    write(tmp_path / "sys/fs/cgroup/a/b/cpu.max", "max 100000")
    write(tmp_path / "sys/fs/cgroup/cpu.max", "50000 100000")
    assert available_processors(tmp_path) == 1


@pytest.mark.parametrize(("quota", "expected"), [("-1", ALLOWED), ("100000", 1)])
def test_a_quota_of_cgroup_v1_counts(tmp_path: Path, quota: str, expected: int) -> None:
    """As container engines on older systems set it."""
    write(tmp_path / "proc/self/cgroup", "4:memory:/docker/1\n3:cpu,cpuacct:/docker/1\n")
    group = tmp_path / "sys/fs/cgroup/cpu,cpuacct"  # what a container sees: its own group is the root
    write(group / "cpu.cfs_quota_us", quota)
    write(group / "cpu.cfs_period_us", "100000")
    assert available_processors(tmp_path) == expected


def test_without_control_groups_the_affinity_counts(tmp_path: Path) -> None:
    """As `taskset` and containers set it."""
    assert available_processors(tmp_path) == ALLOWED


@pytest.mark.parametrize(
    ("processor", "expected"),
    [
        ("flags\t\t: fpu avx2 avx512f avx512bw\n", True),
        ("flags\t\t: fpu avx2\n", False),
        ("Features\t: asimd\n", False),
    ],
)
def test_avx512_is_among_the_flags_of_the_processor(tmp_path: Path, processor: str, *, expected: bool) -> None:
    """Processors of other kinds have no such flag, and other systems no such file."""
    assert not has_avx512(tmp_path)
    write(tmp_path / "proc/cpuinfo", f"processor\t: 0\n{processor}")
    assert has_avx512(tmp_path) is expected


_THREADS_OF_TORCH = """
from colorizer.processors import limit_threads
limit_threads(1)
import torch
print(torch.get_num_threads())
"""


@pytest.mark.parametrize(("own", "threads"), [({}, "1"), ({"OMP_NUM_THREADS": "2"}, "2")])
def test_torch_has_as_many_threads_as_it_is_told(own: dict[str, str], threads: str) -> None:
    """Its threads sleep while they wait; what the user has set holds."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")}
    ended = subprocess.run(
        [sys.executable, "-c", _THREADS_OF_TORCH],
        env=inherited | own | {"OMP_DISPLAY_ENV": "true"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.strip() == threads
    if sys.platform == "linux":
        assert "OMP_WAIT_POLICY = 'PASSIVE'" in ended.stderr


_FAULTS_OF_ARRAYS = """
import resource, sys
from colorizer.processors import keep_freed_memory
import numpy as np
if sys.argv[1] == "keep":
    keep_freed_memory()
np.ones(8 << 20, np.uint8)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    [np.ones(2 << 20, np.uint8) for _ in range(4)]
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts as Linux does")
def test_memory_that_is_freed_is_used_again() -> None:
    """Without the system, which would give each page anew."""

    def faults(kept: str) -> int:
        ended = subprocess.run(
            [sys.executable, "-c", _FAULTS_OF_ARRAYS, kept], capture_output=True, text=True, check=True
        )
        return int(ended.stdout)

    assert faults("keep") < faults("give back") / 4


_GAPS = """
import resource
from pathlib import Path
from colorizer.processors import give_back_freed_memory, keep_freed_memory
import numpy as np
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
keep_freed_memory()
arrays = [np.ones(1 << 20, np.uint8) for _ in range(100)]
before = resident()
arrays = arrays[::2]
kept = resident()
give_back_freed_memory()
print(before - kept, before - resident())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts as Linux does")
def test_gaps_between_arrays_are_given_back() -> None:
    """Breaks: what each encoder leaves behind adds up, so that a long film takes more memory than a short one."""
    ended = subprocess.run([sys.executable, "-c", _GAPS], capture_output=True, text=True, check=True)
    kept, given_back = map(int, ended.stdout.split())
    assert kept < 5 << 20
    assert given_back > 40 << 20


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_process_leaves_real_time() -> None:
    """An encoder of AV1 that root runs takes no processor from others."""
    context = av.CodecContext.create("libsvtav1", "w")
    context.width, context.height, context.pix_fmt, context.time_base = 64, 64, "yuv420p", Fraction(1, 25)
    context.open()
    leave_real_time()
    threads = [int(thread.name) for thread in Path("/proc/self/task").iterdir()]
    assert {os.sched_getscheduler(thread) for thread in threads} == {os.SCHED_OTHER}
