"""The colour task: a network learns to choose colours."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from colorizer.model.lab import Matrix, lightness_of_luma, luma_of_rgb, rgb_to_lab
from colorizer.model.network import Network
from colorizer.weights_path import weights_path
from training.data.corpus import Corpus, describe_rejected, open_corpus
from training.data.samples import Samples
from training.loop.distillation import Teachers
from training.loop.initialisation import load_network, restore_normalisation, start_encoder, start_notes
from training.loop.loss import colour_loss
from training.loop.task import Evaluation
from training.measure.validation import Score, draw_grid, mean_error, validation_colorist
from training.recipe import Recipe

VALIDATION_SIDE = 256
"""Largest short side of the cached validation photographs."""
_PICTURES = 420
"""Number of photographs of all kinds that an evaluation measures."""
_LEAST_OF_A_KIND = 60
"""Number of photographs of one kind that an evaluation measures at least."""
_SIDE = 144
"""Smallest working size of an evaluation; a network that is trained on larger crops is evaluated at that size."""


class ColourTask:
    """Learns ab from lightness."""

    def __init__(self, recipe: Recipe, *, resumes: bool = False) -> None:
        data = recipe.data
        self._recipe = recipe
        torch.manual_seed(recipe.seed)
        # First, because a missing file should be reported before photographs are inspected, which takes long.
        network, lacking = (Network(recipe.architecture), []) if resumes else _first_network(recipe)
        self.network: nn.Module = network
        self._teachers = _load_teachers(recipe)
        self.classes: list[str] = []
        self._validation = open_corpus(data.validation, data.cache, VALIDATION_SIDE, decoded=data.stored)
        corpus = open_corpus(data.train, data.cache, data.stored_side, decoded=data.stored)
        self.corpus: Corpus = corpus.repeated(data.repeat)
        absent = sorted(data.repeat.keys() - corpus.kinds)
        self.notes: list[str] = [
            *start_notes(lacking),
            f"{len(self._validation)} validation photographs, {describe_rejected(self._validation.rejected)} left out",
            *(f"`data.repeat` names the kind {kind!r}, but no photograph is of that kind" for kind in absent),
        ]

    def samples(self) -> Dataset[tuple[Tensor, Tensor]]:
        """Samples of luma and R'G'B'."""
        schedule = self._recipe.schedule
        return Samples(self.corpus, self._recipe.data, self._recipe.seed, early=schedule.falls_at * schedule.batch)

    def prepare(self, batch: tuple[Tensor, Tensor]) -> None:
        """Restore the encoder's folded normalisations and freeze its first stages."""
        restore_normalisation(cast("Network", self.network), lightness_of_luma(batch[0]))
        for stage in self._frozen(self.network):
            stage.requires_grad_(requires_grad=False)

    def train_mode(self, network: nn.Module) -> None:
        """Switch to training all but the frozen stages, whose normalisations use their running statistics."""
        network.train()
        for stage in self._frozen(network):
            stage.eval()

    def loss(self, network: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Loss of a batch; see `loss.colour_loss`."""
        luma, rgb = batch[0], batch[1].float() / 255
        taught = None
        if self._teachers is not None:  # teachers see the photograph without the marks of old material
            taught = self._teachers.probability(_lightness(luma_of_rgb(rgb, Matrix.BT601)))
        share = self._recipe.distillation.share
        return colour_loss(cast("Network", network), network(_lightness(luma)), rgb_to_lab(rgb)[:, 1:], taught, share)

    def evaluate(self, network: nn.Module) -> Evaluation:
        """Measure the error on some validation photographs of each kind, and draw a grid of a few."""
        most = max(_LEAST_OF_A_KIND, _PICTURES // len(self._validation.kinds))
        side = max(_SIDE, self._recipe.data.crop)
        colorist = validation_colorist(cast("Network", network), side)
        scores = mean_error(colorist, self._validation, most)
        total = Score.sum(scores.values())
        parts = {f"part_of_grey/{kind}": score.part_of_grey for kind, score in scores.items()}
        figures = {"mse": total.error, "part_of_grey": total.part_of_grey, **parts}
        return Evaluation(total.error, figures, draw_grid(colorist, self._validation))

    def _frozen(self, network: nn.Module) -> list[nn.Module]:
        net, stages = cast("Network", network).encoder.resnet, self._recipe.encoder.frozen
        return [net.conv1, net.bn1, net.layer1, net.layer2, net.layer3, net.layer4][: stages and stages + 2]


def _lightness(luma: Tensor) -> Tensor:
    return lightness_of_luma(luma).contiguous(memory_format=torch.channels_last)


def _load_teachers(recipe: Recipe) -> Teachers | None:
    paths = [weights_path(name) for name in recipe.distillation.teachers]
    return Teachers(paths, recipe.architecture) if paths else None


def _first_network(recipe: Recipe) -> tuple[Network, list[str]]:
    """The network at the start of a run, and the names of the encoder's tensors that start at random."""
    if recipe.weights is not None:
        return load_network(weights_path(recipe.weights), recipe.architecture), []
    network = Network(recipe.architecture)
    return network, start_encoder(network, recipe.encoder.start)
