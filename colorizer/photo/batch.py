"""Several photographs sit for one call of the network: each is coloured by itself up to its question, and after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import torch
from greenlet import getcurrent, greenlet
from torch import Tensor

from colorizer.model.chroma import ChromaFit
from colorizer.model.colorist import Colorist
from colorizer.model.lab import Matrix
from colorizer.report import Report


@dataclass(frozen=True, slots=True)
class _Question:
    """What one picture asks the network."""

    colorist: SharedColorist
    luma: Tensor
    matrix: Matrix
    mirrored: bool

    @property
    def kind(self) -> tuple[object, ...]:
        """Questions of one kind can be asked together."""
        return id(self.colorist), self.matrix.name, self.mirrored, *self.luma.shape[1:]


class SharedColorist(Colorist):
    """A colorist for `sit_together`: whoever asks it waits until the others have asked too."""

    def fit(self, luma: Tensor, matrix: Matrix, *, mirrored: bool = False) -> ChromaFit:
        """See `Colorist.fit`; the answer is the same, to the last bit on a CPU."""
        asked = _Question(self, luma, matrix, mirrored)
        sitters = getcurrent().parent
        answer: ChromaFit = sitters.switch(asked) if sitters else super().fit(luma, matrix, mirrored=mirrored)
        return answer

    def answer(self, questions: Sequence[_Question]) -> list[ChromaFit]:
        """Answer questions of one kind with one call of the network."""
        first = questions[0]
        together = torch.cat([asked.luma for asked in questions])
        fits = super().fit(together, first.matrix, mirrored=first.mirrored)
        sizes = [len(asked.luma) for asked in questions]
        parts = zip(fits.slope.split(sizes), fits.offset.split(sizes), strict=True)
        return [ChromaFit(slope, offset) for slope, offset in parts]


def sit_together(
    sitters: Sequence[Callable[[], Report]], turned_to: Callable[[int], None]
) -> Iterator[tuple[int, Report | Exception]]:
    """Do tasks that ask a `SharedColorist`, in turns; none changes another's result, nor does one that fails.

    Args:
        sitters: the tasks.
        turned_to: told whenever one goes on, by its number.

    Yields:
        The number of a task that has ended, and its report or what went wrong.

    """
    waiting: dict[int, tuple[greenlet, _Question]] = {}

    def go_on(number: int, sitter: greenlet, answer: ChromaFit | Exception | None = None) -> Report | Exception | None:
        turned_to(number)
        try:
            said = _resume(sitter, answer)
        except Exception as error:  # noqa: BLE001 (a bad file hurts only itself)
            return error
        if isinstance(said, _Question):
            waiting[number] = sitter, said
            return None
        report: Report = said
        return report

    for number, sit in enumerate(sitters):
        outcome = go_on(number, greenlet(sit))
        if outcome is not None:
            yield number, outcome
    while waiting:
        answers = _answers({number: asked for number, (_, asked) in waiting.items()})
        for number, answer in answers.items():
            sitter, _ = waiting.pop(number)
            outcome = go_on(number, sitter, answer)
            if outcome is not None:
                yield number, outcome


def _answers(questions: dict[int, _Question]) -> dict[int, ChromaFit | Exception]:
    """The answer to each question, or the error that there was instead; those of one kind are asked together."""

    def kind(number: int) -> tuple[object, ...]:
        return questions[number].kind

    answers: dict[int, ChromaFit | Exception] = {}
    for _, alike in groupby(sorted(questions, key=kind), key=kind):
        numbers = list(alike)
        try:
            fits = questions[numbers[0]].colorist.answer([questions[number] for number in numbers])
        except Exception as error:  # noqa: BLE001 (the device cannot do it: each of them says so)
            answers |= dict.fromkeys(numbers, error)
        else:
            answers |= dict(zip(numbers, fits, strict=True))
    return answers


def _resume(sitter: greenlet, answer: ChromaFit | Exception | None = None) -> Any:  # noqa: ANN401 (as greenlet has it)
    if isinstance(answer, Exception):
        return sitter.throw(answer)
    return sitter.switch() if answer is None else sitter.switch(answer)
