"""`tintd web`: serve the web page alone, or print a link that logs in."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from daemon.commands.options import ConfigOption
from daemon.config.settings import DEFAULT_CONFIG, load_config
from daemon.runtime.log import configure_log


def web(
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    link: Annotated[bool, typer.Option("--link", help="Print a link that logs in once, and exit.")] = False,
) -> None:
    """Serve the web page without the service, or print a link to it."""
    from daemon.web.site.credentials import open_credentials  # noqa: PLC0415 (other commands do not need it)

    settings = load_config(config)
    if settings.web.is_off:
        typer.echo("tintd: the web page is off (`web.address` in the configuration)", err=True)
        raise typer.Exit(1)
    if link:
        from daemon.web.site.addresses import address_of, is_served, link_of  # noqa: PLC0415

        if not is_served(settings.web):
            address = "a port that is not configured" if settings.web.port == 0 else address_of(settings.web)
            typer.echo(f"tintd: no page is served at {address}: start the service, or `tintd web`", err=True)
            raise typer.Exit(1)
        typer.echo(link_of(settings.web, open_credentials(settings), time.time()))
        return
    configure_log(settings.log)
    from daemon.web.server import serve  # noqa: PLC0415 (it loads Starlette)

    serve(settings, config, is_child=False)
