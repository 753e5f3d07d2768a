"""The networks of DeOldify (video) and DDColor-tiny beside ours: time and memory for a frame of the same film.

The networks are built as their papers and sources describe them, shape for shape, with random weights: their results
mean nothing, but they take as long as with the published ones. What would slow them down is left out: spectral
normalisation, files of pictures between the steps, and conversions beyond one to RGB and one back. Each runs in a
process of its own.

    python -m benchmarks.peers [FILM]
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models import convnext_tiny, resnet101

from benchmarks.figures import processor_seconds
from benchmarks.footage import write_grainy_film
from colorizer.engine import colorize, open_colorist
from colorizer.job import Job
from colorizer.model.weights import load_weights
from colorizer.settings import DetectionSettings, FilmSettings, JobSettings
from colorizer.weights_path import DEFAULT_WEIGHTS

_FRAMES = 8
"""Frames that the networks of others colour: on a CPU each takes seconds."""
_OPTIONS = {"preset": "veryfast", "crf": "18"}
_OURS = JobSettings(detection=DetectionSettings(input="grey"), film=FilmSettings(quality=18, speed="veryfast"))


class Shuffled(nn.Sequential):
    """Enlargement by a 1 x 1 convolution whose channels become pixels, then a blur."""

    def __init__(
        self, channels: int, wanted: int, scale: int = 2, *, normed: bool = True, blurred: bool = True
    ) -> None:
        """Set up for so many channels, and so many wanted ones."""
        layers: list[nn.Module] = [nn.Conv2d(channels, wanted * scale**2, 1, bias=not normed)]
        layers += [nn.BatchNorm2d(wanted * scale**2)] if normed else []
        layers += [nn.ReLU(), nn.PixelShuffle(scale)]
        layers += [nn.ReplicationPad2d((1, 0, 1, 0)), nn.AvgPool2d(2, stride=1)] if blurred else []
        super().__init__(*layers)


class Attention(nn.Module):
    """Self-attention over all places of a plane (SAGAN)."""

    def __init__(self, channels: int) -> None:
        """Set up for so many channels."""
        super().__init__()
        self.query, self.key = (nn.Conv1d(channels, channels // 8, 1, bias=False) for _ in range(2))
        self.value = nn.Conv1d(channels, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, plane: Tensor) -> Tensor:
        """Return (N, C, h, w) for (N, C, h, w)."""
        flat = plane.flatten(2)
        weight = torch.bmm(self.query(flat).transpose(1, 2), self.key(flat)).softmax(dim=1)
        return (self.gamma * torch.bmm(self.value(flat), weight) + flat).view_as(plane)


class Joined(nn.Module):
    """A stage of both decoders: what is enlarged and what the encoder had at this size become one."""

    def __init__(self, channels: int, beside: int, enlarged: int, wanted: int, *, attends: bool = False) -> None:
        """Set up for the channels of the input, of the encoder, of the enlarged input and of the output."""
        super().__init__()
        self.enlarge, self.norm = Shuffled(channels, enlarged), nn.BatchNorm2d(beside)
        self.join = nn.Sequential(
            *_convolved(enlarged + beside, wanted), Attention(wanted) if attends else nn.Identity()
        )

    def forward(self, plane: Tensor, beside: Tensor) -> Tensor:
        """Return the plane at twice its size."""
        larger = functional.interpolate(self.enlarge(plane), beside.shape[-2:])
        return cast("Tensor", self.join(torch.cat([larger, self.norm(beside)], dim=1).relu()))


class DeOldifyVideo(nn.Module):
    """DeOldify's network for films: ResNet-101, then a wide U-Net."""

    size = 336
    """Side of its square input at the default `render_factor` of 21."""

    def __init__(self) -> None:
        """Set up with random weights."""
        super().__init__()
        whole = resnet101()
        self.first = nn.Sequential(whole.conv1, whole.bn1, whole.relu)
        self.stages = nn.ModuleList(
            [nn.Sequential(whole.maxpool, whole.layer1), whole.layer2, whole.layer3, whole.layer4]
        )
        self.middle = nn.Sequential(nn.BatchNorm2d(2048), nn.ReLU(), *_convolved(2048, 4096), *_convolved(4096, 2048))
        self.joins = nn.ModuleList(
            [
                Joined(2048, 1024, 512, 512),
                Joined(512, 512, 512, 512, attends=True),
                Joined(512, 256, 512, 512),
                Joined(512, 64, 256, 256),
            ]
        )
        self.last = Shuffled(256, 256, normed=False, blurred=False)
        self.refine = nn.Sequential(*(nn.Sequential(nn.Conv2d(259, 259, 3, padding=1), nn.ReLU()) for _ in range(2)))
        self.colours = nn.Conv2d(259, 3, 1)

    def forward(self, grey: Tensor) -> Tensor:
        """Return RGB, (N, 3, h, w), for grey, (N, 3, h, w)."""
        planes = [self.first(grey)]
        for stage in self.stages:
            planes.append(stage(planes[-1]))
        plane = self.middle(planes.pop())
        for join in self.joins:
            plane = join(plane, planes.pop())
        plane = torch.cat([self.last(plane), grey], dim=1)
        return cast("Tensor", self.colours(plane + self.refine(plane)).sigmoid())


class DDColorTiny(nn.Module):
    """DDColor's small network: ConvNeXt-T, a pixel decoder and a decoder of colour queries."""

    size = 512
    """Side of its square input by default."""

    def __init__(self, queries: int = 100, width: int = 256) -> None:
        """Set up with random weights."""
        super().__init__()
        features = convnext_tiny().features
        self.stages = nn.ModuleList(features[number : number + 2] for number in range(0, 8, 2))
        self.norms = nn.ModuleList(nn.GroupNorm(1, channels) for channels in (96, 192, 384, 768))
        self.joins = nn.ModuleList([Joined(768, 384, 512, 512), Joined(512, 192, 512, 512), Joined(512, 96, 256, 256)])
        self.last = Shuffled(256, width, 4, normed=False)
        self.inputs = nn.ModuleList(nn.Conv2d(channels, width, 1) for channels in (512, 512, 256))
        self.queries = nn.Parameter(torch.randn(1, queries, width))
        across = {"embed_dim": width, "num_heads": 8, "batch_first": True}
        self.cross = nn.ModuleList(nn.MultiheadAttention(**across) for _ in range(9))
        self.own = nn.ModuleList(nn.TransformerEncoderLayer(width, 8, 2048, batch_first=True) for _ in range(9))
        self.embed = nn.Sequential(*(nn.Sequential(nn.Linear(width, width), nn.ReLU()) for _ in range(3)))
        self.colours = nn.Conv2d(queries + 3, 2, 1)

    def forward(self, grey: Tensor) -> Tensor:
        """Return ab, (N, 2, h, w), for grey, (N, 3, h, w)."""
        planes, plane = [], grey
        for stage, norm in zip(self.stages, self.norms, strict=True):
            plane = stage(plane)
            planes.append(norm(plane))
        plane = planes.pop()
        levels = []
        for join, narrow in zip(self.joins, self.inputs, strict=True):
            plane = join(plane, planes.pop())
            levels.append(narrow(plane).flatten(2).transpose(1, 2))
        asked = self.queries.expand(len(grey), -1, -1)
        for number, (cross, own) in enumerate(zip(self.cross, self.own, strict=True)):
            level = levels[number % len(levels)]
            asked = own(asked + cross(asked, level, level, need_weights=False)[0])
        seen = torch.einsum("nqc,nchw->nqhw", self.embed(asked), self.last(plane))
        return cast("Tensor", self.colours(torch.cat([seen, grey], dim=1)))


PEERS: dict[str, Callable[[], DeOldifyVideo | DDColorTiny]] = {
    "DeOldify (video)": DeOldifyVideo,
    "DDColor-tiny": DDColorTiny,
}


def main(film: Path | None = None) -> None:
    """Print a table."""
    table = Table("", "parameters, millions", "seconds/frame", "processor time, s/frame", "peak memory, MiB")
    with tempfile.TemporaryDirectory() as name:
        source = film or write_grainy_film(Path(name) / "film.mp4", width=1920, height=1080, seconds=4)
        for who in ("tintd", *PEERS):
            command = [sys.executable, "-m", "benchmarks.peers", str(source), who]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            found = json.loads(output.splitlines()[-1])
            table.add_row(who, *(f"{found[name]:.3g}" for name in ("parameters", "seconds", "processor", "memory")))
    table.title = f"A frame of {source.name}, decoded, coloured and encoded"
    Console().print(table)


def measure(film: Path, who: str) -> dict[str, float]:
    """Time and memory for a frame, in this process; the network is built and asked once before."""
    with tempfile.TemporaryDirectory() as name:
        work, parameters = (_ours if who == "tintd" else _theirs)(film, Path(name), who)
        begun, used = time.perf_counter(), processor_seconds()
        frames = work()
        seconds, processor = time.perf_counter() - begun, processor_seconds() - used
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "parameters": parameters / 1e6,
        "seconds": seconds / frames,
        "processor": processor / frames,
        "memory": memory,
    }


def _ours(film: Path, folder: Path, _who: str) -> tuple[Callable[[], int], int]:
    network, _ = load_weights(DEFAULT_WEIGHTS)
    open_colorist(_OURS.colour)
    job = Job(film, folder / "result", folder, _OURS)
    return lambda: colorize(job, lambda _done, _all: None).frames or 1, _size(network)


def _theirs(film: Path, folder: Path, who: str) -> tuple[Callable[[], int], int]:
    network = PEERS[who]().eval().to(memory_format=torch.channels_last)
    with torch.inference_mode():
        network(torch.zeros(1, 3, network.size, network.size))
    return lambda: _film(film, folder / "result.mp4", network), _size(network)


@torch.inference_mode()
def _film(film: Path, target: Path, network: DeOldifyVideo | DDColorTiny) -> int:
    """Colour a few frames; returns their number."""
    coloured = 0
    with av.open(str(film)) as source, av.open(str(target), "w") as result:
        pictures = source.streams.video[0]
        stream = result.add_stream("libx264", rate=pictures.average_rate, options=_OPTIONS)
        stream.width, stream.height, stream.pix_fmt = pictures.width, pictures.height, "yuv420p"
        for frame in islice(source.decode(pictures), _FRAMES):
            rgb = _frame(cast("NDArray[np.uint8]", frame.to_ndarray(format="gray")), network)
            result.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
            coloured += 1
        result.mux(stream.encode(None))
    return coloured


def _frame(grey: NDArray[np.uint8], network: nn.Module) -> NDArray[np.uint8]:
    """One frame, (H, W), in RGB, (H, W, 3): the colours are enlarged, the luma is the frame's."""
    size = cast("int", network.size)
    small = torch.from_numpy(cv2.resize(grey, (size, size), interpolation=cv2.INTER_AREA)).float() / 255
    answer = network(small.expand(1, 3, -1, -1))[0]
    chroma = [cv2.resize(plane.numpy(), grey.shape[::-1]) for plane in answer[-2:]]
    planes = [grey, *((plane * 32 + 128).clip(0, 255).astype(np.uint8) for plane in chroma)]
    return cast("NDArray[np.uint8]", cv2.cvtColor(cv2.merge(planes), cv2.COLOR_YCrCb2RGB))


def _size(network: nn.Module) -> int:
    """Number of its parameters."""
    return sum(one.numel() for one in network.parameters())


def _convolved(channels: int, wanted: int) -> list[nn.Module]:
    return [nn.Conv2d(channels, wanted, 3, padding=1, bias=False), nn.ReLU(), nn.BatchNorm2d(wanted)]


if __name__ == "__main__":
    if len(sys.argv) > 2:
        print(json.dumps(measure(Path(sys.argv[1]), sys.argv[2])))
    else:
        main(*map(Path, sys.argv[1:]))
