"""Where photographs come from: a folder tree, Places365, or tar shards."""

from __future__ import annotations

import os
import tarfile
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal, Protocol

from pydantic import BaseModel, ConfigDict
from torchvision.datasets import Places365
from webdataset.gopen import gopen
from webdataset.shardlists import expand_urls

from colorizer.errors import MediaError, one_line
from colorizer.photo.formats import FORMATS, GIF, RAW

SUFFIXES = frozenset(suffix for one in FORMATS if one not in {RAW, GIF} for suffix in one.all_suffixes)
"""Suffixes of photographs; other files of a tree are ignored. Pillow does not read raw files, and GIFs are dithered."""
OPEN_SHARDS = 2
"""Shards that one process holds in memory."""


class Places(BaseModel):
    """Places365 as torchvision's class keeps it, fetched where it is missing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    places365: Path
    """Folder that holds it, or will."""
    split: Literal["train-standard", "train-challenge", "val"] = "train-standard"
    small: bool = True
    """The pictures of 256 x 256, instead of the large ones."""


class Shards(BaseModel):
    """Tar files in webdataset's layout, on as many disks as there are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shards: str
    """Paths or addresses with braces, as webdataset takes them: /disk{1..4}/photos-{000..099}.tar."""


_Member = tuple[PurePosixPath, bytes]
"""One file of a tar file."""

Place = Path | Places | Shards
"""A folder tree, Places365 or shards, as a recipe names them."""


@dataclass(frozen=True, slots=True)
class Item:
    """One file that should hold a photograph."""

    name: str
    """Its path; the first folder is the kind."""
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
        """Names, and how their files stand."""
        for name, path in zip(self.names, self.paths, strict=True):
            yield f"{name} {_standing(path)}"


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
        """All pictures of one shard.

        Raises:
            MediaError: it is not there, or damaged.

        """
        url = self.urls[number]
        try:
            with gopen(url) as stream:
                for _, files in groupby(_members(stream), _key):
                    yield from _pictures(files, PurePosixPath(url).stem)
                stream.read()  # only padding, but a program that feeds a pipe would fail over what is not taken
        except Exception as error:  # files, addresses, tar and gzip fail each in a way of their own
            raise MediaError(f"{url}: this shard cannot be read: {one_line(str(error))}") from error

    def item(self, part: int, place: int) -> Item:
        """A picture of a shard, which is then held for the next ones."""
        for number, items in self._held:
            if number == part:
                return items[place]
        self._held.append((part, list(self.part(part))))
        return self._held[-1][1][place]

    def identity(self) -> Iterator[str]:
        """Addresses, and how those that are files stand."""
        for url in self.urls:
            yield f"{url} {_standing(Path(url))}"


def open_source(place: Place) -> Source:
    """Find the photographs of a place, fetching Places365 where it is missing.

    Raises:
        MediaError: there is nothing there, or fetching failed.

    """
    if isinstance(place, Places):
        return _open_places(place)
    if isinstance(place, Shards):
        return TarShards("shards", expand_urls(place.shards))
    if not place.is_dir():
        raise MediaError(f"{place}: no folder of photographs here; check `train` and `validation` in the recipe")
    paths = sorted(_photographs_below(place))
    return Files(legible(place.absolute().name), paths, [str(path.relative_to(place)) for path in paths])


def legible(name: str) -> str:
    """A name of any bytes as it can be written anywhere: what is no UTF-8 by its numbers."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _photographs_below(place: Path) -> Iterator[Path]:
    """What should be photographs in a folder tree, through links to folders too; no folder is gone through twice.

    A folder that may not be listed and a link that leads nowhere stand for the photographs that they hide.
    """
    closed: list[OSError] = []
    seen: set[str] = set()
    for at, folders, files in os.walk(place, onerror=closed.append, followlinks=True):
        folders.sort()
        if (real := os.path.realpath(at)) in seen:
            folders.clear()
            continue
        seen.add(real)
        for path in (Path(at, name) for name in files):
            if path.suffix.lower() in SUFFIXES or (path.is_symlink() and not path.exists()):
                yield path
    yield from (Path(error.filename) for error in closed)


def _standing(path: Path) -> str:
    """Size and time of a file, and whether it may be read: what is left out for that is looked at again when it may."""
    try:
        found = path.stat()
    except OSError:
        return "missing"
    return f"{found.st_size} {found.st_mtime_ns} {os.access(path, os.R_OK)}"


def _open_places(place: Places) -> Files:
    try:
        data = Places365(place.places365, place.split, small=place.small, download=True)
    except (RuntimeError, OSError, ValueError) as error:
        raise MediaError(f"{place.places365}: Places365 is not there and cannot be fetched: {error}") from error
    classes = {number: name.removeprefix("/") for name, number in data.class_to_idx.items()}
    paths = [Path(path) for path, _ in data.imgs]
    missing = next((path for path in paths if not path.exists()), None)
    if missing is not None:
        raise MediaError(
            f"{data.images_dir}: only a part of Places365 was extracted here, {missing.name} is missing; "
            "delete this folder and start again"
        )
    names = [f"{place.split}/{path.relative_to(data.images_dir)}" for path in paths]
    return Files(f"places365-{place.split}", paths, names, [classes[target] for target in data.targets])


def _members(stream: BinaryIO) -> Iterator[_Member]:
    """The files of a tar file.

    One that was cut off where a file ends, or in the header of the next, would count as whole for tarfile: it lacks the
    blocks of zeros that POSIX ends it with.
    """
    with tarfile.open(fileobj=stream, mode="r|*") as tar:
        for member in tar:
            if member.isreg() and (file := tar.extractfile(member)) is not None:
                yield PurePosixPath(member.name), file.read()
        # After the last file tarfile reads one block more: the first of zeros, where there is one.
        if tar.fileobj is None or tar.fileobj.tell() < tar.offset + tarfile.BLOCKSIZE:
            raise tarfile.ReadError("it breaks off after one of its files; fetch or write it again")


def _key(member: _Member) -> PurePosixPath:
    """What the files of one sample have in common: all but the last suffix, for names hold dots."""
    return member[0].with_suffix("")


def _pictures(files: Iterable[_Member], shard: str) -> Iterator[Item]:
    """The pictures of one sample; one that lies in no folder is of the shard's own kind."""
    sample = list(files)
    label = next((data.decode().strip() for path, data in sample if path.suffix == ".cls"), None)
    for path, data in sample:
        if path.suffix.lower() in SUFFIXES:
            yield Item(str(path if path.parent.name else shard / path), BytesIO(data), label)
