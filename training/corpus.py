"""Colour photographs, looked through and filtered once; decoded into a cache that training reads at memory's speed."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from rich.progress import track
from torch.utils.data import DataLoader, Dataset

from colorizer.errors import MediaError
from training.sources import Item, Place, Source, TarShards, open_source

MIN_SIDE = 64
"""Smaller pictures teach nothing about what they show."""
MIN_CHROMA = 1.5
"""Mean distance of R, G, B from their mean (0..255) under which a picture counts as grey."""

Picture = NDArray[np.uint8]
"""R'G'B', (H, W, 3)."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Photographs that can be asked for one by one, in any order."""

    read: Callable[[NDArray[np.int64]], Picture]
    """Gives the photograph of a row of `spans`."""
    spans: NDArray[np.int64]
    """(N, 4): where a photograph lies, its height, its width, its index into `kinds`."""
    kinds: list[str]
    """First components of the names."""
    names: list[str]
    """Paths inside the folder tree."""
    rejected: dict[str, int]
    """How many pictures were left out, by reason."""
    labels: list[str]
    """Their classes."""
    shards: NDArray[np.int64] | None = None
    """(N,): the shard that each lies in; None where all are equally near."""

    def __len__(self) -> int:
        return len(self.spans)

    def picture(self, index: int) -> Picture:
        """One photograph."""
        return self.read(self.spans[index])

    def repeated(self, times: Mapping[str, int]) -> Corpus:
        """The corpus with the photographs of the named kinds standing in it several times."""
        each = np.array([times.get(kind, 1) for kind in self.kinds])
        return self.chosen(np.repeat(np.arange(len(self)), each[self.spans[:, 3]]))

    def labelled(self, classes: Mapping[str, str]) -> Corpus:
        """The photographs that have a class, with it."""
        some = self.chosen(np.array([index for index, name in enumerate(self.names) if name in classes], np.int64))
        return replace(some, labels=[classes[name] for name in some.names])

    def chosen(self, indices: NDArray[np.int64]) -> Corpus:
        """Some of the photographs, each as often as it is named."""
        return replace(
            self,
            spans=self.spans[indices],
            names=[self.names[index] for index in indices],
            labels=[self.labels[index] for index in indices],
            shards=None if self.shards is None else self.shards[indices],
        )

    def name(self, index: int) -> str:
        """A photograph's path inside the folder tree."""
        return self.names[index]

    def first_of_each_kind(self, most: int | None) -> list[int]:
        """Indices of the first `most` photographs of each kind, or of all."""
        seen: Counter[int] = Counter()
        chosen = []
        for index, kind in enumerate(self.spans[:, 3].tolist()):
            seen[kind] += 1
            if most is None or seen[kind] <= most:
                chosen.append(index)
        return chosen

    def kind(self, index: int) -> str:
        """The folder of the tree's first level that a photograph lies in."""
        return self.kinds[int(self.spans[index, 3])]


def open_corpus(place: Place, cache: Path, side: int, *, decoded: bool = True) -> Corpus:
    """Open the cache of a place, building it first where it is missing or the place has changed.

    Args:
        place: of the photographs.
        cache: folder of caches.
        side: longer short sides are shrunk to this.
        decoded: whether the decoded photographs are kept, or only which are good for training; they are then read
            anew each time. Those in shards are never kept.

    Raises:
        MediaError: there is no usable colour photograph.

    """
    source = open_source(place)
    looked = _Looked(source, side, keep=decoded and not isinstance(source, TarShards))
    folder = cache / _identity(looked)
    if not (folder / "corpus.json").exists():
        _build(folder, looked)
    facts = json.loads((folder / "corpus.json").read_text())
    if not facts["kinds"]:
        raise MediaError(f"{place}: no usable colour photograph here ({facts['rejected']})")
    spans = np.load(folder / "spans.npy")
    return Corpus(
        read=_Decoded(np.memmap(folder / "pixels.bin", np.uint8, "r")) if looked.keep else looked,
        spans=spans,
        kinds=facts["kinds"],
        names=facts["names"],
        rejected=facts["rejected"],
        labels=facts.get("labels") or [facts["kinds"][kind] for kind in spans[:, 3]],
        shards=spans[:, 0] >> _PLACE_BITS if isinstance(source, TarShards) else None,
    )


_PLACE_BITS = 32
"""Of a number that says where an item lies: its place in its part; the part is above them."""


@dataclass(frozen=True, slots=True)
class _Decoded:
    """Photographs one after the other in a memory-mapped file."""

    pixels: Picture

    def __call__(self, span: NDArray[np.int64]) -> Picture:
        offset, height, width, _ = span
        return self.pixels[offset : offset + height * width * 3].reshape(height, width, 3)


@dataclass(frozen=True, slots=True)
class _Found:
    """An item that was looked at: a photograph, or the reason why it is none for training."""

    name: str
    label: str | None
    where: int
    extent: tuple[int, int] = (0, 0)
    picture: Picture | None = None
    reason: str = ""


@dataclass(frozen=True)
class _Looked(Dataset[list[_Found]]):
    """A source with its items decoded, to be looked through by several processes."""

    source: Source
    side: int
    keep: bool

    def __call__(self, span: NDArray[np.int64]) -> Picture:
        where = int(span[0])
        return _decode(self.source.item(where >> _PLACE_BITS, where & ((1 << _PLACE_BITS) - 1)), self.side)

    def __getitem__(self, part: int) -> list[_Found]:
        return [self._look(item, part << _PLACE_BITS | place) for place, item in enumerate(self.source.part(part))]

    def __len__(self) -> int:
        return self.source.parts()

    def _look(self, item: Item, where: int) -> _Found:
        try:
            picture = _decode(item, self.side)
        except (OSError, UnidentifiedImageError, Image.DecompressionBombError):
            return _Found(item.name, item.label, where, reason="broken")
        extent = (picture.shape[0], picture.shape[1])
        kept = picture if self.keep else None
        return _Found(item.name, item.label, where, extent, kept, _why_not(picture))


def _identity(looked: _Looked) -> str:
    listing = "\n".join(looked.source.identity())
    kept = looked.side if looked.keep else "index"
    return f"{looked.source.title}-{kept}-{hashlib.sha256(listing.encode()).hexdigest()[:12]}"


def _build(folder: Path, looked: _Looked) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    kinds: dict[str, int] = {}
    found: list[_Found] = []
    spans: list[tuple[int, int, int, int]] = []
    offset = 0
    with (folder / "pixels.bin").open("wb") as pixels, (folder / "rejected.csv").open("w", newline="") as refused:
        rejected: Counter[str] = Counter()
        for one in _usable(looked, rejected, csv.writer(refused)):
            kind = kinds.setdefault(Path(one.name).parts[0], len(kinds))
            spans.append((offset if one.picture is not None else one.where, *one.extent, kind))
            found.append(replace(one, picture=None))
            if one.picture is not None:
                pixels.write(one.picture.tobytes())
                offset += one.picture.size
    np.save(folder / "spans.npy", np.array(spans, np.int64).reshape(-1, 4))
    labels = [one.label for one in found] if any(one.label for one in found) else None
    facts = {"kinds": [*kinds], "names": [one.name for one in found], "labels": labels, "rejected": rejected}
    (folder / "corpus.part").write_text(json.dumps(facts))
    (folder / "corpus.part").replace(folder / "corpus.json")


def _usable(looked: _Looked, rejected: Counter[str], refused: Any) -> Iterator[_Found]:  # noqa: ANN401 (csv's writer)
    """Look through a source in several processes, in order; what is not usable is counted and listed."""
    workers = min(os.cpu_count() or 1, len(looked) // (1 if isinstance(looked.source, TarShards) else 100))
    parts: Iterable[list[_Found]] = DataLoader(
        looked,
        batch_size=None,
        num_workers=workers,
        multiprocessing_context="fork" if workers else None,
        collate_fn=_as_it_is,
    )
    for part in track(parts, f"Looking through {looked.source.title}", total=len(looked)):
        for one in part:
            if one.reason:
                rejected[one.reason] += 1
                refused.writerow((one.name, one.reason))
            else:
                yield one


def _as_it_is(found: list[_Found]) -> list[_Found]:
    return found


def _why_not(picture: Picture) -> str:
    if min(picture.shape[:2]) < MIN_SIDE:
        return "tiny"
    if np.abs(picture - picture.mean(axis=2, keepdims=True)).mean() < MIN_CHROMA:
        return "grey"
    return ""


def _decode(item: Item, side: int) -> Picture:
    with Image.open(item.file) as file:
        image = ImageOps.exif_transpose(file).convert("RGB")
    shrink = side / min(image.size)
    if shrink < 1:
        size = (max(side, round(image.width * shrink)), max(side, round(image.height * shrink)))
        image = image.resize(size, Image.Resampling.BOX, reducing_gap=None)
    return np.asarray(image)
