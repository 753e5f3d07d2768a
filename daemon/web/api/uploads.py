"""The tus 1.0 protocol (https://tus.io/protocols/resumable-upload): core, creation, termination."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from daemon.web.site.context import site_of
from daemon.web.site.forms import read_number
from daemon.web.site.upload_paths import UploadError

VERSION = "1.0.0"
_MIB = 1 << 20

Handler = Callable[[Request], Awaitable[Response]]


def _tus(handler: Handler) -> Handler:
    """Check the version that a client speaks, and say ours."""

    @wraps(handler)
    async def answered(request: Request) -> Response:
        if request.method != "OPTIONS" and request.headers.get("tus-resumable", VERSION) != VERSION:
            answer: Response = JSONResponse({"error": f"this server speaks tus {VERSION}"}, 412)
            answer.headers["Tus-Version"] = VERSION
            return answer
        try:
            answer = await handler(request)
        except UploadError as error:
            answer = JSONResponse({"error": str(error)}, error.status)
        except ClientDisconnect:
            answer = Response(status_code=400)  # nobody reads it; what has come is kept
        answer.headers["Tus-Resumable"] = VERSION
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return answered


@_tus
async def create(request: Request) -> Response:
    """POST /uploads: begin an upload; OPTIONS: what this server can do."""
    site = site_of(request)
    if request.method == "OPTIONS":
        return Response(
            status_code=204,
            headers={
                "Tus-Version": VERSION,
                "Tus-Extension": "creation,termination",
                "Tus-Max-Size": str(site.config.web.upload_mib * _MIB),
            },
        )
    metadata = read_metadata(request.headers.get("upload-metadata", ""))
    length = _number(request, "upload-length")
    place = metadata.get("folder")
    folder = site.config.folder_at(Path(place)) if place else site.config.folders[0]
    if folder is None:
        raise UploadError(422, "There is no such watched folder.")
    name = metadata.get("relativePath") or metadata.get("filename") or ""
    upload = await site.uploads.create(folder, name, length)
    return Response(status_code=201, headers={"Location": f"uploads/{upload.id}", "Upload-Offset": "0"})


@_tus
async def continue_(request: Request) -> Response:
    """HEAD, PATCH or DELETE /uploads/{id}: how much has come, more of it, or the end."""
    uploads, number = site_of(request).uploads, request.path_params["id"]
    if request.method == "DELETE":
        await uploads.remove(number)
        return Response(status_code=204)
    if request.method == "PATCH":
        if request.headers.get("content-type") != "application/offset+octet-stream":
            raise UploadError(415, "The type of the body must be application/offset+octet-stream.")
        size = await uploads.append(number, _number(request, "upload-offset"), request.stream())
        return Response(status_code=204, headers={"Upload-Offset": str(size)})
    upload, size = await uploads.find(number)
    return Response(headers={"Upload-Offset": str(size), "Upload-Length": str(upload.length)})


def read_metadata(header: str) -> dict[str, str]:
    """The values of `Upload-Metadata`: names, each with text in base64.

    Raises:
        UploadError: it is something else.

    """
    found = {}
    for pair in filter(None, map(str.strip, header.split(","))):
        name, _, value = pair.partition(" ")
        try:
            found[name] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError) as error:
            raise UploadError(400, f"Upload-Metadata: {name[:50]} is not text in base64.") from error
    return found


def _number(request: Request, header: str) -> int:
    number = read_number(request.headers.get(header, ""))
    if number is None:
        raise UploadError(400, f"The header {header} must be a number.")
    return number
