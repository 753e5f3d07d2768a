"""What a colour model predicts, and reading it as colours."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from colorizer.model.chroma import upsample
from colorizer.model.decoding import Decoding, decode
from colorizer.model.device import threads_for
from colorizer.model.padding import Padding, crop


@dataclass(frozen=True, slots=True)
class Prediction:
    """The predicted colours of N pictures of one size, which were padded to H x W."""

    output: Tensor
    """Logits of the ab bins, float32, (N, K, H / 4, W / 4); from a regression head ab, (N, 2, H / 4, W / 4)."""
    bins: Tensor | None
    """Centres of the ab bins, float32, (K, 2); None if `output` is ab."""
    lightness: Tensor
    """L of the padded pictures, float32, 0..100, (N, 1, H, W)."""
    padding: Padding
    """The position of the pictures inside their padding."""
    group: int
    """Number of pictures that are read together. The last bit of a result depends on it, so on a CPU it is fixed."""
    votes: Tensor | None = None
    """Votes for the pose of each picture, float32, (N, 5), with their mirror images; see `upright.UprightHead`."""


@torch.inference_mode()
def read(prediction: Prediction, decoding: Decoding) -> Tensor:
    """Read a prediction as colours, at the size of the pictures that were predicted.

    On a CPU the colours of a picture do not depend on the other pictures, bit for bit.

    Args:
        prediction: of N pictures of h x w.
        decoding: how a distribution is read; without effect on the prediction of a regression head.

    Returns:
        ab, float32, (N, 2, h, w), on the device of the prediction.

    """
    groups = zip(prediction.output.split(prediction.group), prediction.lightness.split(prediction.group), strict=True)
    return torch.cat([_read_group(prediction, *group, decoding) for group in groups])


def _read_group(prediction: Prediction, output: Tensor, lightness: Tensor, decoding: Decoding) -> Tensor:
    filled, guide = _fill(output, prediction.group), _fill(lightness, prediction.group)
    ab = filled if prediction.bins is None else decode(filled, prediction.bins, decoding)
    with threads_for(guide):
        return crop(upsample(ab, guide), prediction.padding)[: len(output)]


def _fill(batch: Tensor, size: int) -> Tensor:
    """Repeat the first picture of a batch until the batch has `size` pictures."""
    missing = size - len(batch)
    return torch.cat((batch, batch[:1].expand(missing, -1, -1, -1))) if missing else batch
