"""Training samples: the order of the photographs, their crops, and the luma that the network sees.

A sample depends only on the seed and its number. So a resumed run gets the samples that it would have got, and two
processes together get the samples that one would get alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler
from webdataset.shardlists import expand_urls

from colorizer.errors import SettingsError
from colorizer.model.lab import Matrix
from colorizer.processors import available_processors
from training.data.augment import degrade, vary_tone
from training.data.corpus import Corpus
from training.data.sources import OPEN_SHARDS
from training.recipe import Data, RunRecipe, Shards

Sample = TypeVar("Sample")


@dataclass(frozen=True, slots=True)
class ShuffledBatches(Sampler[list[tuple[int, int]]]):
    """Yields the batches of a run as (index of a photograph, number of the sample), newly shuffled for each epoch."""

    photographs: int
    batch: int
    """Samples of one step, of all processes together."""
    steps: range
    """The remaining steps."""
    seed: int
    rank: int = 0
    world: int = 1

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        epoch, order = -1, np.empty(0, np.int64)
        for step in self.steps:
            batch = []
            for number in range(step * self.batch, (step + 1) * self.batch):
                if number // self.photographs != epoch:
                    epoch = number // self.photographs
                    order = np.random.default_rng((self.seed, epoch)).permutation(self.photographs)
                batch.append((int(order[number % self.photographs]), number))
            yield batch[self.rank :: self.world]


@dataclass(frozen=True, slots=True)
class ShardBatches(Sampler[list[tuple[int, int]]]):
    """Yields the batches of a run on shards, so that a loading process reads its own shards, a few at a time.

    DataLoader gives batches to its loading processes in turn. So the batches of each process are a sequence of their
    own: its share of the shards, newly shuffled for each epoch, and the shuffled photographs of two shards at a time.

    """

    shards: NDArray[np.int64]
    """The shard of each photograph."""
    batch: int
    steps: range
    seed: int
    rank: int = 0
    world: int = 1
    lanes: int = 1
    """Number of loading processes of each device."""

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        lanes = {}
        for step in self.steps:
            lane, numbers = (
                step % self.lanes,
                range(step * self.batch, (step + 1) * self.batch)[self.rank :: self.world],
            )
            if lane not in lanes:
                lanes[lane] = islice(self._lane(lane), step // self.lanes * len(numbers), None)
            yield [(next(lanes[lane]), number) for number in numbers]

    def _lane(self, lane: int) -> Iterator[int]:
        """The photographs of one loading process, without end."""
        shards = np.unique(self.shards)
        for epoch in count():
            own = np.random.default_rng((self.seed, epoch)).permutation(shards)
            own = own[self.rank * self.lanes + lane :: self.world * self.lanes]
            for start in range(0, len(own), OPEN_SHARDS):
                members = np.flatnonzero(np.isin(self.shards, own[start : start + OPEN_SHARDS]))
                yield from np.random.default_rng((self.seed, epoch, lane, start)).permutation(members).tolist()


def check_shares(recipe: RunRecipe, world: int) -> None:
    """Check that a batch can be divided evenly among the processes, and that each process gets a shard.

    Raises:
        SettingsError: one of them is not so.

    """
    batch = recipe.schedule.batch
    if batch % world:
        raise SettingsError(f"a batch of {batch} cannot be divided among {world} processes; change `schedule.batch`")
    if isinstance(recipe.data.train, Shards):
        _check_shards(len(expand_urls(recipe.data.train.shards)), recipe, world)


def batches_of(
    corpus: Corpus, recipe: RunRecipe, steps: range, rank: int = 0, world: int = 1
) -> ShuffledBatches | ShardBatches:
    """Make the sampler of a run's batches.

    Raises:
        SettingsError: there are fewer shards with usable photographs than processes.

    """
    batch = recipe.schedule.batch
    if corpus.shards is None:
        return ShuffledBatches(len(corpus), batch, steps, recipe.seed, rank, world)
    _check_shards(len(np.unique(corpus.shards)), recipe, world)
    return ShardBatches(corpus.shards, batch, steps, recipe.seed, rank, world, _lanes(recipe))


def _check_shards(shards: int, recipe: RunRecipe, world: int) -> None:
    readers = _lanes(recipe) * world
    if shards < readers:
        raise SettingsError(
            f"there are {shards} shards for {readers} processes that read them; "
            "lower `data.workers`, or divide the photographs into more shards"
        )


def _lanes(recipe: RunRecipe) -> int:
    """Number of processes that read shards, for each device."""
    return max(workers_of(recipe.data), 1)


@dataclass(frozen=True, slots=True)
class Samples(Dataset[tuple[Tensor, Tensor]]):
    """Cropped photographs: luma as the network sees it, float (1, S, S) in 0..1, and R'G'B', uint8 (3, S, S)."""

    corpus: Corpus
    data: Data
    seed: int
    early: int = 0
    """Samples with a lower number are cropped to `data.early_crop`."""

    def __getitem__(self, key: tuple[int, int]) -> tuple[Tensor, Tensor]:
        index, number = key
        rng = np.random.default_rng((self.seed, number, 1))
        early = self.data.early_crop if number < self.early else None
        rgb = _crop(self.corpus.picture(index), early or self.data.crop, self.data.scale, rng)
        luma = vary_tone(grey_of(rgb), self.data.tone, rng)
        if rng.random() < self.data.degrade:
            luma = degrade(luma, rng)
        quantised = np.round(luma * 255) / np.float32(255)
        return torch.from_numpy(quantised)[None], torch.from_numpy(rgb.transpose(2, 0, 1).copy())


@dataclass(frozen=True, slots=True)
class LabelledSamples(Dataset[tuple[Tensor, Tensor, int]]):
    """Samples together with the number of the class."""

    samples: Samples
    classes: list[int]
    """Number of each photograph's class."""

    def __getitem__(self, key: tuple[int, int]) -> tuple[Tensor, Tensor, int]:
        return (*self.samples[key], self.classes[key[0]])


def workers_of(data: Data) -> int:
    """Number of loading processes: several for a GPU, whose steps are short; one beside training on a CPU."""
    if data.workers != "auto":
        return data.workers
    return min(8, max(available_processors() - 1, 1)) if torch.cuda.is_available() else 1


def load_samples(samples: Dataset[Sample], order: Iterable[list[tuple[int, int]]], workers: int) -> DataLoader[Sample]:
    """Load batches in other processes."""
    return DataLoader(
        samples,
        batch_sampler=order,
        num_workers=workers,
        pin_memory=torch.cuda.is_available(),
        multiprocessing_context="fork" if workers else None,
        prefetch_factor=4 if workers else None,
        worker_init_fn=_use_one_thread,
    )


def grey_of(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Luma (H, W), 0..1, of a photograph (H, W, 3) by BT.601, as the service converts pictures."""
    kr, kb = Matrix.BT601.value
    weights = np.array([kr, 1 - kr - kb, kb], np.float32) / 255
    luma: NDArray[np.float32] = np.matmul(rgb, weights, dtype=np.float32)
    return luma


def _crop(
    picture: NDArray[np.uint8], size: int, scale: tuple[float, float], rng: np.random.Generator
) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    side = rng.uniform(*scale) * min(height, width)
    left, top = rng.uniform(0, width - side), rng.uniform(0, height - side)
    square = Image.fromarray(picture).resize(
        (size, size), Image.Resampling.BILINEAR, box=(left, top, left + side, top + side)
    )
    cropped = np.asarray(square)
    return cropped[:, ::-1] if rng.random() < 0.5 else cropped


def _use_one_thread(_worker: int) -> None:
    torch.set_num_threads(1)
