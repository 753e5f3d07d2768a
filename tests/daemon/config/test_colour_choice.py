"""Tests of daemon/config/colour_choice.py: what a person chooses for one file changes its colours alone."""

from pathlib import Path

import pytest

from colorizer.errors import SettingsError
from daemon.config.colour_choice import choice_of, read_choice, with_choice
from daemon.config.settings import Folder


def test_a_choice_replaces_what_is_configured() -> None:
    """It and nothing else; texts from a form are numbers where they can be."""
    folder = Folder(input=Path("/in"), output=Path("/out"))
    choice = read_choice({"vividness": "0.25", "steadiness": "auto", "working_size": "native"})
    assert choice.vividness == 0.25
    chosen = with_choice(folder, choice)
    assert choice_of(chosen) == choice
    assert with_choice(chosen, choice_of(folder)) == folder


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"vividness": "2", "steadiness": "auto", "working_size": "auto"}, "vividness: must be 1 or less, or auto"),
        ({"vividness": "0", "steadiness": "a lot", "working_size": "auto"}, "steadiness: must be a number"),
        ({"vividness": "0", "steadiness": "auto", "working_size": "8"}, "working_size: must be 32 or more"),
        ({"vividness": "0"}, "steadiness: is missing"),
        ("much", "must contain settings"),
    ],
)
def test_what_is_not_allowed_is_said(values: object, said: str) -> None:
    """With what is allowed."""
    with pytest.raises(SettingsError, match=said):
        read_choice(values)
