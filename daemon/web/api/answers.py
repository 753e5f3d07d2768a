"""Answers of the programming interface."""

from __future__ import annotations

from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from daemon.web.site.forms import read_number


def answer(model: BaseModel, status: int = 200) -> Response:
    """A model as JSON."""
    return Response(model.model_dump_json(), status, media_type="application/json")


def number_in(request: Request, name: str, default: int, most: int) -> int:
    """A number of the query, between 1 and `most`.

    Raises:
        HTTPException: it is none.

    """
    number = read_number(request.query_params.get(name, str(default)))
    if number is None or not 1 <= number <= most:
        raise HTTPException(422, f"{name} must be a number from 1 to {most}")
    return number
