"""Options that several sub-commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_PATTERN = "Path, folder, name or shell pattern of the files; * for all."

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", envvar="TINTD_CONFIG", help="The configuration file.", show_default=True)
]
OptionalPattern = Annotated[str, typer.Argument(help=_PATTERN)]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before all files are changed.")]
RequiredPattern = Annotated[str, typer.Argument(help=_PATTERN, show_default=False)]
