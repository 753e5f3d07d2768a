"""Throughput of the network at 256 x 256, by batch size and precision."""

from __future__ import annotations

import time

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure
from colorizer.model.device import bfloat16_is_faster, choose_device
from colorizer.model.network import Network, fold_normalisation
from colorizer.model.weights import load_weights
from colorizer.weights_path import DEFAULT_WEIGHTS

_ROUNDS = 5
_GPU_BAR = 1000 / 8000
"""Most ms for a picture on a GPU: 8,000 pictures/s."""


def main() -> list[Figure]:
    """Print a table of pictures per second."""
    device = choose_device("auto")
    network, _ = load_weights(DEFAULT_WEIGHTS)
    fold_normalisation(network)
    network = network.to(device).to(memory_format=torch.channels_last)
    faster = "faster" if bfloat16_is_faster(device) else "not faster"
    table = Table("batch", "float32, pictures/s", "bfloat16, pictures/s", "bfloat16 / float32")
    table.title = f"Network at 256 x 256 on {device} ({torch.get_num_threads()} threads; {faster} in bfloat16)"
    fastest = 0.0
    for batch in (1, 2, 4, 8, 16) if device.type == "cpu" else (1, 8, 64, 256):
        plain = _speed(network, device, batch, torch.float32)
        half = _speed(network, device, batch, torch.bfloat16)
        table.add_row(str(batch), f"{plain:.1f}", f"{half:.1f}", f"{half / plain:.2f}")
        fastest = max(fastest, plain, half)
    Console().print(table)
    return [
        Figure("network at 256 x 256, one picture", 1000 / fastest, "ms", _GPU_BAR if device.type == "cuda" else None)
    ]


@torch.inference_mode()
def _speed(network: Network, device: torch.device, batch: int, precision: torch.dtype) -> float:
    """Pictures per second, the best of a few rounds."""
    lightness = torch.rand(batch, 1, 256, 256, device=device).mul_(100)
    seconds = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        with torch.autocast(device.type, precision, enabled=precision != torch.float32):
            network(lightness)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds.append(time.perf_counter() - started)
    return batch / min(seconds)


if __name__ == "__main__":
    main()
