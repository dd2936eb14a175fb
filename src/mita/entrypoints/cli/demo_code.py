"""What `mita demo-code` does: it is the authenticator app of the demo's staff."""

from __future__ import annotations

import typer

from mita.entrypoints.cli.exit_status import BAD_INPUT
from mita.entrypoints.keys import demo_factor, load_keys
from mita.identity.domain.codes import code_at
from mita.kit.clock import now_utc
from mita.kit.settings import Settings


def run() -> None:
    """Carry out `mita demo-code`: the digits on standard output, what to know about them beside it."""
    data = Settings().data
    if not (data / "secrets.json").exists():
        typer.echo(f"error: nothing runs from {data}: start `mita up --demo`; MITA_DATA names it", err=True)
        raise typer.Exit(BAD_INPUT)
    try:
        secret = load_keys(data).device_secret
    except OSError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from error
    code, seconds = code_at(demo_factor(secret), now=now_utc())
    typer.echo(code)
    typer.echo(f"another one in {seconds} s; each opens once", err=True)
