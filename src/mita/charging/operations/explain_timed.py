"""Why an entry of a charge by time has its amount: a standing charge, a peak, a minimum bill."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import select

from mita.charging.domain.causes import BASIS_CHANGED
from mita.charging.domain.explained import LaterCorrection, Totals
from mita.charging.domain.explanation import CostLine
from mita.charging.models import TimedCharge
from mita.charging.operations.timed_parts import part_lines
from mita.kit.clock import to_us
from mita.tariffs import queries as tariff_queries
from mita.tariffs.domain import BillLine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.charging.domain.explained import Explained
    from mita.tariffs.domain import RateTable


async def explain_timed(session: AsyncSession, *, timed: TimedCharge, plain: Explained) -> Explained:
    """Return what a charge by time is made of; of a correction, what it was before too."""
    rows = await _of_the_same(session, timed=timed)
    tables = await tariff_queries.tables_by_id(
        session, estate_id=timed.estate_id, rate_table_ids={row.rate_table_id for row in rows}
    )
    place = next(at for at, row in enumerate(rows) if row.timed_charge_id == timed.timed_charge_id)
    before = rows[place - 1] if place else None
    old, new = _old(timed), _new(timed)
    is_correction = before is not None
    taken_back = () if before is None or old == _NOTHING else _lines(before, tables, amount=old, sign=-1)
    return replace(
        plain,
        subject="correction" if is_correction else "standing_charge",
        start=None,
        register=timed.register,
        cause=BASIS_CHANGED if is_correction else "",
        total=Totals(0, new.net_micro - old.net_micro, new.tax_micro - old.tax_micro),
        old=old if is_correction else None,
        new=new if is_correction else None,
        taken_back=taken_back,
        lines=() if new == _NOTHING else _lines(timed, tables, amount=new, sign=1),
        later=tuple(
            LaterCorrection(row.seq, BASIS_CHANGED, row.due_at, _old(row), _new(row), row.created_at)
            for row in rows[place + 1 :]
            if _old(row) != _new(row)
        ),
    )


_NOTHING = Totals(0, 0, 0)


async def _of_the_same(session: AsyncSession, *, timed: TimedCharge) -> Sequence[TimedCharge]:
    """Return all that was ever booked of the same charge, the oldest first."""
    names = ("estate_id", "account_id", "payer_scope", "payer_id", "role", "charge", "kind", "first_day")
    statement = select(TimedCharge).where(
        *(getattr(TimedCharge, name) == getattr(timed, name) for name in names)
    )
    return (await session.scalars(statement.order_by(TimedCharge.timed_charge_id))).all()


def _lines(
    row: TimedCharge, tables: dict[int, RateTable], *, amount: Totals, sign: int
) -> tuple[CostLine, ...]:
    whole = BillLine(
        charge=row.charge,
        kind=row.kind,
        unit=row.unit,
        quantity_micro=sign * row.quantity_micro,
        price_micro=row.price_micro,
        net_micro=sign * amount.net_micro,
        tax_micro=sign * amount.tax_micro,
        register=row.register,
        season=row.season,
        letter=row.letter,
        days=row.days,
        whole_days=row.whole_days,
        at_s=None if row.peak_at is None else to_us(row.peak_at) // 1_000_000,
    )
    return tuple(
        CostLine(
            row.role,
            row.rate_table_id,
            tables[row.rate_table_id],
            line,
            first_day=row.first_day,
            until_day=row.until_day,
        )
        for line in part_lines(row, whole=whole, sign=sign)
    )


def _old(row: TimedCharge) -> Totals:
    return Totals(0, row.old_net_micro, row.old_tax_micro)


def _new(row: TimedCharge) -> Totals:
    return Totals(0, row.new_net_micro, row.new_tax_micro)
