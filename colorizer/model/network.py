"""The network: a grey ResNet, a decoder with skip connections, and a head. No files, no devices."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, field_validator
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from colorizer.model.bins import gamut_bins
from colorizer.model.resnet import ResNet

STRIDE = 32
"""Both sides of the network's input are multiples of this."""

HEADS = 8
"""Number of heads of each attention."""

AB_SCALE = 128.0
"""An output of 1 of a regression head stands for this many ab units."""

# Mean and deviation of ImageNet's pictures in grey, applied to L / 100, so that ImageNet's filters get usual values.
_MEAN, _DEVIATION = 0.449, 0.226


class Architecture(BaseModel):
    """The settings of a network's layers; stored with its weights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoder: Literal["resnet18", "resnet34"] = "resnet18"
    head: Literal["distribution", "regression"] = "distribution"
    """Whether the output is a distribution over the ab bins, or ab itself."""
    widths: tuple[PositiveInt, PositiveInt, PositiveInt] = (256, 128, 96)
    """Channels of the decoder at 1/16 (a multiple of `HEADS`), 1/8 and 1/4 of the input's resolution."""
    grid: PositiveInt = 10
    """Spacing of the ab bins."""
    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Dropout of the attention layers in training."""
    attention: NonNegativeInt = 0
    """Number of transformer layers at 1/16 of the resolution, in addition to the one at 1/32."""
    queries: NonNegativeInt = 0
    """Number of learnt colour queries (Kang et al. 2023, DDColor, 3.2)."""

    @field_validator("widths")
    @classmethod
    def _has_heads(cls, widths: tuple[int, int, int]) -> tuple[int, int, int]:
        if widths[0] % HEADS:
            raise ValueError(f"the first must be a multiple of {HEADS}")
        return widths


class Network(nn.Module):
    """Lightness to colour, at a quarter of the resolution.

    Input: L, (N, 1, H, W), 0..100, H and W multiples of `STRIDE`.
    Output: logits of the ab bins, (N, K, H / 4, W / 4), or from a regression head ab / `AB_SCALE`, with 2 channels.
    """

    bins: Tensor

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.register_buffer("bins", gamut_bins(architecture.grid).float())
        coarse, middle, fine = architecture.widths
        self.encoder = Encoder(architecture.encoder)
        self.context = Bottleneck(512, coarse, architecture.dropout)
        self.levels = nn.ModuleList([Level(coarse, 256, coarse), Level(coarse, 128, middle), Level(middle, 64, fine)])
        self.attention = GlobalAttention(coarse, architecture.attention, architecture.dropout)
        queries = architecture.queries
        self.queries = ColourQueries(queries, architecture.widths, architecture.dropout) if queries else None
        colours = len(self.bins) if architecture.head == "distribution" else 2
        self.head = nn.Conv2d(fine + queries, colours, kernel_size=1)

    def forward(self, lightness: Tensor) -> Tensor:
        return self.decode(self.encode(lightness))

    def encode(self, lightness: Tensor) -> list[Tensor]:
        """What the encoder sees in the pictures; see `Encoder`."""
        features: list[Tensor] = self.encoder(normalise(lightness))
        return features

    def decode(self, features: list[Tensor]) -> Tensor:
        """The network's output for what its encoder sees."""
        fine_skip, middle_skip, coarse_skip, deepest = features
        coarse = self.attention(self.levels[0](self.context(deepest), coarse_skip))
        middle = self.levels[1](coarse, middle_skip)
        fine = self.levels[2](middle, fine_skip)
        if self.queries is not None:
            fine = torch.cat((fine, self.queries(coarse, middle, fine)), dim=1)
        output: Tensor = self.head(fine)
        return output


class Encoder(nn.Module):
    """A ResNet on one channel.

    Input: normalised grey, (N, 1, H, W).
    Output: features at 1/4 (64 channels), 1/8 (128), 1/16 (256) and 1/32 (512) of the resolution.
    """

    def __init__(self, name: Literal["resnet18", "resnet34"]) -> None:
        super().__init__()
        self.resnet = ResNet(name, channels=1)

    def forward(self, grey: Tensor) -> list[Tensor]:
        features: list[Tensor] = self.resnet(grey)
        return features


class Bottleneck(nn.Module):
    """A transformer layer over the deepest features (N, C, h, w), through which each place sees the whole picture."""

    def __init__(self, deep: int, channels: int, dropout: float) -> None:
        super().__init__()
        self.reduce = _convolution(deep, channels, kernel_size=1)
        self.attend = nn.TransformerEncoderLayer(
            channels, nhead=HEADS, dim_feedforward=2 * channels, dropout=dropout, batch_first=True, norm_first=True
        )

    def forward(self, deepest: Tensor) -> Tensor:
        features = self.reduce(deepest)
        tokens: Tensor = self.attend(features.flatten(2).transpose(1, 2))
        return tokens.transpose(1, 2).reshape(features.shape).contiguous(memory_format=torch.channels_last)


class GlobalAttention(nn.Module):
    """Transformer layers over features (N, C, h, w), through which each place sees the whole picture."""

    def __init__(self, channels: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                channels, nhead=HEADS, dim_feedforward=4 * channels, dropout=dropout, batch_first=True, norm_first=True
            )
            for _ in range(layers)
        )

    def forward(self, features: Tensor) -> Tensor:
        if not self.layers:
            return features
        tokens = as_tokens(features)
        for layer in self.layers:
            tokens = layer(tokens)
        return tokens.transpose(1, 2).reshape(features.shape).contiguous(memory_format=torch.channels_last)


class ColourQueries(nn.Module):
    """Learnt queries that attend to the picture, and how well each place answers each query (DDColor, 3.2).

    Input: the decoder's features at 1/16, 1/8 and 1/4 of the resolution.
    Output: (N, Q, H / 4, W / 4), how well each place answers each of the Q queries.
    """

    def __init__(self, queries: int, widths: tuple[int, int, int], dropout: float) -> None:
        super().__init__()
        coarse, middle, fine = widths
        self.colours = nn.Parameter(torch.randn(queries, coarse) * 0.02)
        self.widen = nn.Linear(middle, coarse)
        self.look = nn.ModuleList(
            nn.TransformerDecoderLayer(
                coarse, nhead=HEADS, dim_feedforward=2 * coarse, dropout=dropout, batch_first=True, norm_first=True
            )
            for _ in range(2)
        )
        self.norm = nn.LayerNorm(coarse)
        self.project = nn.Linear(coarse, fine)

    def forward(self, coarse: Tensor, middle: Tensor, fine: Tensor) -> Tensor:
        queries = self.colours.expand(len(coarse), -1, -1)
        queries = self.look[0](queries, _place_first(as_tokens(coarse)))
        queries = self.look[1](queries, _place_first(self.widen(as_tokens(middle))))
        kernels = self.project(self.norm(queries)) / fine.shape[1] ** 0.5
        likeness: Tensor = (kernels @ fine.flatten(2)).unflatten(2, fine.shape[2:])
        return likeness


class Level(nn.Module):
    """One step of the decoder: enlarge twofold, concatenate the encoder's features of that size, and convolve."""

    def __init__(self, deep: int, skip: int, out: int) -> None:
        super().__init__()
        self.reduce = _convolution(deep, out, kernel_size=1)
        self.mix = nn.Sequential(
            _convolution(out + skip, out, kernel_size=3),
            _convolution(out, out, kernel_size=3),
        )

    def forward(self, deep: Tensor, skip: Tensor) -> Tensor:
        enlarged = functional.interpolate(self.reduce(deep), scale_factor=2.0, mode="nearest")
        mixed: Tensor = self.mix(torch.cat((enlarged, skip), dim=1))
        return mixed


def as_tokens(features: Tensor) -> Tensor:
    """Features (N, C, h, w) as a sequence of places, (N, h * w, C)."""
    return features.flatten(2).transpose(1, 2)


def _place_first(tokens: Tensor) -> Tensor:
    """The same (N, L, C), with the layout in memory of (L, N, C).

    PyTorch's attention transposes what is attended to. With the usual layout, its linear layer then copies its weights
    once for each place, which makes the network four times as slow for two pictures.
    """
    return tokens.transpose(0, 1).contiguous().transpose(0, 1)


def normalise(lightness: Tensor) -> Tensor:
    """L, 0..100, with about the mean and deviation that the encoder expects."""
    return (lightness / 100 - _MEAN) / _DEVIATION


def fold_normalisation(network: nn.Module) -> None:
    """Fold each batch normalisation into the convolution before it, in place: the same output with less work."""
    children = list(network.named_children())
    for (name, convolution), (norm_name, norm) in pairwise(children):
        if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            setattr(network, name, fuse_conv_bn_eval(convolution, norm))
            setattr(network, norm_name, nn.Identity())
    for _, child in children:
        fold_normalisation(child)


def _convolution(channels: int, out: int, *, kernel_size: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, out, kernel_size, padding=kernel_size // 2, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(inplace=True),
    )
