"""A month that closes while meters talk: the story of a close at one in the morning."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from mita.charging import operations as charging
from mita.entrypoints.lane import Lane
from mita.ledger import operations as ledger
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import CheckpointKind
from mita.ledger.jobs import seal_month
from tests.integration.ledger.notary import TestNotary
from tests.integration.world import World, batch, new_world

if TYPE_CHECKING:
    from pathlib import Path

    from mita.kit.db import Database

METERS = 20
MARCH = date(2026, 3, 1)
# Johannesburg is two hours ahead of UTC: its March ends at 22:00 UTC
BEFORE = datetime(2026, 3, 31, 21, 59, 50, tzinfo=UTC)
AFTER = datetime(2026, 3, 31, 23, 0, tzinfo=UTC)


async def count(world: World, where: str) -> tuple[int, int]:
    """Return entries and the sum of those above zero."""
    async with world.unit_of_work() as session:
        row = (
            await session.execute(
                text(
                    "SELECT count(*), coalesce(sum(amount_micro) FILTER (WHERE amount_micro > 0), 0)"
                    f" FROM entry WHERE estate_id = :estate_id AND {where}"
                ),
                {"estate_id": world.estate_id},
            )
        ).one()
        return row[0], int(row[1])


def round_of(hour: int, *, now: datetime) -> object:
    """Return a reading of every meter, some before midnight and some after it."""
    taken = datetime(2026, 3, 31, 12, tzinfo=UTC) + timedelta(minutes=15 * hour)
    rows = [(f"M{meter}", taken, str(hour + meter)) for meter in range(1, METERS + 1)]
    return batch(rows, now=now)


async def test_a_month_closes_while_meters_talk(database: Database, tmp_path: Path) -> None:
    # given an estate whose meters have talked through March, and go on
    world = await new_world(database, meters=METERS)
    notary = TestNotary(tmp_path)
    for hour in range(5):
        await world.lane.charge(round_of(hour, now=BEFORE), now=BEFORE)
    await world.top_up("50.00", key="march", now=BEFORE)

    # when the month is asked to close before it is over, nothing happens
    async with world.unit_of_work() as session:
        with pytest.raises(ledger.MonthNotOver):
            await ledger.close_month(
                session, estate_id=world.estate_id, period=MARCH, actor="staff:book-keeper", now=BEFORE
            )

    # and when it is closed after midnight, two lanes and a cashier still hold the time of before midnight
    async def talk(lane: Lane, hours: range) -> None:
        for hour in hours:
            await lane.charge(round_of(hour, now=BEFORE), now=BEFORE)

    async def pay() -> None:
        for number in range(15):
            await world.top_up("10.00", key=f"night-{number}", now=BEFORE)

    async def close() -> None:
        await asyncio.sleep(0.05)
        async with world.unit_of_work() as session:
            await ledger.close_month(
                session, estate_id=world.estate_id, period=MARCH, actor="staff:book-keeper", now=AFTER
            )

    other = Lane(database, estate_id=world.estate_id)
    await asyncio.gather(talk(world.lane, range(5, 25)), talk(other, range(25, 35)), pay(), close())
    at_close = await count(world, "period <= '2026-03-01'")
    await seal_month(database, estate_id=world.estate_id, period=MARCH, notary=notary, now=AFTER)

    # then what was written down at the close is what is there, now and later
    await talk(world.lane, range(35, 40))
    async with world.unit_of_work() as session:
        march = await ledger_queries.period(session, estate_id=world.estate_id, period=MARCH)
    assert (march.entries, march.turnover_micro) == at_close
    assert await count(world, "period <= '2026-03-01'") == at_close
    in_march, in_april = at_close[0], (await count(world, "period = '2026-04-01'"))[0]
    assert in_march > 0
    assert in_april > 0
    assert (await count(world, "true"))[0] == in_march + in_april

    # and every reading was charged once, whichever month took it
    async with world.unit_of_work() as session:
        quantity = await session.scalar(text("SELECT sum(quantity_micro) FROM entry WHERE kind = 1"))
    assert quantity == METERS * 39 * 1_000_000

    # and a reading of March that comes in April is booked in April, with March's time on it
    late = datetime(2026, 3, 31, 12, 10, tzinfo=UTC)
    await world.charge([("M1", late, "1.5")], now=AFTER + timedelta(days=3))
    assert (await count(world, "period <= '2026-03-01'")) == at_close

    # and a charge of March that is waived in April goes back in April, with March's time on it
    async with world.unit_of_work() as session:
        account_id, seq, event_at = (
            await session.execute(
                text(
                    "SELECT account_id, seq, event_at FROM entry WHERE kind = 1 AND period = '2026-03-01'"
                    " ORDER BY account_id DESC, seq LIMIT 1"
                )
            )
        ).one()
        done = await charging.reverse(
            session,
            estate_id=world.estate_id,
            account_id=account_id,
            seq=seq,
            reason="The meter was swapped that day",
            actor="staff:book-keeper",
            now=AFTER + timedelta(days=3),
        )
        mirrored = await ledger_queries.entry(
            session, estate_id=world.estate_id, account_id=account_id, seq=done.seqs[account_id]
        )
    assert (mirrored.period, mirrored.event_at) == (date(2026, 4, 1), event_at)
    assert await count(world, "period <= '2026-03-01'") == at_close

    # and the books are whole, with the signed checkpoint of the close
    await notary.take(database, estate_id=world.estate_id, now=AFTER + timedelta(days=4))
    found = await notary.verify(database, estate_id=world.estate_id, now=AFTER + timedelta(days=4))
    assert (found.breaks, found.checkpoints) == ([], 2)
    (close_note,) = notary.directory.path.rglob(f"*-{CheckpointKind.CLOSE.value}.note")
    assert "2026-03" in close_note.read_text(encoding="utf-8")

    # and the month never opens again, whoever asks
    async with world.unit_of_work() as session:
        with pytest.raises(ledger.MonthClosed):
            await ledger.close_month(
                session, estate_id=world.estate_id, period=MARCH, actor="staff:book-keeper", now=AFTER
            )
