"""The samples of a picture that is held in memory: the first pass over it decodes them, while others use them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from colorizer.photo.picture import read_strips, sample_type

_LINES = 256
"""Lines of a strip where an image of all of them is wanted."""
_AT_ONCE = 1 << 18
"""About the samples that libvips gives at once: more would not stay in a processor's cache until they are copied."""


@dataclass(frozen=True, slots=True)
class _Decoded:
    samples: NDArray[Any]
    """All samples, (H, W, bands)."""
    fields: pyvips.Image
    """One pixel with the metadata of the picture."""

    def image(self) -> pyvips.Image:
        """The picture as an image in memory."""
        height, width, bands = self.samples.shape
        fields = self.fields
        image = pyvips.Image.new_from_memory(self.samples, width, height, bands, fields.format)
        image = image.copy(interpretation=fields.interpretation, xres=fields.xres, yres=fields.yres)
        return image.insert(fields, width, 0)  # outside of it: only its fields are added


class KeptSamples:
    """A plain picture (see `is_plain`) of one frame, which is decoded once."""

    def __init__(
        self, undecoded: pyvips.Image, on_progress: Callable[[], None], check_pass: Callable[[], None] = lambda: None
    ) -> None:
        """Keep a picture.

        Args:
            undecoded: the picture, of which no sample has been read.
            on_progress: called after each strip of the first pass.
            check_pass: see `Picture.check_pass`.

        """
        self._picture: pyvips.Image | _Decoded = undecoded
        self._on_progress = on_progress
        self._check_pass = check_pass

    def strips(self, lines: int) -> Iterator[NDArray[Any]]:
        """Read the samples from top to bottom, in strips (n, W, bands) of so many lines, which are not written to.

        Raises:
            pyvips.Error: in the first pass: it is damaged or cut off.

        """
        if not isinstance(self._picture, _Decoded):
            yield from self._decode(self._picture, lines)
            return
        samples = self._picture.samples
        for first in range(0, len(samples), lines):
            yield samples[first : first + lines]

    def _decode(self, undecoded: pyvips.Image, lines: int) -> Iterator[NDArray[Any]]:
        height, width, bands = undecoded.height, undecoded.width, undecoded.bands
        samples = np.empty((height, width, bands), sample_type(undecoded))
        first, done = 0, 0
        for part in read_strips(undecoded, max(1, _AT_ONCE // (width * bands))):
            samples[done : done + len(part)] = part
            done += len(part)
            while first < done and (done >= first + lines or done == height):
                yield samples[first : first + lines]
                first += lines
                self._on_progress()
        self._check_pass()
        # A copy of the last pixel, so that the file and its decoder are let go.
        fields = undecoded.crop(width - 1, height - 1, 1, 1).copy_memory()
        self._picture = _Decoded(samples, fields)

    def image(self) -> pyvips.Image:
        """The picture as an image in memory, with its metadata.

        Raises:
            pyvips.Error: see `strips`.

        """
        if not isinstance(self._picture, _Decoded):
            for _ in self._decode(self._picture, _LINES):
                pass
            return self.image()
        return self._picture.image()
