"""The settings of a watched folder."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from colorizer.settings import JobSettings
from daemon.config.ignored_names import IGNORED_NAMES

Method = Literal["auto", "events", "polling"]


class Folder(JobSettings):
    """A watched folder. Its own detection, colour, photo and film settings override those of the whole file."""

    input: Path
    """Folder of the originals."""
    output: Path
    """Folder of the coloured copies, which lie in the same sub-folders."""
    make: bool = False
    """Whether the input folder is made where it is missing; the one that is called `inbox` always is."""
    recursive: bool = True
    """Whether sub-folders are watched too."""
    include: tuple[str, ...] = ("*",)
    """Names of the files to colour (shell patterns)."""
    exclude: tuple[str, ...] = IGNORED_NAMES
    """Names of files and folders to ignore (shell patterns)."""
    links: Literal["ignore", "follow"] = "ignore"
    """Whether to follow symbolic links, also to places outside the folder."""
    method: Method | None = None
    """How its files are found; None: as `watching.method` says."""
    priority: int = 0
    """Rank of the folder: a higher number comes first; folders with the same number take turns."""
    original: Literal["keep", "move"] = "keep"
    """What happens to an original after colouring: it stays, or moves to `done/` in its watched folder."""
    duplicates: Literal["again", "link", "skip"] = "again"
    """What happens to a file with the content of a finished one: coloured too, linked to its result, or skipped."""
    existing: Literal["ask", "adopt", "beside"] = "ask"
    """What happens if a foreign file has a result's name: `tintd adopt` is awaited, it counts, or it is left alone."""

    @property
    def job_settings(self) -> JobSettings:
        """The settings that determine a result."""
        return JobSettings(**{name: getattr(self, name) for name in JobSettings.model_fields})
