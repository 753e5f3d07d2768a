"""Messages about a wrong configuration, for the person who wrote it: no word of pydantic's or Python's is in them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_WRONG = {
    "missing": "is missing",
    "literal_error": "must be {expected}",
    "string_pattern_mismatch": "must be {description}",
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be {le:g} or less",
    "too_short": "must have at least one entry",
    "value_error": "{error}",
    "model_type": "must contain settings (`name: value`)",
    "dict_type": "must contain settings (`name: value`)",
    "tuple_type": "must be a list ([a, b])",
    "path_type": "must be a path",
    "string_type": "must be text",
}
"""What is wrong, by the type of a pydantic error."""
_OF_ANOTHER_KIND = {"tuple_type", "string_type"}
"""Types of errors about which the description of a setting, where it has one, says more."""
_WRONG_KIND = {
    "bool": "must be true or false",
    "int": "must be a whole number",
    "float": "must be a number",
    "url": "must be an address that begins with http:// or https://",
}
"""The same, by the beginning of the type."""


@dataclass(frozen=True, slots=True)
class WrongSetting:
    """What is wrong with one setting."""

    place: tuple[str | int, ...]
    """The names, and the numbers in lists, that lead to it."""
    name: str
    """The place as a person writes it: `folders, entry 1: colour.device`."""
    wrong: str
    """What is wrong with it, and what is allowed."""

    def __str__(self) -> str:
        return f"{self.name}: {self.wrong}"


def explain(error: ValidationError, model: type[BaseModel]) -> list[WrongSetting]:
    """What is wrong with each wrong setting. One that folders inherit is reported once."""
    details = error.errors()
    common = {detail["loc"] for detail in details}
    own = [detail for detail in details if detail["loc"][:1] != ("folders",) or detail["loc"][2:] not in common]
    reported = [detail for detail in own if detail["loc"] != ("folders",) or len(details) == 1]
    found: dict[tuple[str | int, ...], list[str]] = {}
    for detail in reported:
        messages = found.setdefault(tuple(_known(detail, model)), [])
        message = _message(detail, model)
        messages += [message] if message not in messages else []
    return [WrongSetting(place, _name(place), _joined(messages)) for place, messages in found.items()]


def _name(place: tuple[str | int, ...]) -> str:
    parts = (f", entry {part + 1}: " if isinstance(part, int) else f".{part}" for part in place)
    return "".join(parts).lstrip(".").replace(": .", ": ").rstrip(": ")


def _known(detail: ErrorDetails, model: type[BaseModel]) -> list[str | int]:
    """The names and numbers that lead to a setting, without pydantic's names for alternatives."""
    known: list[str | int] = []
    section: type[BaseModel] | None = model
    for part in detail["loc"]:
        if isinstance(part, str) and section is not None:
            known.append(part)
            section = _section_of(section.model_fields[part].annotation) if part in section.model_fields else None
        elif isinstance(part, int):
            known.append(part)
    return [*known[:-1], str(known[-1])] if detail["type"] == "invalid_key" else known


def _message(detail: ErrorDetails, model: type[BaseModel]) -> str:
    """What is wrong with a setting, and the most similar name or value that exists."""
    if detail["type"] in {"extra_forbidden", "invalid_key"}:
        return _unknown(detail, model)
    kind = detail["type"]
    general = next((text for start, text in _WRONG_KIND.items() if kind.startswith(start)), detail["msg"])
    description = _description(detail, model)
    wrong = "must be {description}" if description and kind in _OF_ANOTHER_KIND else _WRONG.get(kind, general)
    facts: dict[str, Any] = {"description": description or "another value", **detail.get("ctx", {})}
    message = wrong.format(**facts).replace("'", "")
    if kind in {"missing", "too_short", "value_error"} or not isinstance(detail["input"], str | float | int):
        return message
    near = difflib.get_close_matches(str(detail["input"]), re.split(r", | or ", str(facts.get("expected", ""))), n=1)
    hint = f"; did you mean {near[0]}?".replace("'", "") if near else ""
    given = str(detail["input"])
    return f"{message}, not `{given.lower() if isinstance(detail['input'], bool) else given}`{hint}"


def _joined(messages: list[str]) -> str:
    """Messages about the alternatives of one setting: any of them may be met."""
    first, *others = [re.sub(r", not `[^`]*`(?=$|;)", "", message) for message in messages[:-1]] + messages[-1:]
    return ", or ".join([first, *(message.removeprefix("must be ") for message in others)])


def _unknown(detail: ErrorDetails, model: type[BaseModel]) -> str:
    """There is no setting of a name: its name elsewhere, or the most similar one here."""
    *parents, name = detail["loc"]
    elsewhere = [f"{section}.{name}" for section, names in _sections(model) if name in names and section != "folders"]
    if elsewhere and not parents:
        return f"there is no such setting; did you mean `{elsewhere[0]}`?"
    near = difflib.get_close_matches(str(name), _names_at(model, parents), n=1, cutoff=0)
    return f"there is no such setting; did you mean `{near[0]}`?"


def _description(detail: ErrorDetails, model: type[BaseModel]) -> str | None:
    """What a setting must be, where its field says so."""
    *parents, name = _known(detail, model)
    section = model
    for part in parents:
        section = (_section_of(section.model_fields[part].annotation) or section) if isinstance(part, str) else section
    return section.model_fields[str(name)].description if name in section.model_fields else None


def _sections(model: type[BaseModel]) -> Iterator[tuple[str, list[str]]]:
    """The sections of a model, and the names in each."""
    for name, field in model.model_fields.items():
        section = _section_of(field.annotation)
        if section is not None:
            yield name, list(section.model_fields)


def _names_at(model: type[BaseModel], place: list[str | int]) -> list[str]:
    """Names of the settings in a section of the configuration."""
    for part in place:
        if isinstance(part, str):
            model = _section_of(model.model_fields[part].annotation) or model
    return list(model.model_fields)


def _section_of(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 (a type as pydantic gives it)
    """The section itself, or the one that a tuple contains; None for a setting."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for found in map(_section_of, get_args(annotation)) if found is not None), None)
