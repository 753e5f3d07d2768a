"""The classifier task: networks learn what a photograph shows, in grey and in colour (the paper's ResNet-Gray).

The grey network is the colorizer's encoder with a classifier on top, so a colorizer can start with its weights.
"""

from __future__ import annotations

import csv
from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchmetrics.classification import MulticlassAccuracy
from torchvision.transforms import InterpolationMode
from torchvision.transforms.functional import center_crop, resize

from colorizer.errors import MediaError
from colorizer.model.lab import lightness_of_luma
from colorizer.model.network import normalise
from training.data.corpus import Corpus, open_corpus
from training.data.samples import LabelledSamples, Samples, grey_of
from training.loop.initialisation import load_resnet, restore_normalisation, start_notes, sum_channels
from training.loop.task import Evaluation
from training.recipe import ClassifierRecipe, Data, DataSource

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Mean and deviation of ImageNet's pictures in R'G'B', which torchvision's weights expect."""
_SPLITS = {"train": {"train"}, "validation": {"val", "validation"}}


class Classifiers(nn.ModuleDict):
    """ResNets that see the same photographs, by their input: grey, colour, or both.

    Input: luma (N, 1, H, W) and R'G'B' (N, 3, H, W), float in 0..1. Output: the logits of each, (N, classes).
    """

    def __init__(self, name: str, inputs: tuple[str, ...], classes: int) -> None:
        super().__init__()
        for kind in inputs:
            resnet = torchvision.models.get_model(name, weights=None, num_classes=classes)
            if kind == "grey":
                resnet.conv1 = sum_channels(resnet.conv1)
            self[kind] = resnet

    def forward(self, luma: Tensor, rgb: Tensor) -> dict[str, Tensor]:
        """The logits for each input."""
        seen = {"grey": normalise(lightness_of_luma(luma)), "colour": _normalise(rgb)}
        return {kind: net(seen[kind].contiguous(memory_format=torch.channels_last)) for kind, net in self.items()}


class ClassifierTask:
    """Learns classes from grey and colour."""

    def __init__(self, recipe: ClassifierRecipe, *, resumes: bool = False) -> None:
        data = recipe.data
        self._recipe = recipe
        self.corpus: Corpus = _open(data, "train").repeated(data.repeat)
        self._validation = _open(data, "validation")
        self.classes = sorted(set(self.corpus.labels))
        if len(self.classes) < 2:
            raise MediaError(
                f"{data.train}: all photographs here have the class {self.classes[0]!r}; at least two are needed"
            )
        if unknown := sorted(set(self._validation.labels) - set(self.classes)):
            raise MediaError(f"{data.validation}: classes without a training photograph: {', '.join(unknown)}")
        torch.manual_seed(recipe.seed)
        self.network: nn.Module = Classifiers(recipe.resnet, recipe.inputs, len(self.classes))
        start = None if resumes else recipe.encoder.start
        lacking = [load_resnet(net, recipe.resnet, start) for net in self.network.children()]
        self.notes: list[str] = [] if resumes else start_notes(lacking[0])

    def samples(self) -> Dataset[tuple[Tensor, Tensor, int]]:
        """Samples of luma, R'G'B' and the number of the class."""
        schedule = self._recipe.schedule
        early = schedule.falls_at * schedule.batch
        return LabelledSamples(
            Samples(self.corpus, self._recipe.data, self._recipe.seed, early), self._numbers(self.corpus)
        )

    def prepare(self, batch: tuple[Tensor, Tensor, Tensor]) -> None:
        """Restore normalisations that were folded into their convolutions."""
        luma, rgb, _ = batch
        restore_normalisation(self.network, luma, rgb / 255)

    def train_mode(self, network: nn.Module) -> None:
        """Switch the whole network to training."""
        network.train()

    def loss(self, network: nn.Module, batch: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """Cross-entropy, summed over the inputs, whose networks share no weights."""
        luma, rgb, classes = batch
        answers = network(luma, rgb.float() / 255)
        losses = [functional.cross_entropy(logits.float(), classes) for logits in answers.values()]
        return torch.stack(losses).sum()

    @torch.inference_mode()
    def evaluate(self, network: nn.Module) -> Evaluation:
        """Measure top-1 and top-5 accuracy on the middle square of each validation photograph."""
        device = next(network.parameters()).device
        top = {
            f"{kind}/top{k}": MulticlassAccuracy(len(self.classes), top_k=k, average="micro").to(device)
            for kind in self._recipe.inputs
            for k in (1, min(5, len(self.classes)))
        }
        squares = _Squares(self._validation, self._recipe.data.crop, self._numbers(self._validation))
        for luma, rgb, classes in DataLoader(squares, batch_size=64):
            for kind, logits in network(luma.to(device), rgb.to(device)).items():
                for name, metric in top.items():
                    if name.startswith(kind):
                        metric.update(logits, classes.to(device))
        figures = {name: float(metric.compute()) for name, metric in top.items()}
        return Evaluation(1 - figures[f"{self._recipe.inputs[0]}/top1"], figures)

    def _numbers(self, corpus: Corpus) -> list[int]:
        numbers = {name: number for number, name in enumerate(self.classes)}
        return [numbers[label] for label in corpus.labels]


class _Squares(Dataset[tuple[Tensor, Tensor, int]]):
    """The middle square of each photograph: luma and R'G'B', float32, 0..1, and the number of the class."""

    def __init__(self, corpus: Corpus, side: int, classes: list[int]) -> None:
        self._corpus, self._side, self._classes = corpus, side, classes

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, int]:
        rgb = torch.from_numpy(self._corpus.picture(index).copy()).permute(2, 0, 1)
        square = center_crop(resize(rgb, self._side, InterpolationMode.BILINEAR, antialias=True), self._side)
        luma = torch.from_numpy(grey_of(square.permute(1, 2, 0).numpy()))[None]
        return (luma * 255).round() / 255, square / 255, self._classes[index]

    def __len__(self) -> int:
        return len(self._corpus)


def _open(data: Data, split: str) -> Corpus:
    place: DataSource = getattr(data, split)
    found = open_corpus(place, data.cache, data.stored_side, decoded=data.stored)
    classes = (
        dict(zip(found.names, found.labels, strict=True))
        if data.labels is None
        else _read_labels(data.labels, _SPLITS[split])
    )
    corpus = found.labelled({name: label for name, label in classes.items() if label})
    if not len(corpus):
        raise MediaError(
            f"{place}: none of the photographs here has a class" + (f" in {data.labels}" if data.labels else "")
        )
    return corpus


def _read_labels(path: Path, splits: set[str]) -> dict[str, str]:
    """Classes by name of the photograph, from a CSV file with the columns name, class and optionally split."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return {row["name"]: row["class"] for row in csv.DictReader(file) if row.get("split") in {None, *splits}}
    except (OSError, KeyError, UnicodeDecodeError, csv.Error) as error:
        raise MediaError(f"{path}: not a CSV file with the columns name and class ({error})") from error


def _normalise(rgb: Tensor) -> Tensor:
    return (rgb - rgb.new_tensor(_MEAN)[:, None, None]) / rgb.new_tensor(_DEVIATION)[:, None, None]
