"""Tests of colorizer/film/printing_density.py."""

from pathlib import Path

import av
import numpy as np
import pytest
import torch
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from colorizer.engine import colorize
from colorizer.film.printing_density import fit_density, shown
from colorizer.job import Job
from colorizer.model.chroma import chroma_of, enlarge
from colorizer.model.lab import Matrix, rgb_minus_luma
from colorizer.settings import ColourSettings, FilmSettings, JobSettings
from tests.assets.films import Film, luma
from tests.assets.sequences import write_picture


def test_the_curve_goes_from_the_base_to_white() -> None:
    """Code 95 is black, 685 is white, 470 is grey of 18%; beyond both nothing changes."""
    codes = torch.tensor([0.0, 95, 470, 685, 1023]) / 1023
    assert torch.allclose(shown(codes) ** 2.2, torch.tensor([0.001, 0.001, 0.18, 1, 1]), atol=0.01)


@pytest.mark.parametrize("code", [250, 400, 550, 640])
def test_chroma_of_codes_is_that_of_the_screen(code: int) -> None:
    """A small colour on codes is the wanted one after codes have become light, channel by channel."""
    codes = torch.full((1, 1, 8, 8), code / 1023)
    ab = torch.zeros(1, 2, 8, 8)
    ab[:, 0], ab[:, 1] = 3, -2
    chroma = enlarge(fit_density(codes, ab, Matrix.BT709), codes)[0, :, 0, 0]
    kr, kb = Matrix.BT709.value
    red, blue = (2 - 2 * kr) * chroma[1], (2 - 2 * kb) * chroma[0]
    green = -(kr * red + kb * blue) / (1 - kr - kb)
    base = shown(codes[0, 0, 0, 0])
    seen = [float(shown(codes[0, 0, 0, 0] + one) - base) for one in (red, green, blue)]
    wanted = rgb_minus_luma(chroma_of(shown(codes), ab, Matrix.BT709), Matrix.BT709)[0, :, 0, 0].tolist()
    assert np.allclose(seen, wanted, atol=0.1 * max(map(abs, wanted)))


def coloured(root: Path, codes: NDArray[np.float64], transfer: int, weights: Path) -> NDArray[np.float64]:
    """Colour two equal DPX frames of codes; the result as R'G'B', 0..1."""
    root.mkdir()
    for number in range(2):
        samples = np.rint(codes)[..., None].repeat(3, axis=2).astype(np.uint16)
        write_picture(root / f"{number}.dpx", VideoFrame.from_ndarray(samples, format="gbrp10be"))
        content = bytearray((root / f"{number}.dpx").read_bytes())
        content[801] = transfer
        (root / f"{number}.dpx").write_bytes(content)
    settings = JobSettings(
        colour=ColourSettings(weights=weights, device="cpu"), film=FilmSettings(sequences_as="frames"), sequences="24"
    )
    job = Job(root / "#.dpx", root / "result", root / "workspace", settings)
    colorize(job, lambda _done, _all: None)
    with av.open(str(job.target / "0.dpx")) as file:
        return next(file.decode(video=0)).to_ndarray() / 1023


def test_log_frames_get_the_colours_of_what_they_show(tmp_path: Path, weights: Path) -> None:
    """The same picture as density and as video has the same colours on the screen; as codes, it would have others."""
    picture = luma(Film(), 3) / 65535 * 0.8 + 0.1
    base = 10 ** ((95 - 685) * 0.002 / 0.6)
    codes = 685 + np.log10(picture**2.2 * (1 - base) + base) * 300
    video = coloured(tmp_path / "video", picture * 1023, 6, weights)
    log, taken_as_video = (
        shown(torch.from_numpy(coloured(tmp_path / f"log{transfer}", codes, transfer, weights))).numpy()
        for transfer in (1, 6)
    )
    assert np.abs(log - video).mean() < 0.3 * np.abs(taken_as_video - video).mean()
