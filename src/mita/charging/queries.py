"""Reads that charging needs: the lane, and what its memory does not hold yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from mita.charging.domain.cadence import Cadence
from mita.charging.domain.memory import LaneMemory, RateBook
from mita.charging.domain.streams import Stream
from mita.charging.models import (
    Accrual,
    AccrualEntry,
    ChargingRule,
    EntryRole,
    RateNotice,
    Rerating,
    ReratingDue,
    TimedCharge,
    TimedChargeState,
)
from mita.estates import queries as estate_queries
from mita.kit.clock import to_us
from mita.kit.db import driver_connection
from mita.kit.errors import NotFound
from mita.kit.zones import zone
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import Break
from mita.metering import queries as metering_queries
from mita.tariffs import queries as tariff_queries
from mita.tariffs.domain import DAY, ROLES, SUPPLY, Target, in_force, segments
from mita.wallets import queries as wallet_queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.charging.domain.streams import Numbers
    from mita.ledger.queries import StoredEntry
    from mita.metering.queries import RegisterInfo
    from mita.tariffs.domain import Assignment, Segment


async def new_memory(session: AsyncSession, *, estate_id: int) -> LaneMemory:
    """Return an empty memory for an estate.

    :raises mita.kit.errors.NotFound: if this connection may see no such estate
    """
    estate = await estate_queries.estate(session, estate_id=estate_id)
    return LaneMemory(
        estate_id=estate_id,
        currency=estate.currency,
        zone=zone(estate.time_zone),
        is_archived=estate.archived_at is not None,
        cadence=await cadence(session, estate_id=estate_id),
        first_open=await ledger_queries.first_open_period(session, estate_id=estate_id),
    )


async def cadence(session: AsyncSession, *, estate_id: int) -> Cadence:
    """Return how often an estate's charges are posted."""
    found = await charging_rule(session, estate_id=estate_id)
    return Cadence.EACH if found is None else Cadence(found.cadence)


async def charging_rule(session: AsyncSession, *, estate_id: int) -> ChargingRule | None:
    """Return an estate's cadence and when its accruals were last posted, None if it never set one."""
    return await session.get(ChargingRule, estate_id, populate_existing=True)


async def load_registers(
    session: AsyncSession, memory: LaneMemory, *, keys: Iterable[tuple[str, str, str]]
) -> None:
    """Bring the registers of ``keys``, their accounts and prices into memory; unknown keys stay unknown."""
    serials = sorted({meter for meter, _, _ in keys})
    found = await metering_queries.registers_of_meters(session, estate_id=memory.estate_id, serials=serials)
    infos = [info for info in found if info.key not in memory.registers.place]
    if not infos:
        return
    states = await metering_queries.register_states(
        session, estate_id=memory.estate_id, register_ids=[info.register_id for info in infos]
    )
    await _load_accounts(session, memory, unit_ids=sorted({info.unit_id for info in infos}))
    books = await books_of(session, memory, infos=infos)
    caps = {place: memory.books[place].rise_cap_micro() for place in set(books)}
    memory.registers.add(
        infos,
        states=states,
        accounts=[memory.account_of[info.unit_id, info.utility] for info in infos],
        books=books,
        caps=[caps[place] for place in books],
    )
    await _load_derivations(session, memory, infos=infos)
    anchors = {
        info.register_id: states[info.register_id].anchor_s
        for info, place in zip(infos, books, strict=True)
        if memory.books[place].kept_roles
    }
    kept = await kept_runs(session, estate_id=memory.estate_id, anchors=anchors)
    for info in infos:
        if info.register_id in kept:
            numbers = kept[info.register_id]
            memory.registers.keep(memory.registers.place[info.key], numbers, roles=numbers)


async def _load_derivations(
    session: AsyncSession, memory: LaneMemory, *, infos: Sequence[RegisterInfo]
) -> None:
    register_ids = [info.register_id for info in infos]
    found = await metering_queries.derivations(session, estate_id=memory.estate_id, register_ids=register_ids)
    for info in infos:
        if info.register_id in found:
            memory.registers.derive(memory.registers.place[info.key], found[info.register_id])
    goes_in, _ = await metering_queries.virtual_register_ids(
        session, estate_id=memory.estate_id, register_ids=register_ids
    )
    memory.registers.parts |= goes_in


async def kept_runs(
    session: AsyncSession, *, estate_id: int, anchors: Mapping[int, int | None]
) -> dict[int, dict[str, Numbers]]:
    """Return the running states that are kept beside readings, by register and role; zero ones are left out.

    ``anchors`` says at which second each register's timeline reading was taken, None before the first.
    """
    asked = {register_id: at_s for register_id, at_s in anchors.items() if at_s is not None}
    if not asked:
        return {}
    connection = await driver_connection(session)
    cursor = await connection.execute(
        "SELECT r.register_id, r.role, r.numbers"
        " FROM unnest(%s::bigint[], %s::bigint[]) AS k (register_id, at_s)"
        " CROSS JOIN LATERAL (SELECT register_id, role, numbers FROM reading_run WHERE estate_id = %s"
        " AND register_id = k.register_id AND taken_at = to_timestamp(k.at_s)) AS r",
        (list(asked), list(asked.values()), estate_id),
    )
    found: dict[int, dict[str, Numbers]] = {}
    for register_id, role, numbers in await cursor.fetchall():
        found.setdefault(register_id, {})[role] = tuple(numbers)
    return found


async def _load_accounts(session: AsyncSession, memory: LaneMemory, *, unit_ids: Sequence[int]) -> None:
    # nothing is charged to a general account
    wallets = await wallet_queries.accounts(
        session, estate_id=memory.estate_id, unit_ids=unit_ids, with_general=False
    )
    by_id = {wallet.account_id: wallet for wallet in wallets}
    heads = await ledger_queries.heads(session, estate_id=memory.estate_id, account_ids=list(by_id))
    memory.accounts.put(heads, wallets=by_id)
    for wallet in wallets:
        memory.account_of[wallet.unit_id, wallet.utility] = memory.accounts.place[wallet.account_id]


async def refresh_accounts(session: AsyncSession, memory: LaneMemory, *, lock: bool) -> None:
    """Read every remembered account again; ``lock`` holds the rows so that the next attempt must succeed."""
    account_ids = list(memory.accounts.place)
    wallets = await wallet_queries.accounts(session, estate_id=memory.estate_id, with_general=False)
    heads = await ledger_queries.heads(
        session, estate_id=memory.estate_id, account_ids=account_ids, lock=lock
    )
    memory.accounts.put(heads, wallets={wallet.account_id: wallet for wallet in wallets})


async def reload_accounts(session: AsyncSession, memory: LaneMemory, *, account_ids: Iterable[int]) -> None:
    """Read accounts again that moved in this transaction; those that are not remembered stay so."""
    known = sorted(account_id for account_id in set(account_ids) if account_id in memory.accounts.place)
    if not known:
        return
    wallets = await wallet_queries.accounts(session, estate_id=memory.estate_id, account_ids=known)
    heads = await ledger_queries.heads(session, estate_id=memory.estate_id, account_ids=known)
    memory.accounts.put(heads, wallets={wallet.account_id: wallet for wallet in wallets})


async def books_of(
    session: AsyncSession, memory: LaneMemory, *, infos: Sequence[RegisterInfo], is_newest: bool = False
) -> list[int]:
    """Return the place of each register's book, by what it is charged by now; registers may share one.

    A register whose past waits to be charged again is charged by what was in force when that was asked;
    ``is_newest`` asks for what it will be charged by then.
    """
    waiting = {} if is_newest else await reratings_due(session, estate_id=memory.estate_id)
    known = {
        utility: await tariff_queries.assignments(session, estate_id=memory.estate_id, utility=utility)
        for utility in {info.utility for info in infos}
    }
    return [
        await place_of_book(
            session, memory, info=info, assignments=standing(known[info.utility], info=info, waiting=waiting)
        )
        for info in infos
    ]


def standing(
    assignments: Sequence[Assignment], *, info: RegisterInfo, waiting: Mapping[int, ReratingDue]
) -> list[Assignment]:
    """Return the assignments that count for a register: without those it has not been charged by yet."""
    due = waiting.get(info.register_id)
    return [each for each in assignments if due is None or each.assignment_id <= due.through_assignment_id]


def target_of(info: RegisterInfo) -> Target:
    """Return what an assignment may name a register by."""
    return Target(info.unit_id, info.meter_id, info.register_id)


async def place_of_book(
    session: AsyncSession, memory: LaneMemory, *, info: RegisterInfo, assignments: Sequence[Assignment]
) -> int:
    """Return the place of the book that a register is charged by under these assignments of its utility."""
    listed = {SUPPLY: segments(assignments, target=target_of(info), role=SUPPLY)}
    for role in sorted({each.role for each in assignments}, key=ROLES.index):
        found = segments(assignments, target=target_of(info), role=role)
        if found:
            listed[role] = found
    key = (info.utility, info.register, tuple(listed.items()))
    if key in memory.book_of:
        return memory.book_of[key]
    await load_tables(session, memory, listed=[each for found in listed.values() for each in found])
    supply, *others = (
        Stream(role, info.register, found, in_force(found, tables=memory.tables), memory.zone)
        for role, found in listed.items()
    )
    memory.books.append(RateBook(info.utility, info.register, supply, tuple(others)))
    memory.book_of[key] = len(memory.books) - 1
    return memory.book_of[key]


async def load_tables(session: AsyncSession, memory: LaneMemory, *, listed: Sequence[Segment]) -> None:
    """Bring rate tables into memory; they never change."""
    wanted = {each.rate_table_id for each in listed if each.rate_table_id is not None} - memory.tables.keys()
    if wanted:
        memory.tables |= await tariff_queries.tables_by_id(
            session, estate_id=memory.estate_id, rate_table_ids=wanted
        )


async def reratings_due(session: AsyncSession, *, estate_id: int) -> dict[int, ReratingDue]:
    """Return the registers whose past waits to be charged again, by id."""
    statement = select(ReratingDue).where(ReratingDue.estate_id == estate_id)
    found = await session.scalars(statement.execution_options(populate_existing=True))
    return {due.register_id: due for due in found}


async def rate_notices_finished(session: AsyncSession, *, estate_id: int) -> set[tuple[int, date]]:
    """Return the (assignment, date) of which all residents were told whom it concerns."""
    statement = select(RateNotice.rate_assignment_id, RateNotice.day).where(
        RateNotice.estate_id == estate_id, RateNotice.finished_at.is_not(None)
    )
    return {(row[0], row[1]) for row in await session.execute(statement)}


async def accrued(session: AsyncSession, *, entry: StoredEntry) -> tuple[int, int] | None:
    """Return net and tax of an entry of several charges, in micro-money; None if it is of one."""
    found = await session.get(AccrualEntry, (entry.estate_id, entry.account_id, entry.seq))
    return None if found is None else (found.net_micro, found.tax_micro)


async def corrected(session: AsyncSession, *, entry: StoredEntry) -> tuple[int, int]:
    """Return the difference in net and tax that a correction booked, in micro-money.

    :raises NotFound: if no rerating booked that entry
    """
    statement = select(Rerating).where(
        Rerating.estate_id == entry.estate_id,
        Rerating.account_id == entry.account_id,
        Rerating.seq == entry.seq,
    )
    found = await session.scalar(statement)
    if found is None:
        raise NotFound(f"no rerating booked entry {entry.seq} of account {entry.account_id}")
    return found.new_net_micro - found.old_net_micro, found.new_tax_micro - found.old_tax_micro


async def roles_of(session: AsyncSession, *, entry: StoredEntry) -> dict[str, int]:
    """Return what of the net of a correction, or of several charges, is for other roles than supply."""
    statement = select(EntryRole.role, EntryRole.net_micro).where(
        EntryRole.estate_id == entry.estate_id,
        EntryRole.account_id == entry.account_id,
        EntryRole.seq == entry.seq,
    )
    return {row.role: row.net_micro for row in await session.execute(statement)}


async def accrual_breaks(session: AsyncSession, *, estate_id: int) -> list[Break]:
    """Return the accounts whose accrued money is not the sum of what their registers have accrued."""
    accrued = await ledger_queries.accrued(session, estate_id=estate_id)
    statement = (
        select(Accrual.account_id, func.sum(Accrual.net_micro + Accrual.tax_micro))
        .where(Accrual.estate_id == estate_id)
        .group_by(Accrual.account_id)
    )
    sums = {account_id: int(total) for account_id, total in (await session.execute(statement)).all()}
    return [
        Break(
            "identities",
            f"account {account_id}",
            f"{accrued.get(account_id, 0)} has accrued, its registers sum to {sums.get(account_id, 0)}",
        )
        for account_id in sorted({*accrued, *sums})
        if accrued.get(account_id, 0) != sums.get(account_id, 0)
    ]


async def is_timed_charge_due(session: AsyncSession, *, estate_id: int, now: datetime) -> bool:
    """Tell whether something falls due by the calendar for some account, or may have changed."""
    statement = select(TimedChargeState.account_id).where(
        TimedChargeState.estate_id == estate_id, _is_timed_due(now)
    )
    if await session.scalar(statement.limit(1)) is not None:
        return True
    return bool(await timed_states_read(session, estate_id=estate_id))


def _is_timed_due(now: datetime) -> ColumnElement[bool]:
    return (TimedChargeState.next_due_at <= now) | TimedChargeState.dirty_from.is_not(None)


async def timed_states_due(
    session: AsyncSession, *, estate_id: int, now: datetime, limit: int
) -> Sequence[TimedChargeState]:
    """Return accounts for which something falls due or may have changed, by id; their rows are held."""
    state = TimedChargeState
    chosen = select(state).where(state.estate_id == estate_id).order_by(state.account_id)
    chosen = chosen.with_for_update(key_share=True).execution_options(populate_existing=True)
    found = (await session.scalars(chosen.where(_is_timed_due(now)).limit(limit))).all()
    if found:
        return found
    awaited = await timed_states_read(session, estate_id=estate_id)
    return (await session.scalars(chosen.where(state.account_id.in_(awaited[:limit])))).all()


async def timed_states_read(session: AsyncSession, *, estate_id: int) -> list[int]:
    """Return the accounts for which readings came that they waited for, by id."""
    state = TimedChargeState
    statement = select(state.account_id, state.awaited_registers, state.awaited_after).where(
        state.estate_id == estate_id, func.cardinality(state.awaited_registers) > 0
    )
    rows = (await session.execute(statement)).all()
    register_ids = sorted({register_id for row in rows for register_id in row.awaited_registers})
    if not register_ids:
        return []
    ends = await metering_queries.timeline_ends(session, estate_id=estate_id, register_ids=register_ids)
    return sorted(
        {
            row.account_id
            for row in rows
            for register_id, after in zip(row.awaited_registers, row.awaited_after, strict=True)
            if register_id in ends and ends[register_id][1] > to_us(after) // 1_000_000
        }
    )


async def timed_charges(
    session: AsyncSession, *, estate_id: int, account_ids: Sequence[int], since: date, days_since: date
) -> Sequence[TimedCharge]:
    """Return the newest row of each timed charge of these accounts, from a local date on.

    Of standing charges by day, only those from ``days_since`` on.
    """
    row = TimedCharge
    key = (
        row.account_id,
        row.first_day,
        row.payer_scope,
        row.payer_id,
        row.role,
        row.kind,
        row.charge,
    )
    statement = (
        select(row)
        .where(row.estate_id == estate_id, row.account_id.in_(list(account_ids)), row.first_day >= since)
        .where((row.first_day >= days_since) | (row.kind != "fixed") | (row.unit != DAY))
        .ext(distinct_on(*key))
        .order_by(*key, row.timed_charge_id.desc())
    )
    return (await session.scalars(statement)).all()


async def timed_sums(session: AsyncSession, *, estate_id: int, since: Mapping[int, date]) -> dict[int, int]:
    """Return what timed charges of days from each account's date on came to, in micro-money, tax included."""
    if not since:
        return {}
    row = TimedCharge
    new, old = row.new_net_micro + row.new_tax_micro, row.old_net_micro + row.old_tax_micro
    statement = (
        select(row.account_id, row.first_day, func.sum(new - old))
        .where(
            row.estate_id == estate_id,
            row.account_id.in_(list(since)),
            row.first_day >= min(since.values()),
        )
        .group_by(row.account_id, row.first_day)
    )
    found: dict[int, int] = {}
    for account_id, first_day, cost in await session.execute(statement):
        if first_day >= since[account_id]:
            found[account_id] = found.get(account_id, 0) + int(cost)
    return found


async def timed_charge_of(session: AsyncSession, *, entry: StoredEntry) -> TimedCharge | None:
    """Return what an entry booked of a timed charge, None if it booked something else."""
    statement = select(TimedCharge).where(
        TimedCharge.estate_id == entry.estate_id,
        TimedCharge.account_id == entry.account_id,
        TimedCharge.seq == entry.seq,
    )
    found: TimedCharge | None = await session.scalar(statement)
    return found
