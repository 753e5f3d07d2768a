"""Work on a batch in parts that fit into a device's memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

from colorizer.errors import DeviceError

Result = TypeVar("Result")


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
