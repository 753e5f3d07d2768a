"""Tests of training on several devices: two processes on the CPU, joined by gloo."""

import subprocess
import sys
from pathlib import Path

import torch
from lightning.fabric import Fabric
from torch import Tensor, nn

from colorizer.model.network import Architecture, Network
from tests.assets.recipes import write_recipe
from training.loop.normalisation import sync_batch_norm
from training.loop.trainer import train
from training.recipe import load_recipe

STEPS = 4


def run(photographs: Path, root: Path, processes: int) -> dict[str, Tensor]:
    """The averaged weights of a short run without dropout, on a number of processes."""
    root.mkdir()
    recipe = write_recipe(
        photographs,
        root,
        precision="32-true",
        architecture={"widths": [16, 16, 16], "dropout": 0.0},
        schedule={"batch": 8, "steps": STEPS, "rate": 0.0003, "average": 0.0},
        evaluate_every=STEPS,
    )
    if processes == 1:
        train(load_recipe(recipe))
    else:
        launcher = ["torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", "-m"]
        subprocess.run([sys.executable, "-m", *launcher, "daemon", "train", recipe], check=True)
    state = torch.load(root / "runs" / "quick" / "last.ckpt", map_location="cpu", weights_only=True)
    assert state["step"] == STEPS
    average: dict[str, Tensor] = state["average"]
    return average


def test_two_processes_learn_what_one_learns_with_the_doubled_batch(photographs: Path, tmp_path: Path) -> None:
    """The same samples, four and four instead of eight, to the same weights and normalisations.

    Adam's first steps have one length whatever the gradient, so a gradient that is rounding alone (of a key's bias) may
    go either way; all weights together must differ by far less than they have moved.

    """
    alone, shared = run(photographs, tmp_path / "one", 1), run(photographs, tmp_path / "two", 2)
    torch.manual_seed(0)
    start = Network(Architecture(widths=(16, 16, 16), dropout=0.0))
    weights = {f"module.{name}": tensor.detach() for name, tensor in start.named_parameters()}
    moved, apart = (
        sum(float((alone[name] - other[name]).square().sum()) for name in weights) for other in (weights, shared)
    )
    assert 0 < apart < 0.01 * moved
    for name in (name for name in alone if name.endswith("running_var")):
        torch.testing.assert_close(shared[name], alone[name], atol=1e-3, rtol=1e-2, msg=name)


def _normalise(fabric: Fabric, batch: Tensor, target: Path) -> None:
    network = sync_batch_norm(nn.Sequential(nn.BatchNorm2d(3)), torch.device("cpu"))
    part = batch[fabric.global_rank :: 2].clone().requires_grad_()
    answer = network(part)
    answer.square().mul(torch.arange(5.0)).sum().backward()
    torch.save((answer.detach(), part.grad, network.state_dict()), target / f"{fabric.global_rank}.pt")
    fabric.barrier()
    torch.distributed.destroy_process_group()  # a process that ends with its threads running may abort


def test_normalisation_is_that_of_the_whole_batch(tmp_path: Path) -> None:
    """Answer, gradient and running statistics of two halves are those of torch's normalisation of the whole."""
    batch = torch.randn(6, 3, 4, 5, generator=torch.Generator().manual_seed(0)) * 3 + 1
    Fabric(accelerator="cpu", strategy="ddp_spawn", devices=2).launch(_normalise, batch, tmp_path)
    halves = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2)]
    norm = nn.BatchNorm2d(3)
    whole = batch.clone().requires_grad_()
    answer = norm(whole)
    answer.square().mul(torch.arange(5.0)).sum().backward()
    assert whole.grad is not None
    for rank, (part, gradient, state) in enumerate(halves):
        torch.testing.assert_close(part, answer[rank::2].detach(), atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(gradient, whole.grad[rank::2], atol=1e-4, rtol=1e-3)
        torch.testing.assert_close(state["0.running_var"], norm.running_var, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(state["0.running_mean"], norm.running_mean, atol=1e-5, rtol=1e-4)


def test_names_of_tensors_stay() -> None:
    """So a run can resume with another number of devices."""
    network = Network(Architecture(widths=(8, 8, 8)))
    before = list(network.state_dict())
    assert list(sync_batch_norm(network, torch.device("cpu")).state_dict()) == before
