"""The training loop: from a recipe to checkpoints, resumable at any step, on one device or several."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from lightning.fabric import Fabric
from lightning.fabric.loggers import CSVLogger, TensorBoardLogger
from rich.console import Console
from torch import Tensor, nn, optim
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel
from torchvision.transforms.functional import to_pil_image

from colorizer.errors import MediaError, SettingsError, one_line
from training.data.samples import check_shares, load_samples, order_of, workers_of
from training.loop.checkpoint import WholeCheckpoints, check_classes, check_recipe, claim_run, read_last
from training.loop.checks import learn_by_heart, rehearse, within_memory
from training.loop.classifier_task import Classification
from training.loop.colour_task import Colorization
from training.loop.normalisation import share_normalisation
from training.loop.optimization import make_optimizer, moving_average, precision_of, rate_at
from training.loop.task import Batch, Task
from training.loop.throughput import Pace, progress_bar
from training.recipe import ClassifierRecipe, Recipe


@dataclass
class Run:
    """One run of a recipe: what a checkpoint holds."""

    network: nn.Module
    average: AveragedModel
    optimizer: optim.Optimizer
    rate: LambdaLR
    recipe: str
    """As JSON."""
    classes: list[str]
    """By their numbers, of a classifier."""
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
            "classes": self.classes,
            "step": self.step,
            "best": self.best,
        }


def train(recipe: Recipe | ClassifierRecipe) -> Path:
    """Make or continue the run of a recipe.

    Returns:
        The run's folder: `last.ckpt`, `best.ckpt`, CSV and TensorBoard logs, a grid of pictures for each evaluation.

    Raises:
        SettingsError: the network does not learn even a few samples, or learns no more; a step does not fit into the
            memory; the run was begun with other settings, another process makes it, its checkpoint is damaged, or none
            can be written; the processes cannot share a batch or the shards.
        MediaError: there are no photographs, or one cannot be read any more.

    """
    folder = recipe.runs / recipe.name
    last = folder / "last.ckpt"
    fabric = Fabric(
        precision=precision_of(recipe),
        devices=os.environ.get("LOCAL_WORLD_SIZE", "auto"),
        num_nodes=int(os.environ.get("GROUP_WORLD_SIZE", "1")),
        loggers=[CSVLogger(folder, name="csv"), TensorBoardLogger(folder, name="board")],
        plugins=[WholeCheckpoints()],
    )
    fabric.launch()
    check_shares(recipe, fabric.world_size)
    with claim_run(folder) if fabric.is_global_zero else nullcontext():
        run, task = _begin(fabric, recipe, last)
        _go_on(fabric, run, recipe, task)
    return folder


def _begin(fabric: Fabric, recipe: Recipe | ClassifierRecipe, last: Path) -> tuple[Run, Task]:
    """A new run, or one that goes on from its last checkpoint."""
    seen = cast("Tensor", fabric.all_gather(torch.tensor(last.exists())))
    resumes = bool(seen.any())
    if resumes:
        if not seen.all():
            raise SettingsError(f"{last}: not seen by all processes; `runs` must be on a disk that all machines share")
        state = read_last(last)
        check_recipe(last, state, recipe)
    with fabric.rank_zero_first():
        task = (
            Classification(recipe, resumes=resumes)
            if isinstance(recipe, ClassifierRecipe)
            else Colorization(recipe, resumes=resumes)
        )
    run = _set_up(fabric, recipe, task, resumes=resumes)
    if resumes:
        check_classes(last, state, task.classes)
        _resume(fabric, run, last, recipe)
    return run, task


def _go_on(fabric: Fabric, run: Run, recipe: Recipe | ClassifierRecipe, task: Task) -> None:
    """Make the remaining steps of a run, with its logs, evaluations and checkpoints."""
    folder = recipe.runs / recipe.name
    pace = Pace(run.step, recipe.schedule.batch)
    with progress_bar(disable=not fabric.is_global_zero) as progress:
        bar = progress.add_task(recipe.name, total=recipe.schedule.steps, completed=run.step, loss=math.nan)
        for loss in _steps(fabric, run, recipe, task):
            pace.losses.append(loss)
            progress.update(bar, completed=run.step, loss=loss)
            if run.step % recipe.log_every == 0:
                _log(fabric, run, pace, recipe)
            if run.step == recipe.schedule.falls_at:
                _save(fabric, run, folder / "plateau.ckpt")
            if run.step % recipe.evaluate_every == 0 or run.step == recipe.schedule.steps:
                if _evaluate(fabric, run, recipe, task):
                    _save(fabric, run, folder / "best.ckpt")
                _save(fabric, run, folder / "last.ckpt")
                pace = Pace(run.step, recipe.schedule.batch)
            elif run.step % recipe.log_every == 0 and _save_is_due(fabric, pace, recipe):
                _save(fabric, run, folder / "last.ckpt")
                pace.saved = time.monotonic()


def _set_up(fabric: Fabric, recipe: Recipe | ClassifierRecipe, task: Task, *, resumes: bool) -> Run:
    fabric.print(f"{len(task.corpus)} photographs to learn from, {task.corpus.rejected} left out")
    for note in task.notes:
        fabric.print(note)
    first = next(iter(order_of(task.corpus, recipe, range(1))))
    batch = _load(task, first)
    task.prepare(batch)
    if recipe.sanity_steps and not resumes:
        fabric.print(learn_by_heart(task, recipe, batch))
    network = task.network.to(memory_format=torch.channels_last)
    average = AveragedModel(network, multi_avg_fn=moving_average(recipe.schedule.average), use_buffers=True)
    if fabric.world_size > 1:
        network = share_normalisation(network, fabric.device)
    optimizer = make_optimizer(network, recipe)
    rate = LambdaLR(optimizer, lambda step: rate_at(step, recipe.schedule))
    with within_memory(recipe, fabric.device):
        wrapped, wrapped_optimizer = fabric.setup(network, optimizer)
        averaged = cast("AveragedModel", fabric.to_device(average))
        if recipe.data.early_crop and not resumes:  # the last steps want more memory than the first
            last = recipe.schedule.steps * recipe.schedule.batch - 1
            share = [(photograph, last) for photograph, _ in first[:: fabric.world_size]]
            rehearse(fabric, task, _load(task, share))
    return Run(wrapped, averaged, wrapped_optimizer, rate, recipe.model_dump_json(), task.classes)


def _load(task: Task, chosen: list[tuple[int, int]]) -> Batch:
    """Photographs as a batch, each as the sample of its number."""
    return next(iter(load_samples(task.samples(), [chosen], workers=0)))


def _steps(fabric: Fabric, run: Run, recipe: Recipe | ClassifierRecipe, task: Task) -> Iterator[float]:
    """Make the run's remaining steps, yielding the loss after each."""
    schedule = recipe.schedule
    remaining = range(run.step, schedule.steps)
    order = order_of(task.corpus, recipe, remaining, fabric.global_rank, fabric.world_size)
    batches = fabric.setup_dataloaders(
        load_samples(task.samples(), order, workers_of(recipe.data)), use_distributed_sampler=False
    )
    task.train_mode(run.network)
    for batch in _told(batches):
        # Chance in the network, too, is a function of the step, and another one in each process.
        torch.manual_seed(recipe.seed + run.step + (fabric.global_rank << 32))
        with within_memory(recipe, fabric.device):
            loss = task.loss(run.network, batch)
            fabric.backward(loss)
            norm = fabric.clip_gradients(run.network, run.optimizer, max_norm=schedule.clip, error_if_nonfinite=False)
            run.optimizer.step()
        run.optimizer.zero_grad()
        run.rate.step()
        run.average.update_parameters(run.network)
        run.step += 1
        # A step whose gradients overflowed in float16 is left out by the scaler.
        if not _scaler_of(fabric) and not (loss.isfinite() and cast("Tensor", norm).isfinite()):
            raise _lost(recipe, run.step, "loss or gradients")
        yield loss.item()


def _told(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Batches, and what is wrong with a photograph in its own words: loading processes hand on tracebacks as text."""
    try:
        yield from batches
    except MediaError as error:
        raise MediaError(str(error).rstrip().rpartition("MediaError: ")[2]) from error


def _scaler_of(fabric: Fabric) -> dict[str, Any]:
    """The state of float16's gradient scaling; nothing in other precisions."""
    return fabric.strategy.precision.state_dict()


def _lost(recipe: Recipe | ClassifierRecipe, step: int, what: str) -> SettingsError:
    return SettingsError(
        f"{recipe.name}: at step {step} {what} are no longer finite numbers, so nothing more is learnt; the "
        "checkpoints are of before. Begin anew under another `name`, with a lower `schedule.rate`; `tintd export` and "
        "the setting `weights` take over what was learnt"
    )


def _log(fabric: Fabric, run: Run, pace: Pace, recipe: Recipe | ClassifierRecipe) -> None:
    """Into the logs; as a line of text too where no bar can be drawn."""
    figures = pace.figures(run.step)
    fabric.log_dict(figures | {"rate": max(run.rate.get_last_lr())}, step=run.step)
    if not Console().is_terminal:
        fabric.print(
            f"step {run.step} of {recipe.schedule.steps}: loss {figures['loss']:.4g}, "
            f"{figures['photographs_per_second']:.3g} photographs/s",
            flush=True,
        )


def _save_is_due(fabric: Fabric, pace: Pace, recipe: Recipe | ClassifierRecipe) -> bool:
    """The first process's clock says so for all, which save together."""
    due: bool = fabric.broadcast(time.monotonic() - pace.saved >= recipe.checkpoint_minutes * 60)
    return due


def _evaluate(fabric: Fabric, run: Run, recipe: Recipe | ClassifierRecipe, task: Task) -> bool:
    """Measure the averaged network; returns whether it is the best so far."""
    network = run.average.module.eval()
    found = task.evaluate(network)
    if not math.isfinite(found.error):
        raise _lost(recipe, run.step, "the network's answers")
    improved, run.best = found.error < run.best, min(run.best, found.error)
    fabric.log_dict(found.figures, step=run.step)
    listed = ", ".join(f"{name} {figure:.5g}" for name, figure in found.figures.items())
    fabric.print(f"step {run.step}: {listed}", flush=True)
    if fabric.is_global_zero and found.pictures is not None:
        with _written(recipe.runs / recipe.name / "pictures") as pictures:
            pictures.mkdir(exist_ok=True)
            to_pil_image(found.pictures).save(pictures / f"{run.step:07}.jpg", quality=90)
            cast("TensorBoardLogger", fabric.loggers[1]).experiment.add_image("pictures", found.pictures, run.step)
    # One answer for all processes, which save together.
    return fabric.broadcast(improved)


def _save(fabric: Fabric, run: Run, checkpoint: Path) -> None:
    """A checkpoint, and the logs up to it: what is gone on from has its lines."""
    with _written(checkpoint.parent):
        for logger in fabric.loggers:
            logger.save()
    fabric.save(checkpoint, run.state() | {"scaler": _scaler_of(fabric)})


@contextmanager
def _written(folder: Path) -> Iterator[Path]:
    """Say for people that a folder's disk is full, or gone."""
    try:
        yield folder
    except OSError as error:
        raise SettingsError(f"{folder}: cannot be written to: {one_line(str(error))}") from error


def _resume(fabric: Fabric, run: Run, checkpoint: Path, recipe: Recipe | ClassifierRecipe) -> None:
    state = run.state() | {"scaler": {}}
    fabric.load(checkpoint, state)
    run.step, run.best = state["step"], state["best"]
    if state["scaler"]:  # else it was made in another precision
        fabric.strategy.precision.load_state_dict(state["scaler"])
    done = run.step >= recipe.schedule.steps
    fabric.print(
        f"finished already, at step {run.step}; raise `schedule.steps`, or change `name` for a new run"
        if done
        else f"going on from step {run.step}"
    )
