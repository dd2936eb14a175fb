"""Writes of tariffs: tables are added and put in force, never changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.kit.errors import Conflict, Invalid
from mita.kit.events import publish
from mita.tariffs import queries
from mita.tariffs.domain import (
    SUPPLY,
    RateTable,
    RateTableInvalid,
    Scope,
    canonical_json,
    difference,
    holding_on,
    parse_document,
)
from mita.tariffs.domain.imports import open_questions
from mita.tariffs.events import RateTableAssigned
from mita.tariffs.models import BenchmarkTable, RateAssignment, RateRule, RateTableRow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.tariffs.domain import Difference
    from mita.tariffs.domain.imports import Draft, PriceFile


class AlreadyInForce(Conflict):
    """Another table is in force for the utility from the same date."""

    code = "rate_table_already_in_force"
    title = "A rate table is in force from that date"


class DocumentRefused(Invalid):
    """The document is no rate table; ``problems`` says all that has to be mended."""

    code = "rate_table_invalid"
    title = "The rate table is not valid"


def document_refused(error: RateTableInvalid) -> DocumentRefused:
    """Return what is told of a document that is none, with every problem's path and line."""
    problems: list[dict[str, object]] = [
        {"path": each.path, "line": each.line, "code": each.code, "message": each.message}
        for each in error.problems
    ]
    return DocumentRefused(f"{len(problems)} problems: {problems[0]['message']}", problems=problems)


def check_currency(table: RateTable, *, currency: str) -> None:
    """Refuse a table in another currency than the estate's.

    :raises Invalid: if it is
    """
    if table.currency != currency:
        message = f"the estate's currency is {currency}, the table's is {table.currency}"
        raise Invalid(message, problems=[{"path": "currency", "message": message}])


async def add_rate_table(
    session: AsyncSession, *, estate_id: int, currency: str, table: RateTable, now: datetime
) -> RateTableRow:
    """Store a table; the same document again is the same table.

    :raises Invalid: if its currency is not the estate's
    """
    check_currency(table, currency=currency)
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


async def add_rate_tables(
    session: AsyncSession, *, estate_id: int, currency: str, tables: Sequence[RateTable], now: datetime
) -> list[RateTableRow]:
    """Store tables that were made, not read from a document; each must stand up as one.

    :raises mita.tariffs.domain.RateTableInvalid: if one would not be read again
    :raises Invalid: if its currency is not the estate's
    """
    for table in tables:
        parse_document(table.to_document())
    return [
        await add_rate_table(session, estate_id=estate_id, currency=currency, table=table, now=now)
        for table in tables
    ]


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file of prices: its draft, and what the table that is meant would change.

    ``in_force`` is the table that it is compared with, ``rate_table_id`` the stored one; None: there is none.
    """

    draft: Draft
    to_decide: tuple[str, ...]
    difference: Difference | None
    in_force: int | None
    rate_table_id: int | None


class ImportUndecided(Conflict):
    """The table cannot be stored before somebody has decided what ``problems`` says."""

    code = "import_undecided"
    title = "Something has to be decided before the table is stored"


async def import_rate_table(
    session: AsyncSession,
    *,
    estate_id: int,
    currency: str,
    file: PriceFile,
    draft: Draft,
    decided: Decided,
    now: datetime,
) -> Imported:
    """Compare the draft of a file of prices with what is in force, and store its table if it is accepted.

    :raises ImportUndecided: if it is accepted while something is left to decide
    :raises Invalid: if it is accepted and its currency is not the estate's
    """
    table = file.picked(draft)
    questions = open_questions(
        draft, table, is_leaving_out=decided.is_leaving_out, is_confirmed=decided.is_confirmed
    )
    to_decide = tuple(question.sentence for question in questions)
    found = None
    if table is not None:
        found = await queries.table_on(
            session, estate_id=estate_id, utility=table.utility, day=table.effective_from
        )
    rate_table_id = None
    if decided.is_accepted:
        if to_decide or table is None:
            problems: list[dict[str, object]] = [{"path": "query", "message": each} for each in to_decide]
            raise ImportUndecided("; ".join(to_decide), problems=problems)
        row = await add_rate_table(session, estate_id=estate_id, currency=currency, table=table, now=now)
        rate_table_id = row.rate_table_id
    return Imported(
        draft=draft,
        to_decide=to_decide,
        difference=difference(found[1], table) if found and table else None,
        in_force=found[0] if found else None,
        rate_table_id=rate_table_id,
    )


@dataclass(frozen=True, slots=True)
class Decided:
    """What somebody has decided about a file of prices."""

    is_accepted: bool = False
    is_leaving_out: bool = False
    is_confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """What to charge by a rate table: the estate, or one unit, meter or register; by whom and why.

    Without ``effective_from`` from the table's own first date. ``is_correction``: in the place of another
    table that was assigned from the same date.
    """

    rate_table_id: int
    actor: str
    role: str = SUPPLY
    scope: Scope = Scope.ESTATE
    target_id: int = 0
    effective_from: date | None = None
    effective_until: date | None = None
    reason: str = ""
    is_correction: bool = False


async def checked_order(
    session: AsyncSession, *, estate_id: int, order: Order
) -> tuple[RateTableRow, date, RateAssignment | None]:
    """Return the table of an order, its first local date, and the assignment that says the same already.

    :raises mita.kit.errors.NotFound: if there is no such table
    :raises Invalid: if the dates do not fit the table or each other
    :raises AlreadyInForce: if another table holds that date, and this is no correction
    """
    table = await queries.rate_table(session, estate_id=estate_id, rate_table_id=order.rate_table_id)
    since = order.effective_from or table.effective_from
    _check_dates(table, since=since, until=order.effective_until)
    earlier = [
        row
        for row in await queries.assignment_rows(session, estate_id=estate_id, utility=table.utility)
        if (row.role, row.scope, row.target_id, row.effective_from)
        == (order.role, order.scope, order.target_id, since)
    ]
    if not earlier:
        return table, since, None
    current = earlier[-1]
    if (current.rate_table_id, current.effective_until) == (order.rate_table_id, order.effective_until):
        return table, since, current
    if not order.is_correction:
        raise AlreadyInForce(
            f"rate table {current.rate_table_id} is in force for {table.utility} from {since}:"
            " give the new one another date, or correct it with a reason"
        )
    return table, since, None


async def assign_rate_table(
    session: AsyncSession, *, estate_id: int, order: Order, now: datetime
) -> tuple[RateAssignment, bool]:
    """Put a table in force; return the assignment, and whether it is new.

    :raises mita.kit.errors.NotFound: if there is no such table
    :raises Invalid: if the dates do not fit the table or each other
    :raises AlreadyInForce: if another table holds that date, and this is no correction
    """
    table, since, current = await checked_order(session, estate_id=estate_id, order=order)
    if current is not None:
        return current, False
    row = RateAssignment(
        estate_id=estate_id,
        utility=table.utility,
        effective_from=since,
        rate_table_id=order.rate_table_id,
        created_at=now,
        role=order.role,
        scope=int(order.scope),
        target_id=order.target_id,
        effective_until=order.effective_until,
        actor=order.actor,
        reason=order.reason,
    )
    session.add(row)
    await session.flush()
    event = RateTableAssigned(
        estate_id=estate_id, utility=table.utility, assignment=queries.assignment_of(row)
    )
    await publish(session, event, now=now)
    return row, True


async def add_version(
    session: AsyncSession,
    *,
    estate_id: int,
    rate_table_id: int,
    currency: str,
    table: RateTable,
    actor: str,
    now: datetime,
) -> tuple[RateTableRow, list[RateAssignment]]:
    """Store a table that follows another one, and put it in force wherever that one holds on its first date.

    Return the new one and its assignments; a repeat finds both. Where the old one begins to hold later, it
    stays.

    :raises mita.kit.errors.NotFound: if there is no such table
    :raises Invalid: if the new one is for another utility, or does not begin after the old one
    :raises AlreadyInForce: if the old one was assigned from just that date
    """
    old = await queries.rate_table(session, estate_id=estate_id, rate_table_id=rate_table_id)
    if table.utility != old.utility:
        raise _bad_version("utility", f"must be {old.utility}, as in the version before")
    if table.effective_from <= old.effective_from:
        raise _bad_version("effective_from", f"must be after {old.effective_from.isoformat()}")
    row = await add_rate_table(session, estate_id=estate_id, currency=currency, table=table, now=now)
    assigned = await queries.assignments(session, estate_id=estate_id, utility=old.utility)
    for each in holding_on(assigned, rate_table_id=rate_table_id, day=table.effective_from):
        order = Order(
            row.rate_table_id,
            actor,
            role=each.role,
            scope=each.scope,
            target_id=each.target_id,
            effective_from=table.effective_from,
            effective_until=each.effective_until,
            reason=f"follows rate table {rate_table_id}",
        )
        await assign_rate_table(session, estate_id=estate_id, order=order, now=now)
    rows = await queries.assignment_rows(session, estate_id=estate_id, utility=old.utility)
    return row, [each for each in rows if each.rate_table_id == row.rate_table_id]


def _bad_version(path: str, message: str) -> Invalid:
    return Invalid(f"{path} {message}", problems=[{"path": path, "message": message}])


def _check_dates(table: RateTableRow, *, since: date, until: date | None) -> None:
    if since < table.effective_from:
        message = f"the table holds from {table.effective_from.isoformat()} on, not before"
        raise Invalid(message, problems=[{"path": "effective_from", "message": message}])
    if until is not None and until <= since:
        message = f"the last date must be after {since.isoformat()}"
        raise Invalid(message, problems=[{"path": "effective_until", "message": message}])


async def set_rate_rule(
    session: AsyncSession,
    *,
    estate_id: int,
    notice_days: int | None,
    benchmarks: Mapping[str, Sequence[int]],
    now: datetime,
) -> None:
    """Set when residents hear of changed prices, and which tables are shown beside those charged.

    ``notice_days`` of None: nobody is told. ``benchmarks`` names rate tables by utility, each in force from
    its own first date.

    :raises mita.kit.errors.NotFound: if there is no such table
    :raises Invalid: if a table is another utility's, or two of a utility begin on the same date
    """
    rows = []
    for utility, rate_table_ids in benchmarks.items():
        begins = set()
        for rate_table_id in dict.fromkeys(rate_table_ids):
            table = await queries.rate_table(session, estate_id=estate_id, rate_table_id=rate_table_id)
            if table.utility != utility:
                raise _bad_benchmark(utility, f"rate table {rate_table_id} is for {table.utility}")
            if table.effective_from in begins:
                raise _bad_benchmark(utility, f"two tables begin on {table.effective_from}")
            begins.add(table.effective_from)
            rows.append(
                {
                    "estate_id": estate_id,
                    "utility": utility,
                    "rate_table_id": rate_table_id,
                    "created_at": now,
                }
            )
    rule = pg_insert(RateRule).values(estate_id=estate_id, notice_days=notice_days, updated_at=now)
    newer = {"notice_days": rule.excluded.notice_days, "updated_at": rule.excluded.updated_at}
    await session.execute(rule.on_conflict_do_update(index_elements=["estate_id"], set_=newer))
    await session.execute(delete(BenchmarkTable).where(BenchmarkTable.estate_id == estate_id))
    if rows:
        await session.execute(insert(BenchmarkTable), rows)


def _bad_benchmark(utility: str, message: str) -> Invalid:
    return Invalid(message, problems=[{"path": f"body.benchmarks.{utility}", "message": message}])
