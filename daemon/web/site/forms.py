"""What browsers and programs send in small: forms and other bodies, read within a time, and numbers."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request

_MOST_BYTES = 1 << 16
_SECONDS = 10.0
_DIGITS = 18
"""The most digits of a number: SQLite holds all numbers that have no more."""


async def read_form(request: Request) -> dict[str, list[str]]:
    """The values of a form, by their names.

    Raises:
        HTTPException: it is too large, or comes too slowly.

    """
    return parse_qs((await read_body(request)).decode(errors="replace"))


async def read_body(request: Request) -> bytes:
    """The small body of a request.

    Raises:
        HTTPException: it is too large, or comes too slowly.

    """
    body = b""
    try:
        async with asyncio.timeout(_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > _MOST_BYTES:
                    raise HTTPException(413, f"A request of this kind may have at most {_MOST_BYTES} bytes.")
    except TimeoutError as error:
        raise HTTPException(408, "The request did not come in time.") from error
    return body


def read_number(text: str) -> int | None:
    """A number of at most 18 decimal digits, without a sign; None where the text is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None
