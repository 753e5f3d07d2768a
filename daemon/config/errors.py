"""Messages about a wrong configuration, for the person who wrote it."""

from __future__ import annotations

import difflib
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails


def explain(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """One line for each wrong setting. A wrong setting that folders inherit is reported once."""
    details = error.errors()
    common = {detail["loc"] for detail in details}
    own = [detail for detail in details if detail["loc"][:1] != ("folders",) or detail["loc"][2:] not in common]
    return [_line(detail, model) for detail in own if detail["loc"] != ("folders",) or len(details) == 1]


def _line(detail: ErrorDetails, model: type[BaseModel]) -> str:
    """The setting, what is wrong with it, and the most similar name that exists."""
    place = ".".join(str(part) for part in detail["loc"])
    if detail["type"] != "extra_forbidden":
        return f"{place}: {detail['msg']}"
    *parents, name = detail["loc"]
    near = difflib.get_close_matches(str(name), _names_at(model, parents), n=1, cutoff=0)
    return f"{place}: there is no such setting; did you mean `{near[0]}`?"


def _names_at(model: type[BaseModel], place: list[str | int]) -> list[str]:
    """Names of the settings in a section of the configuration."""
    for part in place:
        if isinstance(part, str):
            model = _section_of(model.model_fields[part].annotation)
    return list(model.model_fields)


def _section_of(annotation: Any) -> type[BaseModel]:  # noqa: ANN401 (a type as pydantic gives it)
    """The section itself, or the one that a tuple contains."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return _section_of(get_args(annotation)[0])
