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
from typing import BinaryIO, Protocol

from torchvision.datasets import Places365
from webdataset.gopen import gopen
from webdataset.shardlists import expand_urls

from colorizer.errors import MediaError, one_line
from colorizer.photo.formats import FORMATS, GIF, RAW
from training.recipe import DataSource, Places, Shards

SUFFIXES = frozenset(suffix for one in FORMATS if one not in {RAW, GIF} for suffix in one.all_suffixes)
"""Suffixes of photographs; other files of a tree are ignored. Pillow does not read raw files, and GIFs are dithered."""
OPEN_SHARDS = 2
"""Number of shards that one process keeps in memory."""


_Member = tuple[PurePosixPath, bytes]
"""One file of a tar file."""


@dataclass(frozen=True, slots=True)
class Item:
    """One file that should hold a photograph."""

    name: str
    """Path; the first folder is the kind."""
    file: BinaryIO | Path
    label: str | None = None
    """Class, if it is not the kind."""


class Source(Protocol):
    """Photographs that can be read in parts, and one by one."""

    @property
    def title(self) -> str:
        """Name of the source, for people."""

    def parts(self) -> int:
        """Number of parts."""

    def part(self, number: int) -> Iterator[Item]:
        """The items of one part, always in the same order."""

    def item(self, part: int, place: int) -> Item:
        """One item, by its place in a part."""

    def identity(self) -> Iterator[str]:
        """Lines that change when the source changes."""


@dataclass(frozen=True)
class Files:
    """Photographs in separate files; each is a part."""

    title: str
    paths: list[Path]
    names: list[str]
    labels: list[str] | None = None

    def parts(self) -> int:
        """Number of files."""
        return len(self.paths)

    def part(self, number: int) -> Iterator[Item]:
        """One file."""
        yield self.item(number, 0)

    def item(self, part: int, place: int) -> Item:
        """The file of a part."""
        del place
        return Item(self.names[part], self.paths[part], self.labels[part] if self.labels else None)

    def identity(self) -> Iterator[str]:
        """Names and states of the files."""
        for name, path in zip(self.names, self.paths, strict=True):
            yield f"{name} {_state_of(path)}"


@dataclass(frozen=True)
class TarShards:
    """Photographs in tar files, which are read whole; each is a part. A sample's `.cls` is its class."""

    title: str
    urls: list[str]
    _held: deque[tuple[int, list[Item]]] = field(default_factory=lambda: deque(maxlen=OPEN_SHARDS))

    def parts(self) -> int:
        """Number of shards."""
        return len(self.urls)

    def part(self, number: int) -> Iterator[Item]:
        """All pictures of one shard.

        Raises:
            MediaError: the shard is missing or damaged.

        """
        url = self.urls[number]
        try:
            with gopen(url) as stream:
                for _, files in groupby(_members(stream), _key):
                    yield from _pictures(files, PurePosixPath(url).stem)
                stream.read()  # only padding, but a program that writes to the pipe would fail if it were not read
        except Exception as error:  # files, URLs, tar and gzip raise different errors
            raise MediaError(f"{url}: this shard cannot be read: {one_line(str(error))}") from error

    def item(self, part: int, place: int) -> Item:
        """A picture of a shard, which stays in memory for the next pictures."""
        for number, items in self._held:
            if number == part:
                return items[place]
        self._held.append((part, list(self.part(part))))
        return self._held[-1][1][place]

    def identity(self) -> Iterator[str]:
        """URLs, and the states of those that are files."""
        for url in self.urls:
            yield f"{url} {_state_of(Path(url))}"


def open_source(place: DataSource) -> Source:
    """Open a data source; missing files of Places365 are downloaded.

    Raises:
        MediaError: the folder does not exist, or a download failed.

    """
    if isinstance(place, Places):
        return _open_places(place)
    if isinstance(place, Shards):
        return TarShards("shards", expand_urls(place.shards))
    if not place.is_dir():
        raise MediaError(f"{place}: this folder does not exist; check `train` and `validation` in the recipe")
    paths = sorted(_photographs_below(place))
    return Files(as_utf8(place.absolute().name), paths, [str(path.relative_to(place)) for path in paths])


def as_utf8(name: str) -> str:
    """A file's name as valid UTF-8: each other byte becomes an escape sequence."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _photographs_below(place: Path) -> Iterator[Path]:
    """Paths of the photographs in a folder tree. Links to folders are followed, and no folder is visited twice.

    A folder that cannot be listed and a broken link are included, so that they are reported as unreadable.
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


def _state_of(path: Path) -> str:
    """Size and time of a file, and whether it is readable, so that a change of its mode is noticed."""
    try:
        found = path.stat()
    except OSError:
        return "missing"
    return f"{found.st_size} {found.st_mtime_ns} {os.access(path, os.R_OK)}"


def _open_places(place: Places) -> Files:
    try:
        data = Places365(place.places365, place.split, small=place.small, download=True)
    except (RuntimeError, OSError, ValueError) as error:
        raise MediaError(f"{place.places365}: Places365 is missing and cannot be downloaded: {error}") from error
    classes = {number: name.removeprefix("/") for name, number in data.class_to_idx.items()}
    paths = [Path(path) for path, _ in data.imgs]
    missing = next((path for path in paths if not path.exists()), None)
    if missing is not None:
        raise MediaError(
            f"{data.images_dir}: Places365 is incomplete here, {missing.name} is missing; "
            "delete this folder and start again"
        )
    names = [f"{place.split}/{path.relative_to(data.images_dir)}" for path in paths]
    return Files(f"places365-{place.split}", paths, names, [classes[target] for target in data.targets])


def _members(stream: BinaryIO) -> Iterator[_Member]:
    """The files of a tar file.

    tarfile accepts one that is cut off where a file ends, or in the header of the next file. Such a tar file lacks the
    blocks of zeros that POSIX requires at its end.
    """
    with tarfile.open(fileobj=stream, mode="r|*") as tar:
        for member in tar:
            if member.isreg() and (file := tar.extractfile(member)) is not None:
                yield PurePosixPath(member.name), file.read()
        # After the last file, tarfile reads one more block: the first block of zeros, if there is one.
        if tar.fileobj is None or tar.fileobj.tell() < tar.offset + tarfile.BLOCKSIZE:
            raise tarfile.ReadError("it ends after one of its files without an end mark; download or write it again")


def _key(member: _Member) -> PurePosixPath:
    """The common name of a sample's files: all but the last suffix, because names contain dots."""
    return member[0].with_suffix("")


def _pictures(files: Iterable[_Member], shard: str) -> Iterator[Item]:
    """The pictures of one sample; the kind of a picture outside folders is the name of the shard."""
    sample = list(files)
    label = next((data.decode().strip() for path, data in sample if path.suffix == ".cls"), None)
    for path, data in sample:
        if path.suffix.lower() in SUFFIXES:
            yield Item(str(path if path.parent.name else shard / path), BytesIO(data), label)
