"""What is learnt: a network, its samples, its loss, and how good it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor, nn
from torch.utils.data import Dataset

from training.data.corpus import Corpus

Batch = Any
"""What the task's samples collate to: a tuple of tensors."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How good a network is at one moment of a run."""

    error: float
    """What the best checkpoint is chosen by; less is better."""
    figures: dict[str, float]
    """What is logged."""
    pictures: Tensor | None = None
    """What is shown: R'G'B', uint8, (3, H, W)."""


class Task(Protocol):
    """What the training loop needs to know of a task."""

    network: nn.Module
    corpus: Corpus
    notes: list[str]
    """What people should know of its beginning."""
    classes: list[str]
    """By their numbers, where they are what is learnt."""

    def samples(self) -> Dataset[Any]:
        """Samples of the corpus, asked for by (index of a photograph, number of the sample)."""

    def prepare(self, batch: Batch) -> None:
        """Make the network ready for training, given the first batch."""

    def train_mode(self, network: nn.Module) -> None:
        """Switch a network to training, but for what stands still."""

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Loss of a network on a batch, a scalar."""

    def evaluate(self, network: nn.Module) -> Evaluation:
        """Measure a network in evaluation mode."""
