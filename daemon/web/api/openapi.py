"""The description of the programming interface: OpenAPI 3.1, from the models."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from daemon.config.colour_choice import ColourChoice
from daemon.web.api.changes import JOB_ACTIONS
from daemon.web.site.context import site_of
from daemon.web.site.guard import cookie_name
from daemon.web.site.models import AppliedModel, ErrorModel, JobDetailModel, JobListModel, StatusModel

_SCHEMAS = "#/components/schemas/"
_ANSWERS: tuple[type[BaseModel], ...] = (StatusModel, JobListModel, JobDetailModel, AppliedModel, ErrorModel)
_CHANGES = {
    "retry": "Try a failed or skipped file again",
    "recolor": "Colour a file again, with other settings if the body has some",
    "cancel": "Give up a file that waits or runs",
    "forget": "Forget a file that does not run: if it still lies there, it is new",
    "front": "Move a waiting file to the front",
}
"""What each change of a file does."""


async def show(request: Request) -> Response:
    """GET /openapi.json."""
    return JSONResponse(description(cookie_name(site_of(request).config.web)))


@cache
def description(cookie: str) -> dict[str, Any]:
    """The whole description; `cookie` is the name of the cookie of those who have logged in."""
    _, schemas = models_json_schema(
        [(ColourChoice, "validation"), *((model, "serialization") for model in _ANSWERS)],
        ref_template=_SCHEMAS + "{model}",
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "tintd", "version": version("tintd"), "license": {"name": "MIT", "identifier": "MIT"}},
        "servers": [{"url": "."}],
        "security": [{"token": []}, {"cookie": []}],
        "paths": _paths(),
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": cookie},
            },
        },
    }


def _paths() -> dict[str, Any]:
    job = _parameter("job", "path", {"type": "integer", "minimum": 1}, "number of the file")
    which = _parameter("which", "path", {"enum": ["before", "after"]}, "the original or the result")
    text = {"type": "string"}
    listed = [
        _parameter("state", "query", text, "states with commas between them; all without it"),
        _parameter("q", "query", text, "a part of the path"),
        _parameter("folder", "query", text, "the watched folder"),
        _parameter("limit", "query", {"type": "integer", "minimum": 1, "maximum": 500}, "files in the answer"),
        _parameter("cursor", "query", text, "`next` of the page before"),
    ]
    minutes = _parameter("minutes", "query", {"type": "integer", "minimum": 1}, "after which the pause ends")
    paths = {
        "/status": {"get": _operation("What the service does", StatusModel)},
        "/jobs": {"get": _operation("A page of the files, the latest first", JobListModel, *listed)},
        "/jobs/{job}": {"get": _operation("One file with all its attempts", JobDetailModel, job)},
        "/jobs/{job}/preview/{which}.jpg": {"get": _media("A small picture", "image/jpeg", job, which)},
        "/pause": {"post": _operation("Start no more files", AppliedModel, minutes)},
        "/resume": {"post": _operation("Start files again", AppliedModel)},
        "/events": {"get": _media("The state of the service, at each change", "text/event-stream")},
        "/uploads": {"post": _upload("Begin an upload (tus 1.0)", "201")},
        "/uploads/{id}": {
            "parameters": [_parameter("id", "path", text, "the upload, as `Location` names it")],
            "head": _upload("How much has come", "200"),
            "patch": _upload("Continue an upload", "204"),
            "delete": _upload("Give an upload up", "204"),
        },
    }
    changes = {f"/jobs/{{job}}/{name}": {"post": _operation(_CHANGES[name], AppliedModel, job)} for name in JOB_ACTIONS}
    choice = {"application/json": {"schema": {"$ref": _SCHEMAS + ColourChoice.__name__}}}
    changes["/jobs/{job}/recolor"]["post"]["requestBody"] = {"required": False, "content": choice}
    return paths | changes


def _parameter(name: str, place: str, schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": schema, "description": text}


def _operation(summary: str, model: type[BaseModel], *parameters: dict[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": _SCHEMAS + model.__name__}}}
    return _described(summary, {"200": {"description": summary, "content": content}}, parameters)


def _media(summary: str, kind: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    return _described(summary, {"200": {"description": summary, "content": {kind: {}}}}, parameters)


def _upload(summary: str, status: str) -> dict[str, Any]:
    return _described(summary, {status: {"description": summary}}, ())


def _described(summary: str, answers: dict[str, Any], parameters: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    error = {"application/json": {"schema": {"$ref": _SCHEMAS + ErrorModel.__name__}}}
    answers["default"] = {"description": "What is wrong", "content": error}
    return {"summary": summary, "parameters": list(parameters), "responses": answers}
