"""The main supply of the demo's first estate: its bulk meter, and what is paid for what it brings."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from mita.estates import operations as estates
from mita.estates import queries as estate_queries
from mita.estates.domain import Days
from mita.estates.operations import NewUnit
from mita.kit.errors import KeyReused
from mita.ledger import operations as ledger
from mita.ledger import queries as ledger_queries
from mita.ledger.operations import Order as BankOrder
from mita.metering import operations as metering
from mita.metering.domain import Limits
from mita.metering.operations import NewBulkMeter, NewMeter
from mita.tariffs import operations as tariffs
from mita.tariffs.domain import Scope, parse_document

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.db import Database

NAME = "Main supply"
SERIAL = "B0100001"
_ACTOR = "system:demo"
_MICRO = 1_000_000
_STEP_MICRO = 1_000
_OPENING_MICRO = 2_400_000 * _MICRO
# of what the units use, in thousandths: a cable under the garden gets worse
_LOSS_FIRST, _LOSS_LAST = 60, 170
# of a hundred: of what is charged, this much goes to the municipality
_COST_PERCENT = 78
_CENT_MICRO = 10_000
# a tap in the garden is read by hand, and not always rightly
TAP_SERIAL = "W0100002"
_TAP_LIMITS = Limits(max_rate_micro=_MICRO, burst_micro=2 * _MICRO)
# it is the estate's own: nobody is charged for what is measured again behind it
_FREE = """
rate_table: 1
name: Main supply, charged behind it
utility: electricity
currency: ZAR
effective_from: 2020-01-01
charges:
  - {name: Energy, kind: usage, price: "0"}
"""


def loss_permille(hour: int, *, hours: int) -> int:
    """Return what is lost in an hour of the past, in thousandths of what the units use."""
    return _LOSS_FIRST + (_LOSS_LAST - _LOSS_FIRST) * hour // hours


def bulk_history(units_micro: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the bulk meter's register at every hour, from those of all units, [hours + 1, units]."""
    total = units_micro.sum(axis=1)
    hours = len(total) - 1
    permille = np.array([loss_permille(hour, hours=hours) for hour in range(hours)], dtype=np.int64)
    steps = np.diff(total)
    grown = np.concatenate([[0], np.cumsum(steps + steps * permille // 1_000)])
    return np.asarray(_OPENING_MICRO + grown // _STEP_MICRO * _STEP_MICRO, dtype=np.int64)


def bulk_after(bulk_micro: int, *, used_micro: int) -> int:
    """Return the bulk meter's register after the units used some more."""
    return bulk_micro + used_micro * (1_000 + _LOSS_LAST) // 1_000 // _STEP_MICRO * _STEP_MICRO


async def connect(
    session: AsyncSession, *, estate_id: int, device: str, since: datetime, now: datetime
) -> None:
    """Install the bulk meter in a unit of its own, before all electricity meters of the estate."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    unit = NewUnit(NAME, kind="common", is_out_of_use=True)
    (unit_id,) = await estates.add_units(session, estate_id=estate_id, units=[unit], now=now)
    # no limits for the bulk meter: the demo's days pass in minutes
    meters = [
        NewMeter(unit_id, SERIAL, "electricity", device=device),
        NewMeter(unit_id, TAP_SERIAL, "water", limits=_TAP_LIMITS, is_read_by_hand=True),
    ]
    meter_id, _ = await metering.install_meters(session, estate_id=estate_id, meters=meters, now=now)
    free = await tariffs.add_rate_table(
        session, estate_id=estate_id, currency=estate.currency, table=parse_document(_FREE), now=now
    )
    order = tariffs.Order(free.rate_table_id, _ACTOR, scope=Scope.METER, target_id=meter_id)
    await tariffs.assign_rate_table(session, estate_id=estate_id, order=order, now=now)
    first = since.astimezone(ZoneInfo(estate.time_zone)).date()
    await metering.set_bulk_meter(
        session, estate_id=estate_id, new=NewBulkMeter(meter_id, Days(first)), actor=_ACTOR, now=now
    )


async def pay_for_it(database: Database, *, estate_id: int, key: str, now: datetime) -> None:
    """Bank what was received, and book the municipality's bill for what was charged since the last one."""
    # a start that was cut off has paid what it had charged by then, all in one transaction
    with suppress(KeyReused):
        await _pay(database, estate_id=estate_id, key=key, now=now)


async def _pay(database: Database, *, estate_id: int, key: str, now: datetime) -> None:
    async with database.unit_of_work(estates=[estate_id]) as session:
        sums = {
            each.first_word: each.balance_micro
            for each in await ledger_queries.balance_sums(
                session, estate_id=estate_id, first_words=["clearing", "income", "adjustments"]
            )
        }
        received = -sums.get("clearing", 0)
        bill = sums.get("income", 0) * _COST_PERCENT // 100 + sums.get("adjustments", 0)
        bill = bill // _CENT_MICRO * _CENT_MICRO
        if received <= 0 or bill <= 0:
            return
        order = BankOrder(received, "Bank statement", f"demo-bank-{key}", _ACTOR)
        await ledger.bank_clearing(
            session, estate_id=estate_id, method="eft", order=order, is_incoming=True, now=now
        )
        (bank,) = (await ledger_queries.account_codes(session, estate_id=estate_id, codes=["bank"])).values()
        await ledger.ask_adjustment(
            session,
            estate_id=estate_id,
            account_id=bank.account_id,
            amount_micro=bill,
            reason="Municipality: electricity and water supplied in bulk",
            key=f"demo-bill-{key}",
            actor=_ACTOR,
            now=now,
        )


async def allow(session: AsyncSession, *, estate_id: int, now: datetime) -> None:
    """Let one person book bills alone, as in a small estate."""
    await ledger.set_ledger_rule(
        session,
        estate_id=estate_id,
        adjustment_limit_micro=1_000_000 * _MICRO,
        clearing_due_hours=72,
        now=now,
    )
