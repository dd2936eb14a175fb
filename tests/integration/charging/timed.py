"""Timed charges in tests: a worker's runs, and what they booked."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from mita.charging import operations as charging
from mita.tariffs import operations as tariffs
from mita.tariffs.domain import parse_document
from mita.tariffs.operations import Order
from tests.integration.world import NOW, World

if TYPE_CHECKING:
    from collections.abc import Sequence

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
HEAD = """
rate_table: 1
name: {name}
utility: electricity
currency: ZAR
effective_from: {first}
tax: {{name: VAT, percent: "15", prices: {prices}}}
charges:
"""


def rates(
    *charges: str, first: str = "2026-01-01", name: str = "Timed", prices: str = "exclusive", more: str = ""
) -> str:
    """Return a table with these charges, each in one line of YAML."""
    lines = "".join(f"  - {{{charge}}}\n" for charge in charges)
    return HEAD.format(name=name, first=first, prices=prices).replace("charges:", f"{more}charges:") + lines


ENERGY = 'name: Energy, kind: usage, price: "2.00"'


def daily(price: str, *, name: str = "Service", more: str = "") -> str:
    """Return a standing charge by day."""
    return f'name: {name}, kind: fixed, per: day, price: "{price}"{more}'


def monthly(price: str, *, name: str = "Line", more: str = "") -> str:
    """Return a standing charge by month."""
    return f'name: {name}, kind: fixed, per: month, price: "{price}"{more}'


def sast(day: int, hour: int = 0, *, month: int = 3, year: int = 2026) -> datetime:
    """Return a local time in Johannesburg."""
    return datetime(year, month, day, hour, tzinfo=UTC) - 2 * HOUR


async def run(world: World, now: datetime, *, limit: int = 100, **more: object) -> int:
    """Let a worker book what is due; return how many accounts it looked at."""
    looked, seen = 0, 1
    while seen:
        async with world.unit_of_work() as session:
            seen = await charging.post_timed_charges(
                session,
                estate_id=world.estate_id,
                limit=limit,
                now=now,
                **more,
            )
        looked += seen
    return looked


async def assign(world: World, document: str, *, now: datetime = NOW, **order: object) -> int:
    """Put a table in force; return its id."""
    table = parse_document(document)
    async with world.unit_of_work() as session:
        row = await tariffs.add_rate_table(
            session, estate_id=world.estate_id, currency=table.currency, table=table, now=now
        )
        await tariffs.assign_rate_table(
            session,
            estate_id=world.estate_id,
            order=Order(row.rate_table_id, "staff:ann", **order),
            now=now,
        )
        return row.rate_table_id


async def booked(world: World) -> list[tuple[str, date, int, int]]:
    """Return name, first day, gross before and gross now of each row, the oldest first."""
    async with world.unit_of_work() as session:
        rows = await session.execute(
            text(
                "SELECT charge, first_day, old_net_micro + old_tax_micro, new_net_micro + new_tax_micro"
                " FROM timed_charge ORDER BY timed_charge_id"
            )
        )
        return [(row[0], row[1], row[2], row[3]) for row in rows]


async def entries(world: World, *, account: int = 0) -> Sequence[tuple[int, int, datetime]]:
    """Return (kind, amount, event_at) of the entries of a wallet's account, in their order."""
    async with world.unit_of_work() as session:
        rows = await session.execute(
            text(
                "SELECT e.kind, e.amount_micro, e.event_at FROM entry AS e WHERE e.account_id = ("
                " SELECT account_id FROM wallet_account WHERE utility <> 'general'"
                " ORDER BY account_id OFFSET :place LIMIT 1) ORDER BY e.seq"
            ),
            {"place": account},
        )
        return [(row[0], row[1], row[2]) for row in rows]


async def on_account(world: World, code: str) -> int:
    """Return the balance of a system account in micro."""
    async with world.unit_of_work() as session:
        found = await session.scalar(
            text("SELECT posted_micro FROM account WHERE code = :code"), {"code": code}
        )
        return int(found or 0)
