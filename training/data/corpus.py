"""Colour photographs, looked through and filtered once; decoded into a cache that training reads at memory's speed."""

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
from training.data.inspection import PLACE_BITS, Finding, Inspection, Picture
from training.data.sources import SUFFIXES, Place, TarShards, legible, open_source

_FORMAT = 4
"""Of a cache, and of how photographs are read and counted: one of another number is built anew."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Photographs that can be asked for one by one, in any order."""

    read: Callable[[NDArray[np.int64]], Picture]
    """Gives the photograph of a row of `spans`."""
    spans: NDArray[np.int64]
    """(N, 4): where a photograph lies, its height, its width, its index into `kinds`."""
    kinds: list[str]
    """Folders of the first level; the source's title for what lies in none."""
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
        """The photographs that have a class, with it; the others are counted as left out."""
        some = self.chosen(np.array([index for index, name in enumerate(self.names) if name in classes], np.int64))
        others = {"without a class": len(self) - len(some)} if len(some) < len(self) else {}
        return replace(some, labels=[classes[name] for name in some.names], rejected=self.rejected | others)

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

    def some_of_each_kind(self, most: int | None) -> list[int]:
        """Indices of `most` photographs of each kind, evenly spread over it, or of all."""
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


def open_corpus(place: Place, cache: Path, side: int, *, decoded: bool = True) -> Corpus:
    """Open the cache of a place, building it first where it is missing or the place has changed.

    Args:
        place: of the photographs.
        cache: folder of caches.
        side: longer short sides are shrunk to this.
        decoded: whether the decoded photographs are kept, or only which are good for training; they are then read
            anew each time. Those in shards are never kept.

    Raises:
        MediaError: there is no usable colour photograph, or no room for the cache.

    """
    source = open_source(place)
    inspection = Inspection(source, side, keep=decoded and not isinstance(source, TarShards))
    folder = cache / _identity(inspection)
    if not _is_whole(folder):
        _build(folder, inspection)
    facts = json.loads((folder / "corpus.json").read_text())
    if not facts["kinds"]:
        raise MediaError(
            f"{place}: no usable colour photograph here (left out: {facts['rejected'] or 'none'}); looked for are "
            f"{', '.join(sorted(SUFFIXES))}"
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


@dataclass(frozen=True, slots=True)
class _Decoded:
    """Photographs one after the other in a memory-mapped file."""

    pixels: Picture

    def __call__(self, span: NDArray[np.int64]) -> Picture:
        offset, height, width, _ = span
        return self.pixels[offset : offset + height * width * 3].reshape(height, width, 3)


def _identity(inspection: Inspection) -> str:
    listing = "\n".join((f"format {_FORMAT}", *inspection.source.identity()))
    kept = inspection.side if inspection.keep else "index"
    return f"{inspection.source.title}-{kept}-{hashlib.sha256(os.fsencode(listing)).hexdigest()[:12]}"


def _is_whole(folder: Path) -> bool:
    return (folder / "corpus.json").exists()


def _build(folder: Path, inspection: Inspection) -> None:
    """Build a cache aside, and put it in its place when it is whole."""
    cache, aside = folder.parent, folder.with_name(".tintd-building")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _alone(cache):
            if _is_whole(folder):  # the process that was waited for built it
                return
            for leftover in (aside, folder):  # of a build that was killed
                shutil.rmtree(leftover, ignore_errors=True)
            try:
                _write(aside, inspection)
                aside.rename(folder)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        reason = one_line(error.strerror or str(error))
        raise MediaError(
            f"{cache}: photographs cannot be kept here: {reason}; "
            "name another folder as `data.cache` in the recipe, or as `--cache`"
        ) from error


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """While no other process builds in a folder of caches: each takes all processors anyway."""
    with (cache / ".tintd-lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            Console().print(f"Waiting for another process that builds in {cache}", markup=False)
            fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:  # closing alone would leave it locked by a loading process that has not ended yet
            fcntl.flock(lock, fcntl.LOCK_UN)


def _write(folder: Path, inspection: Inspection) -> None:
    folder.mkdir()
    kinds: dict[str, int] = {}
    found: list[Finding] = []
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


def _usable(inspection: Inspection, rejected: Counter[str], refused: Any) -> Iterator[Finding]:  # noqa: ANN401 (csv's writer)
    """Look through a source in several processes, in order; what is not usable is counted and listed."""
    title, parts = inspection.source.title, len(inspection)
    workers = min(os.cpu_count() or 1, parts // (1 if isinstance(inspection.source, TarShards) else 100))
    looked: Iterable[list[Finding] | MediaError] = DataLoader(
        inspection,
        batch_size=None,
        num_workers=workers,
        multiprocessing_context="fork" if workers else None,
        collate_fn=_as_it_is,
    )
    for findings in track(looked, f"Looking through {title}", total=parts):
        if isinstance(findings, MediaError):
            raise findings
        for one in (replace(finding, name=legible(finding.name)) for finding in findings):
            if one.reason:
                rejected[one.reason] += 1
                refused.writerow((one.name, one.reason))
            else:
                yield one


def _as_it_is(findings: list[Finding] | MediaError) -> list[Finding] | MediaError:
    return findings
