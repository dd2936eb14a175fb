"""What `mita staff-token` does: a second member of staff, with a token of their own."""

from __future__ import annotations

import asyncio
import re

import typer

from mita.entrypoints.cli.plainly import BAD_INPUT, plainly
from mita.entrypoints.opened import database_url
from mita.entrypoints.up import TOKEN_NAME
from mita.identity import operations as identity
from mita.identity.domain import new_token
from mita.kit.clock import now_utc
from mita.kit.db import Database
from mita.kit.settings import Settings

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")


def run(name: str) -> None:
    """Carry out `mita staff-token`."""
    if not _NAME.fullmatch(name):
        _stop("a name is up to 60 small letters, digits, dots, dashes and underscores")
    if name == TOKEN_NAME:
        _stop(f"{TOKEN_NAME} is who holds the token that `mita up` prints; choose another name")
    with plainly(), database_url(Settings()) as url:
        typer.echo(asyncio.run(_replace(url, name)))


def _stop(sentence: str) -> None:
    typer.echo(f"error: {sentence}", err=True)
    raise typer.Exit(BAD_INPUT)


async def _replace(url: str, name: str) -> str:
    token = new_token()
    database = Database(url, pool_size=1)
    try:
        async with database.unit_of_work(estates=[]) as session:
            await identity.replace_token(session, name=name, token=token, now=now_utc())
    finally:
        await database.close()
    return token
