"""What `mita operator` does: the first person who runs estates in the app, whom nobody could invite yet."""

from __future__ import annotations

import asyncio

import typer

from mita.entrypoints.cli.exit_status import BAD_INPUT
from mita.entrypoints.cli.plainly import plainly
from mita.entrypoints.keys import new_password
from mita.entrypoints.letting_in import let_in
from mita.entrypoints.opened import database_url
from mita.entrypoints.up import TOKEN_NAME
from mita.identity.domain.identifiers import IdentifierKind, SignInName, read_identifier
from mita.identity.domain.permissions import Role
from mita.identity.domain.roles import RolePlace
from mita.kit.clock import now_utc
from mita.kit.db import Database
from mita.kit.settings import Settings

_NAME_CHARS_MAX = 200


def run(email: str, *, name: str | None, runs_platform: bool) -> None:
    """Carry out `mita operator`: the password on standard output, what to do with it beside it."""
    known = read_identifier(email)
    if known is None or known.kind is not IdentifierKind.EMAIL:
        _stop(f"{email!r} is no email address")
        return
    shown = (name or known.value.partition("@")[0]).strip()
    if not 0 < len(shown) <= _NAME_CHARS_MAX or not shown.isprintable():
        _stop(f"a name has 1 to {_NAME_CHARS_MAX} characters, on one line")
    password = new_password()
    role = Role.PLATFORM_ADMIN if runs_platform else Role.OPERATOR
    with plainly(), database_url(Settings()) as url:
        is_new = asyncio.run(_let_in(url, email=known, name=shown, role=role, password=password))
    if not is_new:
        _stop(f"{known.value} is known already: the app's sign-in sends who forgot their password a code")
    typer.echo(password)
    typer.echo(
        f"{known.value} signs in with it, and sets up an authenticator app there: until then nothing opens",
        err=True,
    )


def _stop(sentence: str) -> None:
    typer.echo(f"error: {sentence}", err=True)
    raise typer.Exit(BAD_INPUT)


async def _let_in(url: str, *, email: SignInName, name: str, role: Role, password: str) -> bool:
    database = Database(url, pool_size=1)
    try:
        return await let_in(
            database,
            name=name,
            email=email,
            role=role,
            place=RolePlace(),
            password=password,
            actor=f"staff:{TOKEN_NAME}",
            now=now_utc(),
        )
    finally:
        await database.close()
