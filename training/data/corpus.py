"""The photographs of a source, inspected once, and decoded into a cache that training reads at memory speed."""

from __future__ import annotations

import csv
import fcntl
import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from torch.utils.data import DataLoader

from colorizer.durable import sync_file
from colorizer.errors import MediaError, one_line
from colorizer.processors import available_processors
from training.data.inspection import PLACE_BITS, InspectedItem, Inspection, Picture
from training.data.sources import SUFFIXES, TarShards, as_utf8, open_source
from training.recipe import DataSource

_FORMAT = 4
"""Version of the cache and of the rules for usable photographs; a cache of another version is rebuilt."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Photographs with random access."""

    read: Callable[[NDArray[np.int64]], Picture]
    """Reads the photograph of a row of `spans`."""
    spans: NDArray[np.int64]
    """(N, 4): position, height and width of each photograph, and its index into `kinds`."""
    kinds: list[str]
    """Folders of the first level, and the source's title for photographs outside them."""
    names: list[str]
    """Paths inside the folder tree."""
    rejected: dict[str, int]
    """Number of unusable photographs, by reason."""
    labels: list[str]
    """Class of each photograph."""
    shards: NDArray[np.int64] | None = None
    """(N,): the shard of each photograph; None if the source has no shards."""

    def __len__(self) -> int:
        return len(self.spans)

    def picture(self, index: int) -> Picture:
        """Read one photograph."""
        return self.read(self.spans[index])

    def repeated(self, times: Mapping[str, int]) -> Corpus:
        """The corpus with the photographs of some kinds repeated."""
        each = np.array([times.get(kind, 1) for kind in self.kinds])
        return self.chosen(np.repeat(np.arange(len(self)), each[self.spans[:, 3]]))

    def labelled(self, classes: Mapping[str, str]) -> Corpus:
        """The photographs that have a class in `classes`; the others are counted as unusable."""
        some = self.chosen(np.array([index for index, name in enumerate(self.names) if name in classes], np.int64))
        others = {"without a class": len(self) - len(some)} if len(some) < len(self) else {}
        return replace(some, labels=[classes[name] for name in some.names], rejected=self.rejected | others)

    def chosen(self, indices: NDArray[np.int64]) -> Corpus:
        """The photographs with these indices, in this order."""
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

    def some_of_each_kind(self, most: int | None) -> list[int]:
        """Indices of at most `most` photographs of each kind, evenly spread; None is all."""
        if most is None:
            return list(range(len(self)))
        kinds = self.spans[:, 3]
        order = np.argsort(kinds, kind="stable")
        chosen: list[int] = []
        for members in np.split(order, np.flatnonzero(np.diff(kinds[order])) + 1):
            number = min(most, len(members))
            chosen += members[np.arange(number) * len(members) // number].tolist()
        return sorted(chosen)

    def kind(self, index: int) -> str:
        """A photograph's kind."""
        return self.kinds[int(self.spans[index, 3])]


def open_corpus(place: DataSource, cache: Path, side: int, *, decoded: bool = True) -> Corpus:
    """Open the cache of a data source; build it first if it is missing or the source has changed.

    Args:
        place: the data source.
        cache: folder of caches.
        side: larger photographs are shrunk to this short side.
        decoded: whether the cache keeps decoded photographs; otherwise it lists the usable ones, which are then read
            from their files each time. Photographs in shards are never kept.

    Raises:
        MediaError: there is no usable colour photograph, or the cache cannot be written.

    """
    source = open_source(place)
    inspection = Inspection(source, side, keep=decoded and not isinstance(source, TarShards))
    folder = cache / _identity(inspection)
    if not _is_complete(folder):
        _build(folder, inspection)
    facts = json.loads((folder / "corpus.json").read_text())
    if not facts["kinds"]:
        raise MediaError(
            f"{place}: no usable colour photograph here (left out: {describe_rejected(facts['rejected'])}); "
            f"photographs end in {', '.join(sorted(SUFFIXES))}"
        )
    spans = np.load(folder / "spans.npy")
    return Corpus(
        read=_Decoded(np.memmap(folder / "pixels.bin", np.uint8, "r")) if inspection.keep else inspection,
        spans=spans,
        kinds=facts["kinds"],
        names=facts["names"],
        rejected=facts["rejected"],
        labels=facts.get("labels") or [facts["kinds"][kind] for kind in spans[:, 3]],
        shards=spans[:, 0] >> PLACE_BITS if isinstance(source, TarShards) else None,
    )


def describe_rejected(rejected: Mapping[str, int]) -> str:
    """Numbers of unusable photographs by reason, for people: "3 grey, 1 broken"."""
    return ", ".join(f"{number} {reason}" for reason, number in rejected.items()) or "none"


@dataclass(frozen=True, slots=True)
class _Decoded:
    """Decoded photographs, one after the other in a memory-mapped file."""

    pixels: Picture

    def __call__(self, span: NDArray[np.int64]) -> Picture:
        offset, height, width, _ = span
        return self.pixels[offset : offset + height * width * 3].reshape(height, width, 3)


def _identity(inspection: Inspection) -> str:
    listing = "\n".join((f"format {_FORMAT}", *inspection.source.identity()))
    kept = inspection.side if inspection.keep else "index"
    return f"{inspection.source.title}-{kept}-{hashlib.sha256(os.fsencode(listing)).hexdigest()[:12]}"


def _is_complete(folder: Path) -> bool:
    return (folder / "corpus.json").exists()


def _build(folder: Path, inspection: Inspection) -> None:
    """Build a cache under a temporary name, and rename it when it is complete."""
    cache, aside = folder.parent, folder.with_name(".tintd-building")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _build_lock(cache):
            if _is_complete(folder):  # by the process that had the lock
                return
            for leftover in (aside, folder):  # from a build that was killed
                shutil.rmtree(leftover, ignore_errors=True)
            try:
                _write(aside, inspection)
                aside.rename(folder)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        reason = one_line(error.strerror or str(error))
        raise MediaError(
            f"{cache}: the cache cannot be written: {reason}; "
            "name another folder as `data.cache` in the recipe, or as `--cache`"
        ) from error


@contextmanager
def _build_lock(cache: Path) -> Iterator[None]:
    """Lock a folder of caches: only one process builds at a time, because it uses all processors."""
    with (cache / ".tintd-lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            Console().print(f"Waiting for another process that is building a cache in {cache}", markup=False)
            fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:  # closing is not enough: a loading process that still runs would keep the lock
            fcntl.flock(lock, fcntl.LOCK_UN)


def _write(folder: Path, inspection: Inspection) -> None:
    folder.mkdir()
    kinds: dict[str, int] = {}
    found: list[InspectedItem] = []
    spans: list[tuple[int, int, int, int]] = []
    offset = 0
    with (
        (folder / "pixels.bin").open("wb") as pixels,
        (folder / "rejected.csv").open("w", newline="", encoding="utf-8") as refused,
    ):
        rejected: Counter[str] = Counter()
        for one in _usable(inspection, rejected, csv.writer(refused)):
            kind = kinds.setdefault(_kind(one.name, inspection.source.title), len(kinds))
            spans.append((offset if one.picture is not None else one.where, *one.extent, kind))
            found.append(replace(one, picture=None))
            if one.picture is not None:
                pixels.write(one.picture.tobytes())
                offset += one.picture.size
    np.save(folder / "spans.npy", np.array(spans, np.int64).reshape(-1, 4))
    labels = [one.label for one in found] if any(one.label for one in found) else None
    facts = {"kinds": [*kinds], "names": [one.name for one in found], "labels": labels, "rejected": rejected}
    (folder / "corpus.json").write_text(json.dumps(facts))
    for path in folder.iterdir():
        sync_file(path)


def _kind(name: str, title: str) -> str:
    first, *rest = PurePosixPath(name).parts
    return first if rest else title


def _usable(inspection: Inspection, rejected: Counter[str], refused: Any) -> Iterator[InspectedItem]:  # noqa: ANN401 (csv's writer)
    """Inspect a source in several processes, in order; count and list what is not usable."""
    title, parts = inspection.source.title, len(inspection)
    workers = min(available_processors(), parts // (1 if isinstance(inspection.source, TarShards) else 100))
    inspected: Iterable[list[InspectedItem] | MediaError] = DataLoader(
        inspection,
        batch_size=None,
        num_workers=workers,
        multiprocessing_context="fork" if workers else None,
        collate_fn=_unchanged,
    )
    for findings in track(inspected, f"Inspecting {title}", total=parts):
        if isinstance(findings, MediaError):
            raise findings
        for one in (replace(finding, name=as_utf8(finding.name)) for finding in findings):
            if one.reason:
                rejected[one.reason] += 1
                refused.writerow((one.name, one.reason))
            else:
                yield one


def _unchanged(findings: list[InspectedItem] | MediaError) -> list[InspectedItem] | MediaError:
    return findings
