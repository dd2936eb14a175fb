"""Writes of tariffs: tables are added and put in force, never changed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.kit.errors import Conflict, Invalid
from mita.kit.events import publish
from mita.tariffs import queries
from mita.tariffs.domain import RateTable, canonical_json
from mita.tariffs.events import RateTableAssigned
from mita.tariffs.models import RateAssignment, RateTableRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


class AlreadyInForce(Conflict):
    """Another table is in force for the utility from the same date."""

    code = "rate_table_already_in_force"
    title = "A rate table is in force from that date"


class PastAlreadyCharged(Conflict):
    """Consumption of the table's time was charged by the one before it; charging raises this."""

    code = "rate_table_reaches_charged_past"
    title = "The rate table reaches into a past that is charged"


async def add_rate_table(
    session: AsyncSession, *, estate_id: int, currency: str, table: RateTable, now: datetime
) -> RateTableRow:
    """Store a table; the same document again is the same table.

    :raises Invalid: if its currency is not the estate's
    """
    if table.currency != currency:
        message = f"the estate's currency is {currency}, the table's is {table.currency}"
        raise Invalid(message, problems=[{"path": "currency", "message": message}])
    document_hash = hashlib.sha256(canonical_json(table)).digest()
    found = await queries.rate_table_by_hash(session, estate_id=estate_id, document_hash=document_hash)
    if found is not None:
        return found
    row = RateTableRow(
        estate_id=estate_id,
        name=table.name,
        utility=table.utility,
        currency=table.currency,
        effective_from=table.effective_from,
        document=table.to_document(),
        document_hash=document_hash,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    return row


async def assign_rate_table(
    session: AsyncSession, *, estate_id: int, rate_table_id: int, now: datetime
) -> bool:
    """Charge the estate's utility by a table from its ``effective_from``; return False if it did so already.

    :raises mita.kit.errors.NotFound: if there is no such table
    :raises AlreadyInForce: if another table holds that date
    :raises PastAlreadyCharged: if consumption from that date on was charged by the table before it
    """
    table = await queries.rate_table(session, estate_id=estate_id, rate_table_id=rate_table_id)
    row = {
        "estate_id": estate_id,
        "utility": table.utility,
        "effective_from": table.effective_from,
        "rate_table_id": rate_table_id,
        "created_at": now,
    }
    statement = pg_insert(RateAssignment).values(row).on_conflict_do_nothing()
    made = await session.scalar(statement.returning(RateAssignment.rate_assignment_id))
    if made is None:
        current = await queries.assigned_table_id(
            session, estate_id=estate_id, utility=table.utility, effective_from=table.effective_from
        )
        if current == rate_table_id:
            return False
        raise AlreadyInForce(
            f"rate table {current} is in force for {table.utility} from {table.effective_from.isoformat()}:"
            " give the new one another date"
        )
    event = RateTableAssigned(estate_id=estate_id, utility=table.utility, effective_from=table.effective_from)
    await publish(session, event, now=now)
    return True
