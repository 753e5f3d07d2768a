"""ResNet-18 and ResNet-34 (He et al. 2016), with torchvision's layers and names, so that its weights fit.

They are written here because the import of torchvision costs each worker a second and 100 MB.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from torch import Tensor, nn

_BLOCKS = {"resnet18": (2, 2, 2, 2), "resnet34": (3, 4, 6, 3)}
"""Number of blocks of each layer."""
_WIDTHS = (64, 64, 128, 256, 512)
"""Channels before the first layer, and after each."""


class ResNet(nn.Module):
    """The convolutional part of a ResNet: without pooling at its end, and without a classifier.

    Input: (N, C, H, W).
    Output: features after each of the four layers, at 1/4 (64 channels), 1/8 (128), 1/16 (256) and 1/32 (512) of the
    resolution.
    """

    def __init__(self, name: Literal["resnet18", "resnet34"], channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 64, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        layers = [
            _layer(before, after, blocks)
            for (before, after), blocks in zip(pairwise(_WIDTHS), _BLOCKS[name], strict=True)
        ]
        self.layer1, self.layer2, self.layer3, self.layer4 = layers
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, pictures: Tensor) -> list[Tensor]:
        features = self.maxpool(self.relu(self.bn1(self.conv1(pictures))))
        outputs = []
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            features = layer(features)
            outputs.append(features)
        return outputs


class Block(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(out, out, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.downsample = None if stride == 1 else _shortcut(channels, out, stride)

    def forward(self, features: Tensor) -> Tensor:
        shortcut = features if self.downsample is None else self.downsample(features)
        convolved = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(features)))))
        output: Tensor = self.relu(convolved + shortcut)
        return output


def _layer(channels: int, out: int, blocks: int) -> nn.Sequential:
    first = Block(channels, out, stride=1 if channels == out else 2)
    return nn.Sequential(first, *(Block(out, out, stride=1) for _ in range(blocks - 1)))


def _shortcut(channels: int, out: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, out, kernel_size=1, stride=stride, bias=False), nn.BatchNorm2d(out))
