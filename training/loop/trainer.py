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
from training.data.corpus import describe_rejected
from training.data.samples import batches_of, check_shares, load_samples, workers_of
from training.loop.checkpoint import AtomicCheckpoints, check_classes, check_recipe, claim_run, read_last
from training.loop.checks import check_memory, check_overfit, within_memory
from training.loop.classifier_task import ClassifierTask
from training.loop.colour_task import ColourTask
from training.loop.normalisation import sync_batch_norm
from training.loop.optimization import make_optimizer, moving_average, precision_of, rate_at
from training.loop.task import Batch, Task
from training.loop.throughput import Throughput, progress_bar
from training.recipe import ClassifierRecipe, Recipe


@dataclass
class Run:
    """One run of a recipe: the content of a checkpoint."""

    network: nn.Module
    average: AveragedModel
    optimizer: optim.Optimizer
    rate: LambdaLR
    recipe: str
    """The recipe as JSON."""
    classes: list[str]
    """Names of a classifier's classes, in the order of their numbers."""
    step: int = 0
    """Number of finished steps."""
    best: float = math.inf
    """Least error so far."""

    def state(self) -> dict[str, Any]:
        """Everything that the run needs to resume, for `Fabric.save` and `Fabric.load`."""
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
    """Start or resume the run of a recipe.

    Returns:
        The run's folder: `last.ckpt`, `best.ckpt`, CSV and TensorBoard logs, a grid of pictures for each evaluation.

    Raises:
        SettingsError: the network does not learn a few samples, or its numbers are no longer finite; a step does not
            fit into the memory; the run was started with other settings, another process is working on it, its
            checkpoint is damaged, or none can be written; the processes cannot share a batch or the shards.
        MediaError: there are no photographs, or one can no longer be read.

    """
    folder = recipe.runs / recipe.name
    last = folder / "last.ckpt"
    fabric = Fabric(
        precision=precision_of(recipe),
        devices=os.environ.get("LOCAL_WORLD_SIZE", "auto"),
        num_nodes=int(os.environ.get("GROUP_WORLD_SIZE", "1")),
        loggers=[CSVLogger(folder, name="csv"), TensorBoardLogger(folder, name="board")],
        plugins=[AtomicCheckpoints()],
    )
    fabric.launch()
    check_shares(recipe, fabric.world_size)
    with claim_run(folder) if fabric.is_global_zero else nullcontext():
        run, task = _open_run(fabric, recipe, last)
        _finish_run(fabric, run, recipe, task)
    return folder


def _open_run(fabric: Fabric, recipe: Recipe | ClassifierRecipe, last: Path) -> tuple[Run, Task]:
    """A new run, or one that resumes from its last checkpoint."""
    seen = cast("Tensor", fabric.all_gather(torch.tensor(last.exists())))
    resumes = bool(seen.any())
    if resumes:
        if not seen.all():
            raise SettingsError(
                f"{last}: not all processes see this file; `runs` must be on a disk that all machines share"
            )
        state = read_last(last)
        check_recipe(last, state, recipe)
    with fabric.rank_zero_first():
        task = (
            ClassifierTask(recipe, resumes=resumes)
            if isinstance(recipe, ClassifierRecipe)
            else ColourTask(recipe, resumes=resumes)
        )
    run = _new_run(fabric, recipe, task, resumes=resumes)
    if resumes:
        check_classes(last, state, task.classes)
        _resume(fabric, run, last, recipe)
    return run, task


def _finish_run(fabric: Fabric, run: Run, recipe: Recipe | ClassifierRecipe, task: Task) -> None:
    """Run the remaining steps, with their logs, evaluations and checkpoints."""
    folder = recipe.runs / recipe.name
    throughput = Throughput(run.step, recipe.schedule.batch)
    with progress_bar(disable=not fabric.is_global_zero) as progress:
        bar = progress.add_task(recipe.name, total=recipe.schedule.steps, completed=run.step, loss=math.nan)
        for loss in _steps(fabric, run, recipe, task):
            throughput.losses.append(loss)
            progress.update(bar, completed=run.step, loss=loss)
            if run.step % recipe.log_every == 0:
                _log(fabric, run, throughput, recipe)
            if run.step == recipe.schedule.falls_at:
                _save(fabric, run, folder / "plateau.ckpt")
            if run.step % recipe.evaluate_every == 0 or run.step == recipe.schedule.steps:
                if _evaluate(fabric, run, recipe, task):
                    _save(fabric, run, folder / "best.ckpt")
                _save(fabric, run, folder / "last.ckpt")
                throughput = Throughput(run.step, recipe.schedule.batch)
            elif run.step % recipe.log_every == 0 and _save_is_due(fabric, throughput, recipe):
                _save(fabric, run, folder / "last.ckpt")
                throughput.saved_at = time.monotonic()


def _new_run(fabric: Fabric, recipe: Recipe | ClassifierRecipe, task: Task, *, resumes: bool) -> Run:
    fabric.print(f"{len(task.corpus)} training photographs, {describe_rejected(task.corpus.rejected)} left out")
    for note in task.notes:
        fabric.print(note)
    first = next(iter(batches_of(task.corpus, recipe, range(1))))
    batch = _load(task, first)
    task.prepare(batch)
    if recipe.sanity_steps and not resumes:
        fabric.print(check_overfit(task, recipe, batch))
    network = task.network.to(memory_format=torch.channels_last)
    average = AveragedModel(network, multi_avg_fn=moving_average(recipe.schedule.average), use_buffers=True)
    if fabric.world_size > 1:
        network = sync_batch_norm(network, fabric.device)
    optimizer = make_optimizer(network, recipe)
    rate = LambdaLR(optimizer, lambda step: rate_at(step, recipe.schedule))
    with within_memory(recipe, fabric.device):
        wrapped, wrapped_optimizer = fabric.setup(network, optimizer)
        averaged = cast("AveragedModel", fabric.to_device(average))
        if recipe.data.early_crop and not resumes:  # the last steps need more memory than the first
            last = recipe.schedule.steps * recipe.schedule.batch - 1
            share = [(photograph, last) for photograph, _ in first[:: fabric.world_size]]
            check_memory(fabric, task, _load(task, share))
    return Run(wrapped, averaged, wrapped_optimizer, rate, recipe.model_dump_json(), task.classes)


def _load(task: Task, chosen: list[tuple[int, int]]) -> Batch:
    """Load the samples of (photograph, number) pairs as a batch."""
    return next(iter(load_samples(task.samples(), [chosen], workers=0)))


def _steps(fabric: Fabric, run: Run, recipe: Recipe | ClassifierRecipe, task: Task) -> Iterator[float]:
    """Run the remaining steps, yielding the loss after each."""
    schedule = recipe.schedule
    remaining = range(run.step, schedule.steps)
    order = batches_of(task.corpus, recipe, remaining, fabric.global_rank, fabric.world_size)
    batches = fabric.setup_dataloaders(
        load_samples(task.samples(), order, workers_of(recipe.data)), use_distributed_sampler=False
    )
    task.train_mode(run.network)
    for batch in _unwrapped(batches):
        # Dropout depends only on the step and the process, so a resumed run repeats it.
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
        # The scaler skips a step whose gradients overflowed in float16.
        if not _scaler_of(fabric) and not (loss.isfinite() and cast("Tensor", norm).isfinite()):
            raise _diverged(recipe, run.step, "loss or gradients")
        yield loss.item()


def _unwrapped(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Yield batches; a MediaError of a loading process, whose message is a whole traceback, gets its own message."""
    try:
        yield from batches
    except MediaError as error:
        raise MediaError(str(error).rstrip().rpartition("MediaError: ")[2]) from error


def _scaler_of(fabric: Fabric) -> dict[str, Any]:
    """The state of float16's gradient scaling; empty in other precisions."""
    return fabric.strategy.precision.state_dict()


def _diverged(recipe: Recipe | ClassifierRecipe, step: int, what: str) -> SettingsError:
    return SettingsError(
        f"{recipe.name}: at step {step} {what} are no longer finite numbers, so the network learns nothing more; the "
        "checkpoints are from before. Start again with another `name` and a lower `schedule.rate`; `tintd export` and "
        "the setting `weights` keep what was learnt"
    )


def _log(fabric: Fabric, run: Run, throughput: Throughput, recipe: Recipe | ClassifierRecipe) -> None:
    """Write a log line; without a terminal, which shows a progress bar, print it too."""
    figures = throughput.figures(run.step)
    fabric.log_dict(figures | {"rate": max(run.rate.get_last_lr())}, step=run.step)
    if not Console().is_terminal:
        fabric.print(
            f"step {run.step} of {recipe.schedule.steps}: loss {figures['loss']:.4g}, "
            f"{figures['photographs_per_second']:.3g} photographs/s",
            flush=True,
        )


def _save_is_due(fabric: Fabric, throughput: Throughput, recipe: Recipe | ClassifierRecipe) -> bool:
    """Whether a checkpoint is due, by the clock of the first process: all processes save together."""
    due: bool = fabric.broadcast(time.monotonic() - throughput.saved_at >= recipe.checkpoint_minutes * 60)
    return due


def _evaluate(fabric: Fabric, run: Run, recipe: Recipe | ClassifierRecipe, task: Task) -> bool:
    """Measure the averaged network, and return whether it is the best so far."""
    network = run.average.module.eval()
    found = task.evaluate(network)
    if not math.isfinite(found.error):
        raise _diverged(recipe, run.step, "the network's outputs")
    improved, run.best = found.error < run.best, min(run.best, found.error)
    fabric.log_dict(found.figures, step=run.step)
    listed = ", ".join(f"{name} {figure:.5g}" for name, figure in found.figures.items())
    fabric.print(f"step {run.step}: {listed}", flush=True)
    if fabric.is_global_zero and found.pictures is not None:
        with _writing_to(recipe.runs / recipe.name / "pictures") as pictures:
            pictures.mkdir(exist_ok=True)
            to_pil_image(found.pictures).save(pictures / f"{run.step:07}.jpg", quality=90)
            cast("TensorBoardLogger", fabric.loggers[1]).experiment.add_image("pictures", found.pictures, run.step)
    # All processes save together, so the first decides.
    return fabric.broadcast(improved)


def _save(fabric: Fabric, run: Run, checkpoint: Path) -> None:
    """Write a checkpoint, after the log lines up to it."""
    with _writing_to(checkpoint.parent):
        for logger in fabric.loggers:
            logger.save()
    fabric.save(checkpoint, run.state() | {"scaler": _scaler_of(fabric)})


@contextmanager
def _writing_to(folder: Path) -> Iterator[Path]:
    """Explain to people that a folder cannot be written to."""
    try:
        yield folder
    except OSError as error:
        raise SettingsError(f"{folder}: cannot be written to: {one_line(str(error))}") from error


def _resume(fabric: Fabric, run: Run, checkpoint: Path, recipe: Recipe | ClassifierRecipe) -> None:
    state = run.state() | {"scaler": {}}
    fabric.load(checkpoint, state)
    run.step, run.best = state["step"], state["best"]
    if state["scaler"]:  # absent if it was made in another precision
        fabric.strategy.precision.load_state_dict(state["scaler"])
    done = run.step >= recipe.schedule.steps
    fabric.print(
        f"already finished at step {run.step}; raise `schedule.steps`, or change `name` for a new run"
        if done
        else f"resuming at step {run.step}"
    )
