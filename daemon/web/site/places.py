"""Paths of the page as links: all are relative, so that they hold under any path of a reverse proxy."""

from __future__ import annotations

import re

_OWN = re.compile(r"(?!/)[\w./-]*(\?[\w.&=%+*~-]*)?", re.ASCII)


def to_root(path: str) -> str:
    """What leads from a page to the page's root: `../` for each folder that its path has, else `./`."""
    return "../" * (path.count("/") - 1) or "./"


def own_place(target: str) -> str:
    """A place inside the page to go to after a login; the root where the target is elsewhere."""
    return target if _OWN.fullmatch(target) and ".." not in target and "//" not in target else ""
