"""Receipts from a file are booked, each once by its own reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.estates import queries as estate_queries
from mita.imports.domain import Fault, Outcome, RowState
from mita.imports.operations.cells import attempt, read_cells, unit_of, units_of
from mita.kit.shapes import micro
from mita.wallets import operations as wallets
from mita.wallets import queries as wallet_queries
from mita.wallets.operations import TopUp
from mita.wallets.schemas.accounts import TopUpIn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.imports.domain import Kind, Row

KEY_PREFIX = "import:"
_REFERENCE_CHARS_MAX = 100


async def carry_top_ups(
    session: AsyncSession, *, kind: Kind, estate_id: int, rows: Sequence[Row], actor: str, now: datetime
) -> list[Outcome]:
    """Book receipts; a reference that was booked before moves nothing.

    :raises mita.ledger.operations.StaleHeads: if somebody else was faster (roll back and repeat)
    """
    units = await units_of(session, estate_id=estate_id, rows=rows)
    accounts = await wallet_queries.accounts(session, estate_id=estate_id, unit_ids=sorted(units.values()))
    wallet_of = {account.unit_id: account.wallet_id for account in accounts}
    currency = (await estate_queries.estate(session, estate_id=estate_id)).currency
    outcomes = []
    for row in rows:
        top_up, faults = _top_up(row, kind=kind, units=units, wallet_of=wallet_of, currency=currency)
        if top_up is None:
            outcomes.append(Outcome.of_faults(row, tuple(faults)))
            continue

        async def work(top_up: TopUp = top_up) -> RowState:
            done = await wallets.receive_top_up(
                session,
                estate_id=estate_id,
                top_up=top_up,
                idempotency_key=KEY_PREFIX + top_up.reference,
                actor=actor,
                now=now,
            )
            return RowState.UNCHANGED if done.is_repeat else RowState.CREATED

        outcomes.append(await attempt(session, row=row, kind=kind, work=work))
    return outcomes


def _top_up(
    row: Row, *, kind: Kind, units: Mapping[str, int], wallet_of: Mapping[int, int], currency: str
) -> tuple[TopUp | None, list[Fault]]:
    unit_id, faults = unit_of(row, units=units)
    reference = row.cells.get("reference", "")
    if not reference:
        faults.append(Fault("reference", "missing", "is needed and empty"))
    elif len(reference) > _REFERENCE_CHARS_MAX:
        mend = f"may have at most {_REFERENCE_CHARS_MAX} characters"
        faults.append(Fault("reference", "too_long", mend, reference))
    shape, others = read_cells(TopUpIn, row=row, kind=kind, more={}, without=("unit",))
    faults += others
    named = row.cells.get("currency", currency)
    if named != currency:
        faults.append(Fault("currency", "other_currency", f"the estate's currency is {currency}", named))
    if not faults and unit_id not in wallet_of:
        faults.append(
            Fault(
                "unit", "wallet_missing", "the unit has no wallet: install a meter first", row.cells["unit"]
            )
        )
    if shape is None or faults:
        return None, faults
    wallet_id = wallet_of[unit_id]
    return TopUp(wallet_id, micro(shape.amount), shape.method, reference, shape.utility), []
