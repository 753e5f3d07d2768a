"""Options that several sub-commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", envvar="TINTD_CONFIG", help="The configuration file.", show_default=True)
]
PatternArgument = Annotated[str, typer.Argument(help="Path, name or shell pattern of the files; * for all.")]
MeantArgument = Annotated[
    str, typer.Argument(help="Path, name or shell pattern of the files; * for all.", show_default=False)
]
