"""A folder tree of colour photographs, decoded and filtered once into a cache that training reads at memory's speed."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from rich.progress import track

from colorizer.errors import MediaError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
MIN_SIDE = 64
"""Smaller pictures teach nothing about what they show."""
MIN_CHROMA = 1.5
"""Mean distance of R, G, B from their mean (0..255) under which a picture counts as grey."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Decoded photographs in one memory-mapped file."""

    pixels: NDArray[np.uint8]
    """All pictures, one after the other, each (H, W, 3)."""
    spans: NDArray[np.int64]
    """(N, 4): offset into `pixels`, height, width, index into `kinds`."""
    kinds: list[str]
    """Names of the folder tree's first level."""
    names: list[str]
    """Paths inside the folder tree."""
    rejected: dict[str, int]
    """How many pictures were left out, by reason."""

    def __len__(self) -> int:
        return len(self.spans)

    def picture(self, index: int) -> NDArray[np.uint8]:
        """One photograph in R'G'B', uint8, (H, W, 3)."""
        offset, height, width, _ = self.spans[index]
        return self.pixels[offset : offset + height * width * 3].reshape(height, width, 3)

    def repeated(self, times: Mapping[str, int]) -> Corpus:
        """The corpus with the photographs of the named kinds standing in it several times."""
        each = np.array([times.get(kind, 1) for kind in self.kinds])
        indices = np.repeat(np.arange(len(self)), each[self.spans[:, 3]])
        return replace(self, spans=self.spans[indices], names=[self.names[index] for index in indices])

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


def open_corpus(root: Path, cache: Path, side: int) -> Corpus:
    """Open the cache of a folder tree, building it first where it is missing or the tree has changed.

    Args:
        root: the folder tree; its first level names the kinds.
        cache: folder of caches.
        side: longer short sides are shrunk to this.

    Raises:
        MediaError: the tree holds no usable colour photograph.

    """
    files = sorted(path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES)
    folder = cache / _identity(root, files, side)
    if not (folder / "corpus.json").exists():
        _build(folder, root, files, side)
    facts = json.loads((folder / "corpus.json").read_text())
    if not facts["kinds"]:
        raise MediaError(f"{root}: no usable colour photograph here ({facts['rejected']})")
    return Corpus(
        pixels=np.memmap(folder / "pixels.bin", np.uint8, "r"),
        spans=np.load(folder / "spans.npy"),
        kinds=facts["kinds"],
        names=facts["names"],
        rejected=facts["rejected"],
    )


def _identity(root: Path, files: list[Path], side: int) -> str:
    listing = "\n".join(f"{path.relative_to(root)} {path.stat().st_size}" for path in files)
    return f"{root.name}-{side}-{hashlib.sha256(listing.encode()).hexdigest()[:12]}"


def _build(folder: Path, root: Path, files: list[Path], side: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    kinds: list[str] = []
    names: list[str] = []
    spans: list[tuple[int, int, int, int]] = []
    rejected: Counter[str] = Counter()
    offset = 0
    with (folder / "pixels.bin").open("wb") as pixels:
        for path, picture in _usable(track(files, f"Decoding {root.name}"), side, rejected):
            kind = path.relative_to(root).parts[0]
            if kind not in kinds:
                kinds.append(kind)
            names.append(str(path.relative_to(root)))
            spans.append((offset, *picture.shape[:2], kinds.index(kind)))
            pixels.write(picture.tobytes())
            offset += picture.size
    np.save(folder / "spans.npy", np.array(spans, np.int64).reshape(-1, 4))
    (folder / "corpus.json").write_text(json.dumps({"kinds": kinds, "names": names, "rejected": rejected}))


def _usable(paths: Iterable[Path], side: int, rejected: Counter[str]) -> Iterator[tuple[Path, NDArray[np.uint8]]]:
    for path in paths:
        try:
            picture = _decode(path, side)
        except (OSError, UnidentifiedImageError, Image.DecompressionBombError):
            rejected["broken"] += 1
            continue
        if min(picture.shape[:2]) < MIN_SIDE:
            rejected["tiny"] += 1
        elif np.abs(picture - picture.mean(axis=2, keepdims=True)).mean() < MIN_CHROMA:
            rejected["grey"] += 1
        else:
            yield path, picture


def _decode(path: Path, side: int) -> NDArray[np.uint8]:
    with Image.open(path) as file:
        image = ImageOps.exif_transpose(file).convert("RGB")
    shrink = side / min(image.size)
    if shrink < 1:
        size = (max(side, round(image.width * shrink)), max(side, round(image.height * shrink)))
        image = image.resize(size, Image.Resampling.BOX, reducing_gap=None)
    return np.asarray(image)
