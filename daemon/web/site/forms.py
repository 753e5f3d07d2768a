"""Forms that browsers send: small, and read within a time."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request

_MOST_BYTES = 1 << 16
_SECONDS = 10.0


async def read_form(request: Request) -> dict[str, list[str]]:
    """The values of a form, by their names.

    Raises:
        HTTPException: it is too large, or comes too slowly.

    """
    body = b""
    try:
        async with asyncio.timeout(_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > _MOST_BYTES:
                    raise HTTPException(413, f"A form may have at most {_MOST_BYTES} bytes.")
    except TimeoutError as error:
        raise HTTPException(408, "The form did not come in time.") from error
    return parse_qs(body.decode(errors="replace"))
