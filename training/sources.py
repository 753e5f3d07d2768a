"""Where photographs come from: a folder tree, Places365, or tar shards."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Protocol

import webdataset
from pydantic import BaseModel, ConfigDict
from torchvision.datasets import Places365

from colorizer.errors import MediaError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
OPEN_SHARDS = 2
"""Shards that one process holds in memory."""


class Places(BaseModel):
    """Places365 as torchvision's class keeps it, fetched where it is missing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    places365: Path
    """Folder that holds it, or will."""
    split: str = "train-standard"
    """train-standard, train-challenge or val."""
    small: bool = True
    """The pictures of 256 x 256, instead of the large ones."""


class Shards(BaseModel):
    """Tar files in webdataset's layout, on as many disks as there are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shards: str
    """Paths or addresses with braces, as webdataset takes them: /disk{1..4}/photos-{000..099}.tar."""


Place = Path | Places | Shards
"""A folder tree, Places365 or shards, as a recipe names them."""


@dataclass(frozen=True, slots=True)
class Item:
    """One file that should hold a photograph."""

    name: str
    """Its first component is the kind."""
    file: BinaryIO | Path
    label: str | None = None
    """Its class, where that is not the kind."""


class Source(Protocol):
    """Photographs that can be gone through in parts, and fetched one by one."""

    @property
    def title(self) -> str:
        """Its name, for people."""

    def parts(self) -> int:
        """How many parts there are."""

    def part(self, number: int) -> Iterator[Item]:
        """The items of one part, in an order that never changes."""

    def item(self, part: int, place: int) -> Item:
        """One item by its place in a part."""

    def identity(self) -> Iterator[str]:
        """Lines that change when the source does."""


@dataclass(frozen=True)
class Files:
    """Photographs in files of their own; each is a part."""

    title: str
    paths: list[Path]
    names: list[str]
    labels: list[str] | None = None

    def parts(self) -> int:
        """As many as files."""
        return len(self.paths)

    def part(self, number: int) -> Iterator[Item]:
        """One file."""
        yield self.item(number, 0)

    def item(self, part: int, place: int) -> Item:
        """That file."""
        del place
        return Item(self.names[part], self.paths[part], self.labels[part] if self.labels else None)

    def identity(self) -> Iterator[str]:
        """Names and sizes."""
        for name, path in zip(self.names, self.paths, strict=True):
            yield f"{name} {path.stat().st_size}"


@dataclass(frozen=True)
class TarShards:
    """Photographs in tar files, read whole; each is a part. A sample's `.cls` is its class."""

    title: str
    urls: list[str]
    _held: deque[tuple[int, list[Item]]] = field(default_factory=lambda: deque(maxlen=OPEN_SHARDS))

    def parts(self) -> int:
        """As many as shards."""
        return len(self.urls)

    def part(self, number: int) -> Iterator[Item]:
        """All pictures of one shard."""
        samples = webdataset.DataPipeline(
            webdataset.SimpleShardList([self.urls[number]]), webdataset.tarfile_to_samples()
        )
        for sample in samples:
            yield from _pictures(sample, PurePosixPath(self.urls[number]).stem)

    def item(self, part: int, place: int) -> Item:
        """A picture of a shard, which is then held for the next ones."""
        for number, items in self._held:
            if number == part:
                return items[place]
        self._held.append((part, list(self.part(part))))
        return self._held[-1][1][place]

    def identity(self) -> Iterator[str]:
        """Addresses, and sizes where they are files."""
        for url in self.urls:
            yield f"{url} {Path(url).stat().st_size if Path(url).is_file() else ''}"


def open_source(place: Place) -> Source:
    """Find the photographs of a place, fetching Places365 where it is missing.

    Raises:
        MediaError: there is nothing there, or fetching failed.

    """
    if isinstance(place, Places):
        return _open_places(place)
    if isinstance(place, Shards):
        return TarShards("shards", webdataset.shardlists.expand_urls(place.shards))
    if not place.is_dir():
        raise MediaError(f"{place}: no folder of photographs here; check `train` and `validation` in the recipe")
    paths = sorted(path for path in place.rglob("*") if path.suffix.lower() in SUFFIXES)
    return Files(place.name, paths, [str(path.relative_to(place)) for path in paths])


def _open_places(place: Places) -> Files:
    try:
        data = Places365(place.places365, place.split, small=place.small, download=True)
    except (RuntimeError, OSError, ValueError) as error:
        raise MediaError(f"{place.places365}: Places365 is not there and cannot be fetched: {error}") from error
    classes = {number: name.removeprefix("/") for name, number in data.class_to_idx.items()}
    paths = [Path(path) for path, _ in data.imgs]
    names = [f"{place.split}/{path.relative_to(data.images_dir)}" for path in paths]
    return Files(f"places365-{place.split}", paths, names, [classes[target] for target in data.targets])


def _pictures(sample: dict[str, Any], shard: str) -> Iterator[Item]:
    """The pictures of one sample; one that lies in no folder is of the shard's own kind."""
    key = sample["__key__"].removeprefix("./")
    label = sample["cls"].decode().strip() if "cls" in sample else None
    for suffix in sorted(SUFFIXES & {f".{name}" for name in sample}):
        name = f"{key}{suffix}" if "/" in key else f"{shard}/{key}{suffix}"
        yield Item(name, BytesIO(sample[suffix[1:]]), label)
