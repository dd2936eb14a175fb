"""`mita operator`: the first person who runs estates in the app."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from mita.identity import queries
from mita.identity.domain.identifiers import read_identifier
from mita.identity.domain.passwords import is_password, password_fault

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from click.testing import Result

    from mita.kit.db import Database


@pytest.mark.parametrize(("flags", "role"), [([], "operator"), (["--platform"], "platform_admin")])
async def test_who_is_let_in_has_the_role_and_the_printed_password(
    run: Callable[..., Result], database: Database, admin: psycopg.Connection, flags: list[str], role: str
) -> None:
    done = await asyncio.to_thread(run, "operator", "Nomsa@Example.com", "--name", "Nomsa Zulu", *flags)
    assert done.exit_code == 0, done.stderr
    password = done.stdout.strip()
    assert password_fault(password, about=["Nomsa Zulu", "nomsa@example.com"]) is None
    assert password not in done.stderr
    name = read_identifier("nomsa@example.com")
    assert name is not None
    async with database.unit_of_work(estates=[]) as session:
        known = await queries.identifier(session, name=name)
        assert known is not None
        person = await queries.person(session, person_id=known.person_id)
    assert person.name == "Nomsa Zulu"
    (stored,) = admin.execute("SELECT hash FROM password").fetchone() or (None,)
    assert is_password(password, stored=stored)
    granted = admin.execute("SELECT role, estate_id, organisation_id FROM role_grant").fetchall()
    assert granted == [(role, None, None)]

    again = await asyncio.to_thread(run, "operator", "nomsa@example.com", *flags)
    assert (again.exit_code, again.stdout) == (2, "")
    assert "known already" in again.stderr
    (after,) = admin.execute("SELECT hash FROM password").fetchone() or (None,)
    assert after == stored, "a known person keeps the password"


@pytest.mark.parametrize("email", ["", "nobody", "+27825550101", "a@b\x00", "a b@example.com"])
def test_an_address_that_is_none(run: Callable[..., Result], email: str) -> None:
    done = run("operator", "--", email)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")


@pytest.mark.parametrize("name", [" ", "a\nb", "x" * 201])
def test_a_name_that_is_none(run: Callable[..., Result], name: str) -> None:
    done = run("operator", "n@example.com", "--name", name)
    assert (done.exit_code, done.stdout) == (2, "")
