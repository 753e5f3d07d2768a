"""Peak memory of the worker process for a tall scan and one four times as tall: it must not grow with the height.

`python -m benchmarks.scan 20000` measures 16 bits of 20000 x 20000 pixels instead.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import pyvips
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure
from benchmarks.memory import run_alone
from colorizer.job import Job
from colorizer.settings import JobSettings

_WIDTH = 6000
_HEIGHTS = (2000, 8000)
_LIMIT = 1500
"""MB that the worker may need for 400 megapixels, with all its libraries."""


def main() -> list[Figure]:
    """Print the peaks and their ratio."""
    sides = [int(side) for side in sys.argv[1:]] if __name__ == "__main__" else []
    sizes = [(side, side) for side in sides] or [(_WIDTH, height) for height in _HEIGHTS]
    table = Table("scan", "megapixels", "peak, MB")
    table.title = "Peak memory of the worker, TIFF of 16 bit grey in strips"
    peaks = []
    with tempfile.TemporaryDirectory() as name:
        for width, height in sizes:
            source = _write_scan(Path(name) / "scan.tif", width, height)
            job = Job(source, Path(name) / "result", Path(name) / "workspace", JobSettings())
            peaks.append(run_alone(job)[1] * 1.048576)
            table.add_row(f"{width} x {height}", f"{width * height / 1e6:.0f}", f"{peaks[-1]:.0f}")
    table.caption = f"ratio {peaks[-1] / peaks[0]:.2f}; target below {_LIMIT} MB"
    Console().print(table)
    return [Figure(f"memory for a scan of {sizes[-1][0]} x {sizes[-1][1]}", peaks[-1], "MB", _LIMIT)]


def _write_scan(path: Path, width: int, height: int) -> Path:
    """A grey ramp with grain, written strip by strip."""
    ramp = pyvips.Image.new_from_array(np.linspace(0, 60_000, 256, dtype=np.float32)[None])
    grain = pyvips.Image.gaussnoise(width, height, sigma=400, mean=2000)
    picture = ramp.affine([width / 256, 0, 0, height], oarea=[0, 0, width, height], extend="copy") + grain
    picture.cast("ushort").copy(interpretation="grey16").tiffsave(str(path), compression="none", bigtiff=True)
    return path


if __name__ == "__main__":
    main()
