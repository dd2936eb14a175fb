"""Money on a clearing account: since when it stands there, and the alert when that is too long."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mita.ledger import operations as ledger
from mita.ledger import queries as ledger_queries
from mita.ledger.operations import Order
from mita.notifications import queries as alerts
from tests.integration.world import NOW, World, new_world

if TYPE_CHECKING:
    from datetime import datetime

    from mita.kit.db import Database


async def bank(world: World, amount_micro: int, *, key: str, now: datetime) -> None:
    async with world.unit_of_work() as session:
        await ledger.bank_clearing(
            session,
            estate_id=world.estate_id,
            method="cash",
            order=Order(amount_micro, "slip", key, "staff:test"),
            is_incoming=True,
            now=now,
        )


async def check(world: World, *, now: datetime) -> tuple[datetime | None, int, list[str]]:
    """Look at the one clearing account; return since when it is not empty, how many are due, open alerts."""
    async with world.unit_of_work() as session:
        due = await ledger.check_clearings(session, estate_id=world.estate_id, now=now)
        (cash,) = await ledger_queries.clearings(session, estate_id=world.estate_id)
        raised = await alerts.alerts(session, estate_id=world.estate_id, person_id=None)
    return cash.since, due, [alert.subject for alert in raised if alert.resolved_at is None]


async def test_what_is_banked_counts_against_the_oldest_money(database: Database) -> None:
    world = await new_world(database)
    day = timedelta(days=1)
    await world.top_up("10.00", key="a", now=NOW)
    await world.top_up("20.00", key="b", now=NOW + day)
    await world.top_up("40.00", key="c", now=NOW + 2 * day)
    assert await check(world, now=NOW + 2 * day) == (NOW, 0, [])
    await bank(world, 15_000_000, key="1", now=NOW + 2 * day)
    # 10 and half of 20 are gone: the oldest that is left is of the second day
    assert await check(world, now=NOW + 2 * day) == (NOW + day, 0, [])
    assert await check(world, now=NOW + 4 * day) == (NOW + day, 1, ["clearing:cash"])
    await check(world, now=NOW + 5 * day)
    await bank(world, 15_000_000, key="2", now=NOW + 4 * day)
    assert (await check(world, now=NOW + 4 * day))[0] == NOW + 2 * day
    await bank(world, 40_000_000, key="3", now=NOW + 6 * day)
    assert await check(world, now=NOW + 6 * day) == (None, 0, [])
    # banked twice: now the bank is owed
    await bank(world, 40_000_000, key="4", now=NOW + 6 * day)
    assert await check(world, now=NOW + 9 * day) == (NOW + 6 * day, 1, ["clearing:cash"])
