"""The device of the network: its precision, how many pictures it takes at once, and with how many threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TypeVar

import torch
from torch import Tensor

from colorizer.errors import DeviceError

Result = TypeVar("Result")

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


class BatchLimit:
    """How many pictures a device takes at once: halved each time that its memory runs out."""

    def __init__(self, most: int, device: torch.device) -> None:
        self.most = most
        self._device = device

    def in_parts(self, work: Callable[[Tensor], Result], batch: Tensor, *, copies: int = 1) -> list[Result]:
        """Call a function on consecutive parts of a batch, each as large as the limit allows.

        Args:
            work: the function; it may be called again on the first half of a part for which memory ran out.
            batch: (N, ...).
            copies: how many times the function takes each picture; each copy counts.

        Returns:
            The result for each part, in order.

        Raises:
            DeviceError: the memory does not hold even one picture.

        """
        results: list[Result] = []
        done = 0
        while done < len(batch):
            part = batch[done : done + max(1, self.most // copies)]
            try:
                results.append(work(part))
            except torch.OutOfMemoryError as error:
                if len(part) == 1:
                    raise DeviceError(
                        f"{self._device} has too little memory for one picture; use a smaller `working_size` or "
                        "`device: cpu`"
                    ) from error
                self.most = len(part) * copies // 2
            else:
                done += len(part)
                continue
            torch.cuda.empty_cache()  # here, because the error keeps the tensors of its traceback alive
        return results


def _is_present(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
    return device.type == "cpu" or (device.type == "mps" and torch.mps.is_available())
