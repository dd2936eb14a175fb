"""`mita staff-token`: a second member of staff."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mita.identity import queries

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    from mita.kit.db import Database


async def actor(database: Database, token: str) -> str | None:
    async with database.unit_of_work(estates=[]) as session:
        found = await queries.principal_of_token(session, token=token)
        return None if found is None else found.actor


async def test_a_token_is_printed_and_replaced(run: Callable[..., Result], database: Database) -> None:
    import asyncio

    first, other, second = [
        (await asyncio.to_thread(run, "staff-token", name)).stdout.strip()
        for name in ("nomsa", "piet", "nomsa")
    ]
    assert [await actor(database, token) for token in (first, other, second)] == [
        None,
        "staff:piet",
        "staff:nomsa",
    ]


@pytest.mark.parametrize("name", ["console", "", "Nomsa", "a b", "x" * 61, "person:7", "-x"])
def test_a_name_that_is_not_good(run: Callable[..., Result], name: str) -> None:
    done = run("staff-token", "--", name)
    assert done.exit_code == 2
    assert done.stderr.startswith("error: ")
    assert done.stdout == ""
