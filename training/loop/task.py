"""The interface of a task: a network, its samples, its loss and its evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor, nn
from torch.utils.data import Dataset

from training.data.corpus import Corpus

Batch = Any
"""The collated samples of a task: a tuple of tensors."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of measuring a network during a run."""

    error: float
    """Selects the best checkpoint; less is better."""
    figures: dict[str, float]
    """Figures for the logs, by name."""
    pictures: Tensor | None = None
    """A picture for the logs: R'G'B', uint8, (3, H, W)."""


class Task(Protocol):
    """A task of the training loop."""

    network: nn.Module
    corpus: Corpus
    notes: list[str]
    """Notes about its start, for people."""
    classes: list[str]
    """Names of the classes in the order of their numbers; empty if the task has none."""

    def samples(self) -> Dataset[Any]:
        """The samples; a key is (index of a photograph, number of the sample)."""

    def prepare(self, batch: Batch) -> None:
        """Prepare the network for training, with the first batch."""

    def train_mode(self, network: nn.Module) -> None:
        """Switch a network to training mode, except for its frozen parts."""

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """The loss of a network on a batch, a scalar."""

    def evaluate(self, network: nn.Module) -> Evaluation:
        """Measure a network in evaluation mode."""
