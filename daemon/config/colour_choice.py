"""What a person chooses for one file in place of what is configured: how vivid, how steady, at which working size."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, ValidationError

from colorizer.errors import SettingsError
from colorizer.settings import Section, Steadiness, Vividness, WorkingSize
from daemon.config.errors import explain
from daemon.config.folder_settings import Folder


class ColourChoice(Section):
    """The settings that change nothing but the colours of a result. What is None stays as it is configured."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    vividness: Vividness | None = None
    """In place of `colour.vividness`: 0 to 1, or auto."""
    steadiness: Steadiness | None = None
    """In place of `film.steadiness`: 0 to 1, or auto."""
    working_size: WorkingSize | None = None
    """In place of `colour.working_size`: pixels, auto or native."""


def read_choice(values: Any) -> ColourChoice:  # noqa: ANN401 (what a browser or a program has sent)
    """Read a choice.

    Raises:
        SettingsError: a value is not allowed; the message says what is.

    """
    if not isinstance(values, dict):
        raise SettingsError("choice: must contain settings (`name: value`)")
    try:
        return ColourChoice.model_validate(values)
    except ValidationError as error:
        raise SettingsError("; ".join(map(str, explain(error, ColourChoice)))) from error


def choice_of(folder: Folder) -> ColourChoice:
    """What is configured for a folder."""
    return ColourChoice(
        vividness=folder.colour.vividness,
        steadiness=folder.film.steadiness,
        working_size=folder.colour.working_size,
    )


def with_choice(folder: Folder, choice: ColourChoice) -> Folder:
    """The settings of a folder for a file for which a person has chosen others."""
    colour = choice.model_dump(include={"vividness", "working_size"}, exclude_none=True)
    film = choice.model_dump(include={"steadiness"}, exclude_none=True)
    return folder.model_copy(
        update={"colour": folder.colour.model_copy(update=colour), "film": folder.film.model_copy(update=film)}
    )
