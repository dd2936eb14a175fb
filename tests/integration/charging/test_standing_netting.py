"""Net metering: booked when its month ends, with what was exported, and again when more of it is known."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from mita.charging.domain.explain_text import explanation_text
from mita.charging.operations import Comparison, compare, explain_entry, preview_unit
from mita.ledger.domain import EntryKind
from tests.integration.charging.timed import DAY, assign, booked, entries, rates, run, sast
from tests.integration.world import new_world

if TYPE_CHECKING:
    from mita.kit.db import Database

RAND = 1_150_000  # 1.00 and 15 %
BLOCKS = 'name: Energy, kind: usage, blocks: [{up_to: "100", price: "1.00"}, {price: "2.00"}]'
NETTING = 'name: Solar, kind: netting, surplus_price: "0.10"'
CARRIED = 'name: Solar, kind: netting, surplus: carried, carried_until: 05-31, surplus_price: "0.10"'
MINIMUM = 'name: Least, kind: minimum, per: month, price: "100.00"'
REGISTERS = ("import", "export")
APRIL, MAY, JUNE = (sast(1, month=month) for month in (4, 5, 6))


def read(at: datetime, drawn: str, fed_in: str) -> list[tuple[str, datetime, str]]:
    return [("M1", at, drawn), ("M1/export", at, fed_in)]


async def test_what_is_fed_in_is_taken_off_when_the_month_ends(database: Database):
    world = await new_world(database, rates=rates(BLOCKS, NETTING), registers=REGISTERS)
    await world.charge([*read(sast(1), "0", "0"), *read(APRIL, "150", "60")], now=APRIL)
    await run(world, APRIL - timedelta(seconds=1))
    # 100 at 1.00 and 50 at 2.00, whatever was fed in
    assert await world.balances() == [-200 * RAND]
    await run(world, APRIL)
    # 90 of 150 are left, all in the first block
    assert await world.balances() == [-90 * RAND]
    assert [(kind, amount, at) for kind, amount, at in (await entries(world))[-1:]] == [
        (EntryKind.NETTING, 110 * RAND, APRIL)
    ]
    assert await run(world, APRIL) == 0
    # a month of sun, seen days late: nothing is drawn from the grid, 30 are surplus
    await world.charge(read(MAY, "200", "140"), now=MAY + 3 * DAY)
    await run(world, MAY + 3 * DAY)
    assert await world.balances() == [-87 * RAND]
    assert await booked(world) == [
        ("Solar", date(2026, 3, 1), 0, -110 * RAND),
        ("Solar", date(2026, 4, 1), 0, -50 * RAND),
        ("Solar", date(2026, 4, 1), 0, -3 * RAND),
    ]
    assert await world.verified()


async def test_a_late_reading_of_what_was_fed_in_is_booked_as_the_difference(database: Database):
    world = await new_world(database, rates=rates(BLOCKS, NETTING, MINIMUM), registers=REGISTERS)
    await world.charge([*read(sast(1), "0", "0"), *read(sast(6, month=4), "180", "36")], now=sast(6, month=4))
    await run(world, sast(6, month=4))
    # of 36 days 31 are March's: 155 drawn, 31 fed in: 124 are left, 24 of them at 2.00
    march = [row for row in await booked(world) if row[1] == date(2026, 3, 1)]
    assert march == [("Solar", date(2026, 3, 1), 0, -62 * RAND)]
    # all of it was fed in after March: nothing is taken off, and 210 are above the minimum
    await world.charge([("M1/export", APRIL, "0")], now=sast(7, month=4))
    await run(world, sast(7, month=4))
    assert (await booked(world))[-1] == ("Solar", date(2026, 3, 1), -62 * RAND, 0)
    assert await world.verified()


async def test_the_minimum_counts_what_netting_gives_back(database: Database):
    world = await new_world(database, rates=rates(BLOCKS, NETTING, MINIMUM), registers=REGISTERS)
    await world.charge([*read(sast(1), "0", "0"), *read(APRIL, "150", "60")], now=APRIL)
    await run(world, APRIL)
    # 90 are left: 10 are missing
    assert sorted(await booked(world)) == [
        ("Least", date(2026, 3, 1), 0, 10 * RAND),
        ("Solar", date(2026, 3, 1), 0, -110 * RAND),
    ]
    assert await world.balances() == [-100 * RAND]


async def test_surplus_is_carried_to_the_last_period_and_paid_there(database: Database):
    world = await new_world(database, rates=rates(BLOCKS, CARRIED), registers=REGISTERS)
    await world.charge([*read(sast(1), "0", "0"), ("M1", APRIL, "40")], now=APRIL)
    await run(world, APRIL)
    await world.charge(read(MAY, "290", "122"), now=MAY)
    await run(world, MAY)
    # 2 fed in a day: 62 in March, 22 too many; 250 - 60 - 22 = 168 in April, 68 of them at 2.00
    assert await world.balances() == [-236 * RAND]
    await world.charge(read(JUNE, "300", "192"), now=JUNE)
    await run(world, JUNE)
    # 70 - 10 too many in May, the last period: paid
    assert await world.balances() == [-236 * RAND + 6 * RAND]
    # only 10 in March: 30 drawn there, 250 - 112 = 138 in April
    await world.charge([("M1/export", APRIL, "10")], now=JUNE + DAY)
    await run(world, JUNE + DAY)
    assert await world.balances() == [-206 * RAND + 6 * RAND]
    assert await run(world, JUNE + DAY) == 0
    assert await world.verified()


async def test_another_table_ends_the_carrying_and_pays(database: Database):
    world = await new_world(database, rates=rates(BLOCKS, CARRIED), registers=REGISTERS)
    await world.charge([*read(sast(1), "0", "0"), *read(APRIL, "40", "100")], now=APRIL)
    await run(world, APRIL)
    assert await world.balances() == [0]
    await assign(world, rates(BLOCKS, name="Plain", first="2026-04-01"), now=APRIL + DAY)
    await run(world, APRIL + DAY)
    assert await world.balances() == [6 * RAND]
    assert await world.verified()


async def test_it_is_explained_block_by_block(database: Database):
    world = await new_world(database, rates=rates(BLOCKS, NETTING), registers=REGISTERS)
    await world.charge([*read(sast(1), "0", "0"), *read(APRIL, "150", "60")], now=APRIL)
    await run(world, APRIL)
    async with world.unit_of_work() as session:
        wallet_id = await session.scalar(text("SELECT wallet_id FROM wallet"))
        told = await explain_entry(
            session,
            estate_id=world.estate_id,
            wallet_id=wallet_id or 0,
            utility="electricity",
            seq=len(await entries(world)),
        )
    told_lines = [
        (line.of_charge, line.block, line.quantity_micro, line.net_micro, line.tax_micro)
        for line in (each.line for each in told.lines)
    ]
    assert told_lines == [
        ("Energy", 1, -10_000_000, -10_000_000, -1_500_000),
        ("Energy", 2, -50_000_000, -100_000_000, -15_000_000),
    ]
    assert told.total is not None
    assert -told.total.gross_micro == told.amount_micro == 110 * RAND
    assert explanation_text(told).splitlines() == [
        (
            "What you fed in was taken off what you used in the month, at each time of use its own. What was"
            " charged for it is given back:"
        ),
        "- Solar, Energy, block 1: \N{MINUS SIGN}10.000 kWh at R1.00 = \N{MINUS SIGN}R10.00.",
        "- Solar, Energy, block 2: \N{MINUS SIGN}50.000 kWh at R2.00 = \N{MINUS SIGN}R100.00.",
        "VAT 15 %: \N{MINUS SIGN}R16.50. A credit to the wallet of R126.50.",
        "The prices are those of Timed, in force since 1 January 2026.",
    ]


async def test_a_preview_and_a_comparison_net_as_the_lane_does(database: Database):
    world = await new_world(database, rates=rates(BLOCKS, NETTING), registers=REGISTERS)
    await world.charge([*read(sast(1), "0", "0"), *read(APRIL, "150", "60")], now=APRIL)
    days = (date(2026, 3, 1), date(2026, 4, 1))
    plain = await assign(world, rates(BLOCKS, name="Plain", first="2027-01-01"))
    async with world.unit_of_work() as session:
        key = {"estate_id": world.estate_id}
        netted = await session.scalar(text("SELECT min(rate_table_id) FROM rate_table"))
        seen = await preview_unit(session, **key, table=netted or 0, unit_id=world.unit_ids[0], days=days)
        asked = Comparison(rate_table_id=plain, other_id=None, first=days[0], until=days[1])
        ((row,),) = [rows async for rows in compare(session, **key, asked=asked)]
    assert seen.bill.gross_micro == 90 * RAND
    # the export of the other table has no price
    assert (row.old_gross_micro, row.new_gross_micro, row.reason) == (90 * RAND, 200 * RAND, "")
