"""The task of choosing colours, as the training loop sees it."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from colorizer.model.lab import lightness_of_luma, rgb_to_lab
from colorizer.model.network import Network
from colorizer.model.weights import weights_path
from training.data.corpus import Corpus, open_corpus
from training.data.samples import Samples
from training.loop.initialisation import load_network, revive_normalisation, said_of_start, start_encoder
from training.loop.loss import colour_loss
from training.loop.task import Evaluation
from training.measure.validation import Score, draw_grid, mean_error
from training.recipe import Recipe

VALIDATION_SIDE = 256
"""Short side in the cache of the photographs that a network is looked at with, at most."""
_PICTURES = 420
"""How many are looked at during a run, over all kinds; but a few dozen of each."""
_LEAST_OF_A_KIND = 60
_SIDE = 144
"""Their short side at least; a network that is trained at a larger one is looked at there."""


class Colorization:
    """Lightness in, colours out."""

    def __init__(self, recipe: Recipe, *, resumes: bool = False) -> None:
        data = recipe.data
        self._recipe = recipe
        torch.manual_seed(recipe.seed)
        # What is not there is said before photographs are looked through, which takes long.
        network, lacking = (Network(recipe.architecture), []) if resumes else _first_network(recipe)
        self.network: nn.Module = network
        self.classes: list[str] = []
        self._validation = open_corpus(data.validation, data.cache, VALIDATION_SIDE, decoded=data.stored)
        corpus = open_corpus(data.train, data.cache, data.stored_side, decoded=data.stored)
        self.corpus: Corpus = corpus.repeated(data.repeat)
        absent = sorted(data.repeat.keys() - corpus.kinds)
        self.notes: list[str] = [
            *said_of_start(lacking),
            f"{len(self._validation)} photographs to look at, {self._validation.rejected} left out",
            *(f"none is of the kind {kind!r}, which `data.repeat` names" for kind in absent),
        ]

    def samples(self) -> Dataset[tuple[Tensor, Tensor]]:
        """Luma and R'G'B'."""
        schedule = self._recipe.schedule
        return Samples(self.corpus, self._recipe.data, self._recipe.seed, early=schedule.falls_at * schedule.batch)

    def prepare(self, batch: tuple[Tensor, Tensor]) -> None:
        """Wake the encoder's normalisations, freeze its first stages."""
        revive_normalisation(cast("Network", self.network), lightness_of_luma(batch[0]))
        for stage in self._frozen(self.network):
            stage.requires_grad_(requires_grad=False)

    def train_mode(self, network: nn.Module) -> None:
        """All but the frozen stages, which are not normalised by their batch either."""
        network.train()
        for stage in self._frozen(network):
            stage.eval()

    def loss(self, network: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        """See `loss.colour_loss`."""
        luma, rgb = batch
        lightness = lightness_of_luma(luma).contiguous(memory_format=torch.channels_last)
        return colour_loss(cast("Network", network), network(lightness), rgb_to_lab(rgb.float() / 255)[:, 1:])

    def evaluate(self, network: nn.Module) -> Evaluation:
        """Error on some validation photographs of each kind, and a grid of a few."""
        most = max(_LEAST_OF_A_KIND, _PICTURES // len(self._validation.kinds))
        side = max(_SIDE, self._recipe.data.crop)
        scores = mean_error(cast("Network", network), self._validation, most, side)
        total = Score.sum(scores.values())
        parts = {f"part_of_grey/{kind}": score.part_of_grey for kind, score in scores.items()}
        figures = {"mse": total.error, "part_of_grey": total.part_of_grey, **parts}
        return Evaluation(total.error, figures, draw_grid(cast("Network", network), self._validation))

    def _frozen(self, network: nn.Module) -> list[nn.Module]:
        net, stages = cast("Network", network).encoder.resnet, self._recipe.encoder.frozen
        return [net.conv1, net.bn1, net.layer1, net.layer2, net.layer3, net.layer4][: stages and stages + 2]


def _first_network(recipe: Recipe) -> tuple[Network, list[str]]:
    """The network as it begins, and names of tensors of the encoder that begin at random."""
    if recipe.weights is not None:
        return load_network(weights_path(recipe.weights), recipe.architecture), []
    network = Network(recipe.architecture)
    return network, start_encoder(network, recipe.encoder.start)
