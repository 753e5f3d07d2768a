"""How steady colours are: clips in colour are turned grey, coloured, and compared with the truth.

    python -m benchmarks.steadiness CLIP...

Flicker is the Colour Distribution Consistency (CDC) of TCVC (Liu et al. 2021), as its `compute_hist.py` has it. Plain
grey has little of it, so what counts is its distance from that of the truth, beside error and colourfulness.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from colorizer.engine import colorize
from colorizer.film.flow import carry, likeness, motion_between, prepare
from colorizer.job import Job
from colorizer.settings import DetectionSettings, FilmSettings, JobSettings, Steadiness

Frames = NDArray[np.uint8]
"""B, G, R, (N, H, W, 3)."""
_WAYS: dict[str, Steadiness] = {"frame by frame": 0, "steady": "auto"}


@dataclass(frozen=True, slots=True)
class Figures:
    """What is measured of a clip."""

    cdc: float
    """Times 1,000."""
    mse: float
    """Mean squared error of ab, in squared units."""
    psnr: float
    """Of B, G and R, in decibels."""
    colourfulness: float
    """Of Hasler & Suesstrunk 2003."""
    warping: float
    """Mean change of ab along the motion, in units."""


def main() -> None:
    """Print a table of each clip, and the means."""
    rows: dict[str, list[Figures]] = {}
    for clip in map(Path, sys.argv[1:]):
        truth = _read(clip)
        found = {"truth": truth, "grey": _grey(truth)}
        with tempfile.TemporaryDirectory() as name:
            source = _write_grey(clip, Path(name) / "grey.mkv")
            for way, steadiness in _WAYS.items():
                found[way] = _coloured(source, steadiness)
        figures = {way: measure(frames, truth) for way, frames in found.items()}
        _print(clip.stem, figures)
        for way, one in figures.items():
            rows.setdefault(way, []).append(one)
    if rows:
        means = {way: Figures(*np.mean([astuple(one) for one in some], axis=0)) for way, some in rows.items()}
        _print("mean", means)
        distance = {
            way: np.mean([abs(one.cdc - true.cdc) for one, true in zip(rows[way], rows["truth"], strict=True)])
            for way in _WAYS
        }
        share = distance["steady"] / distance["frame by frame"]
        print(f"distance of CDC from the truth's, steady / frame by frame: {share:.2f}; target 0.5")


def measure(frames: Frames, truth: Frames) -> Figures:
    """Measure a coloured clip against the truth, of the same size."""
    ab, true_ab = _ab(frames), _ab(truth)
    squared = np.square(frames.astype(np.float64) - truth).mean()
    return Figures(
        cdc=1000 * cdc(frames),
        mse=float(np.square(ab - true_ab).mean()),
        psnr=float(10 * np.log10(255**2 / squared)) if squared else float("inf"),
        colourfulness=float(np.mean([_colourfulness(frame) for frame in frames])),
        warping=_warping(ab, truth),
    )


def cdc(frames: Frames) -> float:
    """Colour Distribution Consistency.

    Jensen-Shannon divergence (natural logarithm) of the histograms (256 bins, of each of B, G and R) of frames i and
    i + t: for t in 1, 2 and 4 the mean over the pairs, a third each, and the mean over the channels.
    """
    channels = np.moveaxis(frames, -1, 1).reshape(len(frames), 3, -1)
    counts = np.stack([[np.bincount(one, minlength=256) for one in frame] for frame in channels])
    histograms = counts / channels.shape[-1]
    gaps = [_divergence(histograms[:-gap], histograms[gap:]).mean() for gap in (1, 2, 4)]
    return float(np.mean(gaps))


def _divergence(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    middle = (one + other) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = [np.where(part > 0, part * np.log(part / middle), 0).sum(axis=-1) for part in (one, other)]
    return cast("NDArray[np.float64]", sum(terms) / 2)


def _ab(frames: Frames) -> NDArray[np.float32]:
    labs = [cv2.cvtColor(frame.astype(np.float32) / 255, cv2.COLOR_BGR2Lab)[..., 1:] for frame in frames]
    return np.stack(cast("list[NDArray[np.float32]]", labs))


def _colourfulness(frame: Frames) -> float:
    blue, green, red = np.moveaxis(frame.astype(np.float32), -1, 0)
    one, other = red - green, (red + green) / 2 - blue
    return float(np.hypot(one.std(), other.std()) + 0.3 * np.hypot(one.mean(), other.mean()))


def _warping(ab: NDArray[np.float32], truth: Frames) -> float:
    """Mean change of ab from each frame to the next along the truth's motion, where that can be trusted."""
    luma = [prepare(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY).astype(np.float32) / 255) for frame in truth]
    changes = []
    for number in range(1, len(ab)):
        motion = motion_between(luma[number], luma[number - 1])[0]
        weight = motion.trust * likeness(luma[number], carry(luma[number - 1], motion))
        change = np.linalg.norm(ab[number] - carry(ab[number - 1], motion), axis=-1)
        changes.append(float((change * weight).sum() / weight.sum()))
    return float(np.mean(changes))


def _read(path: Path) -> Frames:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)])


def _grey(frames: Frames) -> Frames:
    return np.stack([cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) for frame in frames])[..., None].repeat(3, axis=-1)


def _write_grey(clip: Path, target: Path) -> Path:
    """The luma plane of a clip, without loss."""
    with av.open(str(clip)) as source, av.open(str(target), "w") as result:
        pictures = source.streams.video[0]
        stream = result.add_stream("ffv1", rate=pictures.average_rate)
        stream.width, stream.height, stream.pix_fmt = pictures.width, pictures.height, "yuv420p"
        for frame in source.decode(video=0):
            plain = frame.reformat(format="yuv420p")
            for plane in plain.planes[1:3]:
                torch.from_dlpack(plane).fill_(128)
            result.mux(stream.encode(plain))
        result.mux(stream.encode(None))
    return target


def _coloured(source: Path, steadiness: Steadiness) -> Frames:
    film = FilmSettings(encoder="ffv1", steadiness=steadiness)
    settings = JobSettings(detection=DetectionSettings(input="grey"), film=film)
    with tempfile.TemporaryDirectory() as name:
        target = Path(name) / "result.mkv"
        colorize(Job(source, target, Path(name), settings), lambda _done, _all: None)
        return _read(target)


def _print(title: str, figures: dict[str, Figures]) -> None:
    table = Table("", "CDC x 1000", "MSE of ab", "PSNR, dB", "colourfulness", "warping", title=title)
    for way, one in figures.items():
        table.add_row(
            way, f"{one.cdc:.3f}", f"{one.mse:.1f}", f"{one.psnr:.2f}", f"{one.colourfulness:.1f}", f"{one.warping:.2f}"
        )
    Console().print(table)


if __name__ == "__main__":
    main()
