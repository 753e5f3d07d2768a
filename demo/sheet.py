"""One picture of everything before and after: each pair side by side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
from PIL import Image

_HEIGHT, _GAP, _COLUMNS = 240, 8, 2
_FRAMES = (10, 50, 90)
"""Numbers of the frames of a film that are shown."""


def write_sheet(pairs: list[tuple[Path, Path]], path: Path) -> None:
    """Write a PNG of originals and results, photographs and films.

    Args:
        pairs: original and result.
        path: of the PNG.

    """
    cells = [_beside(before, after) for pair in pairs for before, after in _pictures(*pair)]
    rows = [cells[start : start + _COLUMNS] for start in range(0, len(cells), _COLUMNS)]
    width = max(sum(cell.width + 2 * _GAP for cell in row) for row in rows)
    sheet = Image.new("RGB", (width, len(rows) * (_HEIGHT + _GAP) + _GAP), "white")
    for number, row in enumerate(rows):
        left = _GAP
        for cell in row:
            sheet.paste(cell, (left, _GAP + number * (_HEIGHT + _GAP)))
            left += cell.width + 2 * _GAP
    sheet.save(path, optimize=True)


def _pictures(before: Path, after: Path) -> Iterator[tuple[Image.Image, Image.Image]]:
    """A photograph and its result, or a few frames of a film and of its result."""
    if before.suffix == ".mp4":
        yield from zip(_frames(before), _frames(after), strict=True)
    else:
        yield Image.open(before), Image.open(after)


def _frames(path: Path) -> list[Image.Image]:
    with av.open(str(path)) as container:
        frames = enumerate(container.decode(video=0))
        return [Image.fromarray(frame.to_ndarray(format="rgb24")) for number, frame in frames if number in _FRAMES]


def _beside(before: Image.Image, after: Image.Image) -> Image.Image:
    width = round(before.width * _HEIGHT / before.height)
    pair = Image.new("RGB", (2 * width, _HEIGHT))
    for place, picture in enumerate((before, after)):
        pair.paste(picture.convert("RGB").resize((width, _HEIGHT)), (place * width, 0))
    return pair
