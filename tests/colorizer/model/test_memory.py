"""Tests of colorizer/model/memory.py."""

import pytest
import torch
from torch import Tensor

from colorizer.errors import DeviceError
from colorizer.model.memory import BatchLimit

CPU = torch.device("cpu")


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
