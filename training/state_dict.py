"""Files of tensors by name: checkpoints and state dicts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from colorizer.errors import WeightsError, one_line


def read_tensors(path: Path) -> dict[str, Any]:
    """Read a checkpoint, or another file of tensors by name, without running code that it may contain.

    Raises:
        WeightsError: the file is missing, damaged, or contains something else.

    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle can raise anything, even AssertionError
        raise WeightsError(f"{path}: damaged, or not a file that torch wrote: {one_line(str(error))}") from error
    if not isinstance(state, dict):
        raise WeightsError(f"{path}: contains no tensors by name")
    return state


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Read a state dict, or the averaged weights of a checkpoint.

    Raises:
        WeightsError: see `read_tensors`.

    """
    tensors = read_tensors(path)
    state: dict[str, Tensor] = tensors.get("average", tensors.get("state_dict", tensors))
    return state
