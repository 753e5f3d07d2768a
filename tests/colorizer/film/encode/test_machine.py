"""Tests of colorizer/film/encode/machine.py."""

import av
import torch

from colorizer.film.encode.machine import describe_machines, machine_of


def test_processor_and_encoder_are_named() -> None:
    """With all that may make other bits: instructions, precision, and the encoder's version."""
    name = machine_of(torch.device("cpu"), "libx264")
    assert torch.backends.cpu.get_cpu_capability() in name
    assert "bfloat16" in name or "float32" in name
    assert name.endswith(f"H.264 of libavcodec {'.'.join(map(str, av.library_versions['libavcodec']))}")


def test_one_machine_needs_no_note() -> None:
    """However many segments it has made."""
    assert describe_machines([]) == describe_machines(["a", "a"]) == ()


def test_different_machines_are_named_once_each() -> None:
    """In an order that does not depend on which worker was faster."""
    [note] = describe_machines(["b", "a", "b"])
    assert note.endswith(": a; b")
    assert describe_machines(["a", "b"]) == (note,)
