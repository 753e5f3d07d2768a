"""The `tintd` command. Its sub-commands are the entry points of `tintd.commands`; none of them loads torch."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points, version
from typing import Annotated

import typer
from rich.console import Console

from colorizer.errors import TintdError
from daemon.commands.options import UsageError

_GROUP = "tintd.commands"

app = typer.Typer(
    name="tintd",
    help="Add colour to old black-and-white photographs and films.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # boxes cut the names of options off
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 (typer calls it so)
    if wanted:
        typer.echo(f"tintd {version('tintd')}")
        raise typer.Exit


@app.callback()
def options(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Add colour to old black-and-white photographs and films."""


def main() -> None:
    """Run a sub-command. An error that a person can correct is printed as one line, without a traceback."""
    entries = sorted(entry_points(group=_GROUP), key=lambda found: found.name)
    named = [entry for entry in entries if entry.name in sys.argv[1:2]]  # the others need not be loaded
    try:
        for entry in named or entries:
            app.command(entry.name)(entry.load())
        app()
    except KeyboardInterrupt:  # while the command was loaded; later, typer handles it
        sys.exit(130)
    except TintdError as error:
        Console(stderr=True, emoji=False, soft_wrap=True).print(
            f"tintd: {error}", style="red", markup=False, highlight=False
        )
        sys.exit(2 if isinstance(error, UsageError) else 1)
