"""Tests of colorizer/model/device.py."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from torch import Tensor

from colorizer.errors import DeviceError
from colorizer.model.device import BatchLimit, bfloat16_is_faster, choose_device, one_thread, threads_for

CPU = torch.device("cpu")


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


class Scarce:
    """Doubles a batch, on a device whose memory holds only some pictures."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.sizes: list[int] = []

    def __call__(self, part: Tensor) -> Tensor:
        """Double one part."""
        self.sizes.append(len(part))
        if len(part) > self.room:
            raise torch.OutOfMemoryError("scarce")
        return part * 2


def test_memory_that_runs_out_halves_the_part() -> None:
    """A device with room for one picture processes five, each once, in order; the limit stays."""
    limit, work, batch = BatchLimit(4, CPU), Scarce(room=1), torch.arange(5)
    assert torch.equal(torch.cat(limit.in_parts(work, batch)), batch * 2)
    assert work.sizes == [4, 2, 1, 1, 1, 1, 1]
    assert limit.most == 1


def test_copies_count() -> None:
    """Work that takes each picture twice gets half as many pictures."""
    limit, work = BatchLimit(4, CPU), Scarce(room=2)
    limit.in_parts(work, torch.arange(5), copies=2)
    assert work.sizes == [2, 2, 1]
    assert limit.most == 4


def test_a_picture_that_does_not_fit_is_an_error_for_people() -> None:
    """The message says which settings to change."""
    with pytest.raises(DeviceError, match=r"cpu has too little memory.*working_size"):
        BatchLimit(4, CPU).in_parts(Scarce(room=0), torch.arange(2))
