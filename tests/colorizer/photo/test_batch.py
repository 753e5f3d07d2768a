"""Tests of colorizer/photo/batch.py: real photographs, a real network."""

from pathlib import Path

import numpy as np
import pytest
import pyvips
import torch
from PIL import Image
from torch import Tensor

from colorizer.engine import colorize, colorize_together
from colorizer.errors import DeviceError
from colorizer.job import Job
from colorizer.model.chroma import ChromaFit
from colorizer.model.colorist import Colorist
from colorizer.model.device import one_thread
from colorizer.model.lab import Matrix
from colorizer.model.upright import Pose
from colorizer.photo import batch
from colorizer.report import Report
from colorizer.settings import ColourSettings, JobSettings
from tests.assets.pictures import grey, write_grey


def silent(_done: int, _all: int) -> None:
    """Ignore progress."""


def job(tmp_path: Path, source: Path, weights: Path, target: str) -> Job:
    """A photograph to colour."""
    settings = JobSettings(colour=ColourSettings(weights=weights, device="cpu"))
    return Job(source, tmp_path / f"{target}-{source.name}", tmp_path / "workspace", settings)


def album(tmp_path: Path) -> list[Path]:
    """Photographs of two shapes, and a file that is not one."""
    bad = tmp_path / "bad.jpg"
    bad.write_text("no picture")
    sizes = [(96, 128), (120, 160), (96, 128), (128, 96), (240, 320)]
    return [bad, *(write_grey(tmp_path / f"{number}.png", *size) for number, size in enumerate(sizes))]


@pytest.mark.parametrize(("alone", "batches"), [({"cpu"}, [1, 1, 1, 1, 1]), (set(), [1, 4])])
def test_photographs_are_coloured_together_as_alone(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch, alone: set[str], batches: list[int]
) -> None:
    """Bit for bit; on a GPU with one call of the network for each shape. The caller hears which one is worked on."""
    monkeypatch.setattr(batch, "_ALONE", alone)
    sources = album(tmp_path)
    for source in sources[1:]:
        colorize(job(tmp_path, source, weights, "alone"), silent)
    calls: list[int] = []
    fit = Colorist.fit_upright

    def count(self: Colorist, luma: Tensor, matrix: Matrix, *, turn: bool) -> tuple[ChromaFit, list[Pose]]:
        calls.append(len(luma))
        return fit(self, luma, matrix, turn=turn)

    monkeypatch.setattr(Colorist, "fit_upright", count)
    turned: list[int] = []
    outcomes = dict(
        colorize_together([job(tmp_path, source, weights, "both") for source in sources], turned.append, silent)
    )
    assert sorted(calls) == batches
    assert turned[:6] == [0, 1, 2, 3, 4, 5]
    assert "neither" in str(outcomes.pop(0))
    assert all(isinstance(outcome, Report) for outcome in outcomes.values())
    for source in sources[1:]:
        assert (tmp_path / f"both-{source.name}").read_bytes() == (tmp_path / f"alone-{source.name}").read_bytes()


def test_a_device_that_fails_fails_them_all(tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with the reason, in its own place."""

    def fail(_self: Colorist, _luma: Tensor, _matrix: Matrix, *, turn: bool) -> tuple[ChromaFit, list[Pose]]:  # noqa: ARG001
        raise DeviceError("no memory")

    monkeypatch.setattr(Colorist, "fit_upright", fail)
    sources = album(tmp_path)[1:4]
    outcomes = dict(
        colorize_together([job(tmp_path, source, weights, "both") for source in sources], lambda _: None, silent)
    )
    assert [str(outcome) for outcome in outcomes.values()] == ["no memory"] * 3


@pytest.mark.parametrize(
    ("name", "room_and_passes"), [("a.png", (1 << 20, 1)), ("a.tif", (1 << 20, 1)), ("a.png", (0, 4))]
)
def test_a_photograph_that_fits_into_memory_is_decoded_once(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch, name: str, room_and_passes: tuple[int, int]
) -> None:
    """A larger one is opened for its headers, and decoded to be examined and to be written. So is the result, once."""
    room, passes = room_and_passes
    source = write_grey(tmp_path / name)
    loads: list[str] = []
    call = pyvips.Operation.call

    def count(operation: str, *arguments: object, **options: object) -> object:
        if operation.endswith("load_source"):
            loads.append(operation)
        return call(operation, *arguments, **options)

    monkeypatch.setattr(pyvips.Operation, "call", count)
    monkeypatch.setattr(batch, "_ROOM", room)
    colorize(job(tmp_path, source, weights, "one"), silent)
    assert len(loads) == passes + 2  # the header of the result, and its picture


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif"])
def test_a_large_photograph_gets_the_same_result(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Bit for bit, whether it is kept in memory or decoded twice."""
    source = write_grey(tmp_path / name, 400, 300)
    colorize(job(tmp_path, source, weights, "kept"), silent)
    monkeypatch.setattr(batch, "_ROOM", 0)
    colorize(job(tmp_path, source, weights, "twice"), silent)
    assert (tmp_path / f"kept-{name}").read_bytes() == (tmp_path / f"twice-{name}").read_bytes()


def test_an_animation_of_many_frames_is_predicted_in_parts(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The memory of one call does not grow with its frames."""
    frames = [Image.fromarray(np.roll(grey(32, 48), turn, axis=1)) for turn in range(20)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    calls: list[int] = []
    fit = Colorist.fit

    def count(self: Colorist, luma: Tensor, matrix: Matrix, *, mirrored: bool = False) -> ChromaFit:
        calls.append(len(luma))
        return fit(self, luma, matrix, mirrored=mirrored)

    monkeypatch.setattr(Colorist, "fit", count)
    assert colorize(job(tmp_path, tmp_path / "a.gif", weights, "all"), silent).frames == 20
    assert calls == [16, 4]


def test_the_network_has_all_threads_also_while_others_compute_alone() -> None:
    """A thread that begins to compute meanwhile would have one for good, and take longer for a whole batch."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with batch.start_network_thread() as network, one_thread():
            assert network.submit(torch.get_num_threads).result() == 3
    finally:
        torch.set_num_threads(before)
