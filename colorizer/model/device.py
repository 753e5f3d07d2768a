"""The device of the network, whether bfloat16 is faster on it, and with how many threads a processor computes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor

from colorizer.errors import DeviceError

_SMALL = 1 << 17
"""Values of planes up to which one thread takes less time than two, of which the second must wake for each step."""


def choose_device(name: str) -> torch.device:
    """Find a device by its configured name: auto, cpu, cuda, cuda:N or mps.

    Raises:
        DeviceError: this machine has no such device, or the name is unknown.

    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if torch.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise DeviceError(f"device {name!r}: use auto, cpu, cuda, cuda:N or mps") from error
    if not _is_present(device):
        raise DeviceError(
            f"device {name!r} was not found; `device: auto` takes the best there is, `device: cpu` always works"
        )
    return device


def cuda_devices() -> tuple[str, ...]:
    """The names of all CUDA devices."""
    return tuple(f"cuda:{number}" for number in range(torch.cuda.device_count()))


def bfloat16_is_faster(device: torch.device) -> bool:
    """Whether bfloat16 is faster than float32: on GPUs since Ampere, and on CPUs with AVX512-BF16 or AMX."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    fast = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()  # noqa: SLF001
    return device.type == "cpu" and bool(fast)


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Have torch compute in so many threads, for the calling thread and for those that it starts meanwhile."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def one_thread() -> AbstractContextManager[None]:
    """Have torch compute in one thread.

    Where other work keeps the processors busy, a second thread for small tensors takes more processor time than it
    saves.
    """
    return threads(1)


def threads_for(planes: Tensor) -> AbstractContextManager[None]:
    """Have torch compute in one thread if planes are few and small; see `one_thread`."""
    return one_thread() if planes.device.type == "cpu" and planes.numel() <= _SMALL else nullcontext()


def _is_present(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
    return device.type == "cpu" or (device.type == "mps" and torch.mps.is_available())
