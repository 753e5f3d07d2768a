"""PNG: the samples by libvips, with the chunks of the original, as photographs have them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyvips

from colorizer.durable import unwritable
from colorizer.frame_files.coloured_frame import ColouredFrame
from colorizer.photo.blocks.blocks import Truth
from colorizer.photo.blocks.copying import blocks_of_copy
from colorizer.photo.blocks.png import read_png, write_png
from colorizer.photo.codecs.vips import save_with_vips
from colorizer.photo.comparison import lost_metadata


def write_png_frame(frame: ColouredFrame, target: Path) -> tuple[str, ...]:
    """Write a frame.

    Args:
        frame: what is written.
        target: the file.

    Returns:
        What the result does not keep, for the report.

    Raises:
        MediaError: the result is damaged.
        OSError: a file cannot be read or written.
        pyvips.Error: libvips cannot make its file.

    """
    samples = frame.samples(8 if frame.depth == 8 else 16)
    encoded = target.with_name(f"{target.name}.encoded")
    kind = "srgb" if samples.dtype == np.uint8 else "rgb16"
    try:
        save_with_vips(pyvips.Image.new_from_array(samples, interpretation=kind), encoded, ".png", keep="icc")
        blocks = blocks_of_copy(read_png(frame.original), Truth(), frame.maker or None)
        notes = write_png(encoded, blocks, target)
    except pyvips.Error as error:
        if full := unwritable(str(error)):
            raise full from error
        raise
    finally:
        encoded.unlink(missing_ok=True)
    frame.check(pyvips.Image.pngload(str(target)).numpy(), samples)
    told = (*blocks.notes, *notes)
    return (*told, *lost_metadata(frame.original, target, told))
