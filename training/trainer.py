"""The training loop: from a recipe to checkpoints, resumable at any step, on one device or several."""

from __future__ import annotations

import copy
import math
import os
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from lightning.fabric import Fabric
from lightning.fabric.loggers import CSVLogger, TensorBoardLogger
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import nn, optim
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel
from torchvision.transforms.functional import to_pil_image

from colorizer.errors import SettingsError
from training.checkpoint import check_recipe, save_checkpoint
from training.classification import Classification
from training.colorization import Colorization
from training.normalisation import share_normalisation
from training.optimization import make_optimizer, moving_average, precision_of, rate_at
from training.recipe import ClassifierRecipe, Recipe
from training.samples import load_samples, order_of, workers_of
from training.task import Batch, Task

_SANITY_SAMPLES = 8
_SANE = 0.9
"""A few samples' loss must fall to this part of what it was."""


@dataclass
class Run:
    """One run of a recipe: what a checkpoint holds."""

    network: nn.Module
    average: AveragedModel
    optimizer: optim.Optimizer
    rate: LambdaLR
    recipe: str
    """As JSON."""
    step: int = 0
    best: float = math.inf

    def state(self) -> dict[str, Any]:
        """All that the run must know to go on, for `Fabric.save` and `Fabric.load`."""
        return {
            "network": self.network,
            "average": self.average,
            "optimizer": self.optimizer,
            "rate": self.rate,
            "recipe": self.recipe,
            "step": self.step,
            "best": self.best,
        }


@dataclass
class _Pace:
    """How a run fares since it was last told of."""

    step: int
    batch: int
    losses: list[float] = field(default_factory=list)
    told: float = field(default_factory=time.monotonic)
    saved: float = field(default_factory=time.monotonic)

    def figures(self, step: int) -> dict[str, float]:
        """Mean loss and speed since the last time; what follows is counted anew."""
        now = time.monotonic()
        speed = (step - self.step) * self.batch / (now - self.told)
        found = {"loss": statistics.fmean(self.losses), "photographs_per_second": speed}
        self.step, self.told, self.losses = step, now, []
        return found


def train(recipe: Recipe | ClassifierRecipe) -> Path:
    """Make or continue the run of a recipe.

    Returns:
        The run's folder: `last.ckpt`, `best.ckpt`, CSV and TensorBoard logs, a grid of pictures for each evaluation.

    Raises:
        SettingsError: the network does not learn even a few samples; or the run was begun with other settings, or its
            checkpoint is damaged.

    """
    folder = recipe.runs / recipe.name
    last = folder / "last.ckpt"
    resumes = last.exists()
    if resumes:
        check_recipe(last, recipe)
    fabric = Fabric(
        precision=precision_of(recipe),
        devices=os.environ.get("LOCAL_WORLD_SIZE", "auto"),
        num_nodes=int(os.environ.get("GROUP_WORLD_SIZE", "1")),
        loggers=[CSVLogger(folder, name="csv"), TensorBoardLogger(folder, name="board")],
    )
    fabric.launch()
    with fabric.rank_zero_first():
        task = Classification(recipe) if isinstance(recipe, ClassifierRecipe) else Colorization(recipe)
    run = _begin(fabric, recipe, task, resumes=resumes)
    if resumes:
        _resume(fabric, run, last, recipe)
    pace = _Pace(run.step, recipe.schedule.batch)
    with _progress(disable=not fabric.is_global_zero) as progress:
        bar = progress.add_task(recipe.name, total=recipe.schedule.steps, completed=run.step, loss=math.nan)
        for loss in _steps(fabric, run, recipe, task):
            pace.losses.append(loss)
            progress.update(bar, completed=run.step, loss=loss)
            if run.step % recipe.log_every == 0:
                _log(fabric, run, pace, recipe)
            if run.step == recipe.schedule.falls_at:
                _save(fabric, run, folder / "plateau.ckpt")
            if run.step % recipe.evaluate_every == 0 or run.step == recipe.schedule.steps:
                if _evaluate(fabric, run, task, folder):
                    _save(fabric, run, folder / "best.ckpt")
                _save(fabric, run, last)
                pace = _Pace(run.step, recipe.schedule.batch)
            elif run.step % recipe.log_every == 0 and _save_is_due(fabric, pace, recipe):
                _save(fabric, run, last)
                pace.saved = time.monotonic()
    return folder


def _begin(fabric: Fabric, recipe: Recipe | ClassifierRecipe, task: Task, *, resumes: bool) -> Run:
    fabric.print(f"{len(task.corpus)} photographs to learn from, {task.corpus.rejected} left out")
    for note in task.notes:
        fabric.print(note)
    first = order_of(task.corpus, recipe, range(1))
    batch: Batch = next(iter(load_samples(task.samples(), first, workers=0)))
    task.prepare(batch)
    if recipe.sanity_steps and not resumes:
        fabric.print(_learn_by_heart(task, recipe, batch))
    network = task.network.to(memory_format=torch.channels_last)
    average = AveragedModel(network, multi_avg_fn=moving_average(recipe.schedule.average), use_buffers=True)
    if fabric.world_size > 1:
        network = share_normalisation(network, fabric.device)
    optimizer = make_optimizer(network, recipe)
    rate = LambdaLR(optimizer, lambda step: rate_at(step, recipe.schedule))
    wrapped, wrapped_optimizer = fabric.setup(network, optimizer)
    averaged = cast("AveragedModel", fabric.to_device(average))
    return Run(wrapped, averaged, wrapped_optimizer, rate, recipe.model_dump_json())


def _learn_by_heart(task: Task, recipe: Recipe | ClassifierRecipe, batch: Batch) -> str:
    """See that a copy of the network learns a few samples, before hours are spent on all."""
    network = copy.deepcopy(task.network)
    optimizer = make_optimizer(network, recipe)
    few = [part[:_SANITY_SAMPLES] for part in batch]
    task.train_mode(network)
    losses = []
    for _ in range(recipe.sanity_steps):
        loss = task.loss(network, few)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    told = f"the loss of {len(few[0])} samples went from {losses[0]:.4g} to {losses[-1]:.4g}"
    if not losses[-1] <= _SANE * losses[0]:
        raise SettingsError(
            f"{recipe.name}: in {recipe.sanity_steps} steps {told}: nothing is learnt; look at `schedule.rate`, the "
            "encoder's start and the photographs (`sanity_steps: 0` leaves this out)"
        )
    return f"sane: in {recipe.sanity_steps} steps {told}"


def _steps(fabric: Fabric, run: Run, recipe: Recipe | ClassifierRecipe, task: Task) -> Iterator[float]:
    """Make the run's remaining steps, yielding the loss after each."""
    schedule = recipe.schedule
    remaining = range(run.step, schedule.steps)
    order = order_of(task.corpus, recipe, remaining, fabric.global_rank, fabric.world_size)
    batches = fabric.setup_dataloaders(
        load_samples(task.samples(), order, workers_of(recipe.data)), use_distributed_sampler=False
    )
    # A step whose gradients overflowed in float16 is left out by the scaler.
    finite = precision_of(recipe) != "16-mixed"
    task.train_mode(run.network)
    for batch in batches:
        # Chance in the network, too, is a function of the step, and another one in each process.
        torch.manual_seed(recipe.seed + run.step + (fabric.global_rank << 32))
        loss = task.loss(run.network, batch)
        fabric.backward(loss)
        fabric.clip_gradients(run.network, run.optimizer, max_norm=schedule.clip, error_if_nonfinite=finite)
        run.optimizer.step()
        run.optimizer.zero_grad()
        run.rate.step()
        run.average.update_parameters(run.network)
        run.step += 1
        yield loss.item()


def _log(fabric: Fabric, run: Run, pace: _Pace, recipe: Recipe | ClassifierRecipe) -> None:
    """Into the logs; as a line of text too where no bar can be drawn."""
    figures = pace.figures(run.step)
    fabric.log_dict(figures | {"rate": max(run.rate.get_last_lr())}, step=run.step)
    if not Console().is_terminal:
        fabric.print(
            f"step {run.step} of {recipe.schedule.steps}: loss {figures['loss']:.4g}, "
            f"{figures['photographs_per_second']:.3g} photographs/s",
            flush=True,
        )


def _save_is_due(fabric: Fabric, pace: _Pace, recipe: Recipe | ClassifierRecipe) -> bool:
    """The first process's clock says so for all, which save together."""
    due: bool = fabric.broadcast(time.monotonic() - pace.saved >= recipe.checkpoint_minutes * 60)
    return due


def _evaluate(fabric: Fabric, run: Run, task: Task, folder: Path) -> bool:
    """Measure the averaged network; returns whether it is the best so far."""
    network = run.average.module.eval()
    found = task.evaluate(network)
    improved, run.best = found.error < run.best, min(run.best, found.error)
    fabric.log_dict(found.figures, step=run.step)
    listed = ", ".join(f"{name} {figure:.5g}" for name, figure in found.figures.items())
    fabric.print(f"step {run.step}: {listed}", flush=True)
    if fabric.is_global_zero and found.pictures is not None:
        (folder / "pictures").mkdir(exist_ok=True)
        to_pil_image(found.pictures).save(folder / "pictures" / f"{run.step:07}.jpg", quality=90)
        cast("TensorBoardLogger", fabric.loggers[1]).experiment.add_image("pictures", found.pictures, run.step)
    # One answer for all processes, which save together.
    return fabric.broadcast(improved)


def _save(fabric: Fabric, run: Run, checkpoint: Path) -> None:
    """A checkpoint, and the logs up to it: what is gone on from has its lines."""
    for logger in fabric.loggers:
        logger.save()
    save_checkpoint(fabric, checkpoint, run.state() | {"scaler": fabric.strategy.precision.state_dict()})


def _resume(fabric: Fabric, run: Run, checkpoint: Path, recipe: Recipe | ClassifierRecipe) -> None:
    state = run.state() | {"scaler": {}}
    fabric.load(checkpoint, state)
    run.step, run.best = state["step"], state["best"]
    fabric.strategy.precision.load_state_dict(state["scaler"])
    done = run.step >= recipe.schedule.steps
    fabric.print(
        f"finished already, at step {run.step}; raise `schedule.steps`, or change `name` for a new run"
        if done
        else f"going on from step {run.step}"
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
