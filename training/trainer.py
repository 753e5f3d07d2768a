"""The training loop: from a recipe to checkpoints, resumable at any step."""

from __future__ import annotations

import math
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import torch
from lightning.fabric import Fabric
from lightning.fabric.loggers import CSVLogger, TensorBoardLogger
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor, nn, optim
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel

from colorizer.device import gains_by_bfloat16
from colorizer.lab import lightness_of_luma, rgb_to_lab
from colorizer.network import Network
from training.corpus import Corpus, open_corpus
from training.initialisation import revive_normalisation, start_encoder
from training.loss import colour_loss
from training.recipe import Recipe, Schedule
from training.samples import Order, Samples, load_samples
from training.validation import Score, mean_error

VALIDATION_PICTURES = 60
"""Photographs of each kind that are looked at during a run."""


@dataclass
class Run:
    """One run of a recipe: what a checkpoint holds."""

    network: Network
    average: AveragedModel
    optimizer: optim.Optimizer
    rate: LambdaLR
    step: int = 0
    best: float = math.inf

    def state(self) -> dict[str, Any]:
        """All that the run must know to go on, for `Fabric.save` and `Fabric.load`."""
        return {
            "network": self.network,
            "average": self.average,
            "optimizer": self.optimizer,
            "rate": self.rate,
            "step": self.step,
            "best": self.best,
        }


def train(recipe: Recipe) -> Path:
    """Make or continue the run of a recipe.

    Returns:
        The run's folder: `last.ckpt`, `best.ckpt`, CSV and TensorBoard logs.

    """
    folder = recipe.runs / recipe.name
    fabric = Fabric(
        precision=_precision(recipe), loggers=[CSVLogger(folder, name="csv"), TensorBoardLogger(folder, name="board")]
    )
    fabric.launch()
    corpus = open_corpus(recipe.data.train, recipe.data.cache, recipe.data.stored_side).repeated(recipe.data.repeat)
    validation = open_corpus(recipe.data.validation, recipe.data.cache, side=256)
    run = _begin(fabric, recipe, corpus)
    _resume(fabric, run, folder / "last.ckpt")
    with _progress(disable=not fabric.is_global_zero) as progress:
        bar = progress.add_task(recipe.name, total=recipe.schedule.steps, completed=run.step, loss=math.nan)
        for loss in _steps(fabric, run, recipe, corpus):
            progress.update(bar, completed=run.step, loss=loss)
            if run.step == recipe.schedule.falls_at:
                _save(fabric, run, folder / "plateau.ckpt")
            if run.step % recipe.evaluate_every == 0 or run.step == recipe.schedule.steps:
                best = run.best
                _evaluate(fabric, run, validation, loss)
                _save(fabric, run, folder / "last.ckpt")
                if run.best < best and fabric.is_global_zero:
                    shutil.copy(folder / "last.ckpt", folder / "best.ckpt")
    return folder


def _begin(fabric: Fabric, recipe: Recipe, corpus: Corpus) -> Run:
    torch.manual_seed(recipe.seed)
    network = Network(recipe.architecture)
    missing = start_encoder(network, recipe.encoder.start)
    fabric.print(f"{len(corpus)} photographs, {corpus.rejected} left out; {len(missing)} encoder tensors from random")
    first = Order(len(corpus), recipe.schedule.batch, range(1), recipe.seed)
    luma, _ = next(iter(load_samples(_samples(recipe, corpus), first)))
    revive_normalisation(network, lightness_of_luma(luma))
    for stage in _frozen(network, recipe.encoder.frozen):
        stage.requires_grad_(requires_grad=False)
    network = network.to(memory_format=torch.channels_last)
    optimizer = _optimizer(network, recipe)
    rate = LambdaLR(optimizer, lambda step: _rate_at(step, recipe.schedule))
    average = AveragedModel(network, avg_fn=_average(recipe.schedule.average), use_buffers=True)
    wrapped, wrapped_optimizer = fabric.setup(network, optimizer)
    return Run(wrapped, cast("AveragedModel", fabric.to_device(average)), wrapped_optimizer, rate)


def _steps(fabric: Fabric, run: Run, recipe: Recipe, corpus: Corpus) -> Iterator[float]:
    """Make the run's remaining steps, yielding the loss after each."""
    schedule = recipe.schedule
    remaining = range(run.step, schedule.steps)
    order = Order(len(corpus), schedule.batch, remaining, recipe.seed, fabric.global_rank, fabric.world_size)
    batches = fabric.setup_dataloaders(load_samples(_samples(recipe, corpus), order))
    run.network.train()
    for stage in _frozen(run.network, recipe.encoder.frozen):
        stage.eval()
    for luma, rgb in batches:
        torch.manual_seed(recipe.seed + run.step)  # chance in the network, too, is a function of the step
        loss = colour_loss(run.network, run.network(_channels_last(lightness_of_luma(luma))), _ab_of(rgb))
        fabric.backward(loss)
        fabric.clip_gradients(run.network, run.optimizer, max_norm=schedule.clip)
        run.optimizer.step()
        run.optimizer.zero_grad()
        run.rate.step()
        run.average.update_parameters(run.network)
        run.step += 1
        yield loss.item()


def _evaluate(fabric: Fabric, run: Run, validation: Corpus, loss: float) -> None:
    network = cast("Network", run.average.module)
    network.eval()
    scores = mean_error(network, validation, VALIDATION_PICTURES)
    total = Score.sum(scores.values())
    run.best = min(run.best, total.error)
    parts = {f"part_of_grey/{kind}": score.part_of_grey for kind, score in scores.items()}
    fabric.log_dict({"loss": loss, "part_of_grey": total.part_of_grey, "mse": total.error, **parts}, step=run.step)
    listed = ", ".join(f"{kind} {score.part_of_grey:.3f}" for kind, score in scores.items())
    fabric.print(f"step {run.step}: loss {loss:.3f}, mse {total.error:.5f}, part of grey {listed}")
    for logger in fabric.loggers:
        logger.save()


def _save(fabric: Fabric, run: Run, checkpoint: Path) -> None:
    unfinished = checkpoint.with_suffix(".part")
    fabric.save(unfinished, run.state())
    if fabric.is_global_zero:
        unfinished.replace(checkpoint)


def _resume(fabric: Fabric, run: Run, checkpoint: Path) -> None:
    if not checkpoint.exists():
        return
    state = run.state()
    fabric.load(checkpoint, state)
    run.step, run.best = state["step"], state["best"]
    fabric.print(f"going on from step {run.step}")


def _optimizer(network: Network, recipe: Recipe) -> optim.Optimizer:
    """Weights decay, biases and normalisations do not; the encoder learns at its own rate."""
    schedule = recipe.schedule
    groups = defaultdict(list)
    for name, parameter in network.named_parameters():
        part = recipe.encoder.rate if name.startswith("encoder.") else 1.0
        decay = schedule.weight_decay if parameter.dim() > 1 else 0.0
        if parameter.requires_grad:
            groups[schedule.rate * part, decay].append(parameter)
    kind = optim.AdamW if schedule.optimizer == "adamw" else optim.Adam
    # The fused step cannot be clipped under float16's gradient scaling.
    fused = _precision(recipe) != "16-mixed"
    return kind(
        [{"params": group, "lr": rate, "weight_decay": decay} for (rate, decay), group in groups.items()], fused=fused
    )


def _frozen(network: Network, stages: int) -> list[nn.Module]:
    """The encoder's first stages, which are neither trained nor normalised by their batch."""
    net = network.encoder.resnet
    return [net.conv1, net.bn1, net.layer1, net.layer2, net.layer3, net.layer4][: stages and stages + 2]


def _samples(recipe: Recipe, corpus: Corpus) -> Samples:
    return Samples(corpus, recipe.data, recipe.seed, early=recipe.schedule.falls_at * recipe.schedule.batch)


def _average(decay: float) -> Callable[[Tensor, Tensor, Tensor | int], Tensor]:
    """A moving average that forgets its random beginning soon."""

    def average(averaged: Tensor, current: Tensor, steps: Tensor | int) -> Tensor:
        if not averaged.is_floating_point():
            return current
        return torch.lerp(averaged, current, 1 - min(decay, (1 + int(steps)) / (10 + int(steps))))

    return average


def _rate_at(step: int, schedule: Schedule) -> float:
    """A rise, a plateau, then half a cosine, as a part of the schedule's rate."""
    rise = max(schedule.warm_up * schedule.steps, 1)
    if step < rise:
        return (step + 1) / (rise + 1)
    if step <= schedule.falls_at:
        return 1.0
    return 0.5 + 0.5 * math.cos(math.pi * min(1.0, (step - schedule.falls_at) / (schedule.steps - schedule.falls_at)))


def _ab_of(rgb: Tensor) -> Tensor:
    return rgb_to_lab(rgb.float() / 255)[:, 1:]


def _channels_last(picture: Tensor) -> Tensor:
    return picture.contiguous(memory_format=torch.channels_last)


def _precision(recipe: Recipe) -> Literal["32-true", "bf16-mixed", "16-mixed"]:
    if recipe.precision != "auto":
        return recipe.precision
    return (
        "bf16-mixed" if gains_by_bfloat16(torch.device("cuda" if torch.cuda.is_available() else "cpu")) else "32-true"
    )


def _progress(*, disable: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.3f}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        disable=disable,
    )
