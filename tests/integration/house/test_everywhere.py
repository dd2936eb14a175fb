"""Jobs do what they do in every estate, whatever becomes of it in one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from mita.estates.operations import for_every_estate, in_every_estate
from tests.integration.world import NOW, new_world

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.db import Database


async def test_an_estate_that_fails_keeps_none_waiting_and_nothing_of_what_it_did(
    database: Database, caplog: pytest.LogCaptureFixture
):
    worlds = [await new_world(database, name=f"Estate {number}") for number in range(3)]
    first, *others = [world.estate_id for world in worlds]
    seen: list[tuple[int, datetime]] = []

    async def rename(session: AsyncSession, *, estate_id: int, now: datetime) -> None:
        await session.execute(text("UPDATE unit SET door = 'seen'"))
        seen.append((estate_id, now))
        if estate_id != others[0]:
            raise ArithmeticError(f"absurd in {estate_id}")

    with pytest.raises(ArithmeticError, match=f"^absurd in {first}$"):
        await in_every_estate(database, step=rename, clock=lambda: NOW)

    assert seen == [(estate_id, NOW) for estate_id in (first, *others)]
    assert f"not done estate_id={first}" in caplog.text
    assert f"not done estate_id={others[1]}" in caplog.text
    assert f"not done estate_id={others[0]}" not in caplog.text
    async with database.unit_of_work(estates=[first, *others]) as session:
        rows = await session.execute(text("SELECT estate_id FROM unit WHERE door = 'seen'"))
        assert {row.estate_id for row in rows} == {others[0]}


async def test_what_has_portions_is_repeated_until_one_finds_nothing(database: Database):
    worlds = [await new_world(database, name=f"Estate {number}") for number in range(2)]
    left = {world.estate_id: 2 for world in worlds}
    transactions: list[tuple[int, int]] = []

    async def take(session: AsyncSession, *, estate_id: int, now: datetime) -> int:
        number = int(await session.scalar(text("SELECT txid_current()")) or 0)
        transactions.append((estate_id, number))
        found = left[estate_id]
        left[estate_id] = max(0, found - 1)
        return found

    await in_every_estate(database, step=take, clock=lambda: NOW, is_repeated=True)

    assert [estate_id for estate_id, _ in transactions] == [
        world.estate_id for world in worlds for _ in range(3)
    ]
    assert len({number for _, number in transactions}) == len(transactions)


async def test_work_of_several_transactions_is_isolated_too(database: Database):
    worlds = [await new_world(database, name=f"Estate {number}") for number in range(2)]
    done: list[int] = []

    async def work(estate_id: int) -> None:
        if estate_id == worlds[0].estate_id:
            raise LookupError("nothing there")
        done.append(estate_id)

    with pytest.raises(LookupError):
        await for_every_estate(database, work=work)
    assert done == [worlds[1].estate_id]
