"""Mutations of files, and what tintd says of them."""

from __future__ import annotations

import builtins
import random
import re

from colorizer.engine import colorize
from colorizer.job import Job
from colorizer.report import Report
from daemon.workers.events import Failed
from daemon.workers.failures import end_of_error

WORDS = {"Warning", "Exception"}
"""Names of classes that decoders use as words."""
CLASSES = {name for name in dir(builtins) if name.endswith(("Error", "Exception", "Warning", "Exit"))} - WORDS
CLASS = re.compile(rf"\b({'|'.join(sorted(CLASSES))}|[A-Z]\w+(?:Error|Exception))\b")


def mutate(content: bytes, chosen: random.Random) -> bytes:
    """Bytes that are changed (oftener near the beginning), left out, doubled, or cut off."""
    mutated = bytearray(content)
    for _ in range(chosen.randint(1, 12)):
        reach = chosen.choice([64, 512, len(mutated), len(mutated)])
        place = chosen.randrange(max(1, min(reach, len(mutated))))
        match chosen.randrange(6):
            case 0 | 1 | 2:
                mutated[place : place + 1] = bytes([chosen.choice([0, 1, 127, 128, 255, chosen.randrange(256)])])
            case 3:
                mutated[place : place + 4] = chosen.randbytes(4)
            case 4:
                mutated[place:place] = mutated[place : place + chosen.randint(1, 40)]
            case 5:
                del mutated[place : place + chosen.randint(1, 40)]
    if chosen.random() < 0.2:
        del mutated[chosen.randrange(len(mutated)) :]
    return bytes(mutated)


def overwrite(content: bytes, chosen: random.Random) -> bytes:
    """Bytes of the same number, changed oftener near both ends: what is told by places in the file stays readable."""
    mutated = bytearray(content)
    for _ in range(chosen.randint(1, 12)):
        reach = chosen.choice([256, 1024, len(mutated), len(mutated)])
        place = chosen.randrange(min(reach, len(mutated)))
        place = len(mutated) - 1 - place if chosen.random() < 0.3 else place
        size = chosen.choice([1, 1, 4])
        mutated[place : place + size] = chosen.randbytes(size)
    return bytes(mutated[: len(content)])


def colour_mutated(job: Job, number: int) -> Report | str:
    """Colour a file as a worker does: the report, or the reason of its failure and the trace of an unforeseen error."""
    try:
        return colorize(job, lambda _done, _all: None)
    except Exception as error:  # noqa: BLE001 (what a worker does)
        end = end_of_error(number, job, error)
        return f"{number}: {end.reason}\n{end.trace if isinstance(end, Failed) else ''}"


def check(sentence: str) -> None:
    """A sentence is one line for people, about something that was foreseen."""
    reason, _, trace = sentence.partition("\n")
    assert not trace, sentence
    assert not CLASS.search(reason), sentence
