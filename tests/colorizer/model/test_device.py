"""Tests of colorizer/model/device.py."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from colorizer.errors import DeviceError
from colorizer.model.device import bfloat16_is_faster, choose_device, one_thread, threads_for


def test_auto_finds_what_is_there() -> None:
    """A GPU if there is one, else the CPU."""
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_refused() -> None:
    """A request for CUDA never silently uses the CPU."""
    with pytest.raises(DeviceError, match="was not found"):
        choose_device("cuda")


def test_bfloat16_is_judged_by_the_processor() -> None:
    """The answer is about this CPU's instructions, as the kernel lists them."""
    flags = Path("/proc/cpuinfo").read_text()
    assert bfloat16_is_faster(torch.device("cpu")) == ("avx512_bf16" in flags or "amx_bf16" in flags)


def test_threads_that_are_started_inside_compute_alone() -> None:
    """Inside, this thread and new ones compute with one thread; afterwards all have as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with one_thread(), ThreadPoolExecutor(1) as pool:
            assert (torch.get_num_threads(), pool.submit(torch.get_num_threads).result()) == (1, 1)
        with ThreadPoolExecutor(1) as pool:
            assert (torch.get_num_threads(), pool.submit(torch.get_num_threads).result()) == (3, 3)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("planes", "threads"),
    [(torch.empty(2, 100, 100), 1), (torch.empty(2, 1000, 1000), 3), (torch.empty(2, 100, 100, device="meta"), 3)],
)
def test_one_thread_computes_on_small_planes(planes: torch.Tensor, threads: int) -> None:
    """A second one would be woken for less work than that takes; other devices do not compute with these threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with threads_for(planes):
            assert torch.get_num_threads() == threads
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
