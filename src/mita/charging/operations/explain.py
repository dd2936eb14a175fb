"""Why an entry has its amount: what was known when it was booked is put together again, and priced again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mita.charging import queries
from mita.charging.domain.causes import LATE, joined
from mita.charging.domain.explained import Explained, Totals
from mita.charging.domain.explanation import difference
from mita.charging.models import AccrualEntry
from mita.charging.operations.explain_movement import explain_movement
from mita.charging.operations.explain_timed import explain_timed
from mita.charging.operations.known import (
    NEVER,
    charged_again_from,
    new_totals,
    old_totals,
    past_of,
)
from mita.estates import queries as estate_queries
from mita.kit.clock import from_us
from mita.kit.errors import NotFound
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import EntryKind, JournalKind, SourceKind
from mita.metering import queries as metering_queries
from mita.metering.domain import BASE_UNIT
from mita.wallets import queries as wallet_queries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.charging.domain.explanation import Cost
    from mita.charging.domain.streams import Stream
    from mita.charging.models import Rerating
    from mita.charging.operations.known import Known, Past

_PAGE = 200


async def explain_entry(
    session: AsyncSession,
    *,
    estate_id: int,
    wallet_id: int,
    utility: str,
    seq: int,
    whole: AsyncSession | None = None,
) -> Explained:
    """Return what made an entry of a wallet's account, and which later corrections touched it.

    A charge follows from all readings of its billing period. Where ``session`` does not see what was before
    somebody's time, ``whole`` does; the entry must be one that ``session`` sees.

    :raises NotFound: if the wallet has no such account, or the account no such entry
    """
    accounts = await wallet_queries.accounts(
        session, estate_id=estate_id, wallet_ids=[wallet_id], utility=utility
    )
    if not accounts:
        raise NotFound(f"wallet {wallet_id} has no account for {utility}")
    account_id = accounts[0].account_id
    entry = await ledger_queries.entry(session, estate_id=estate_id, account_id=account_id, seq=seq)
    journal = await ledger_queries.journal(session, estate_id=estate_id, journal_id=entry.journal_id)
    estate = await estate_queries.estate(session, estate_id=estate_id)
    plain = Explained(
        subject="other",
        seq=seq,
        kind=entry.kind.shown,
        journal_kind=JournalKind(journal.kind).shown,
        memo=journal.memo,
        amount_micro=entry.amount_micro,
        currency=estate.currency,
        base_unit=BASE_UNIT.get(utility, ""),
        zone=await estate_queries.time_zone(session, estate_id=estate_id),
        event_at=entry.event_at,
        booked_at=journal.booked_at,
        of_seq=entry.source_id if entry.source_kind == SourceKind.ENTRY else None,
        journal_id=journal.journal_id,
        key=journal.idempotency_key,
    )
    timed = await queries.timed_charge_of(session, entry=entry)
    if timed is not None:
        return await explain_timed(session, timed=timed, plain=plain)
    is_charge = entry.kind in (EntryKind.CHARGE, EntryKind.CORRECTION)
    if not is_charge or entry.source_kind != SourceKind.REGISTER:
        return await explain_movement(session, entry=entry, wallet_id=wallet_id, plain=plain)
    readings = session if whole is None else whole
    past = await past_of(readings, entry=entry, plain=plain)
    if entry.kind == EntryKind.CORRECTION:
        return await _correction(past)
    accrued = await readings.get(AccrualEntry, (estate_id, account_id, seq))
    return await (_reading(past) if accrued is None else _readings(past, accrued))


async def _reading(past: Past) -> Explained:
    """Explain the charge of one reading."""
    entry, plain = past.entry, past.plain
    reading = await metering_queries.reading(
        past.session, estate_id=entry.estate_id, register_id=entry.source_id, taken_at=entry.event_at
    )
    later = past.later(taken=entry.event_at, after=None)
    plain = replace(plain, subject="reading", end=entry.event_at, charges=1, later=later)
    # its batch knew what was received with it or before it
    for received_by in (reading.received_at, plain.booked_at):
        known = await past.known(
            since=entry.event_at,
            received_by=received_by,
            accepted=past.accepted(by=plain.booked_at),
            until=entry.event_at,
        )
        for streams in past.lists(by=plain.booked_at):
            cost = known.cost(streams)
            if (cost.gross_micro, cost.quantity_micro) == (-entry.amount_micro, entry.quantity_micro):
                return _with(plain, cost)
    return replace(plain, is_exact=False)


async def _readings(past: Past, accrued: AccrualEntry) -> Explained:
    """Explain a sum of charges, and of corrections if the past was charged again meanwhile."""
    entry = past.entry
    total = Totals(accrued.quantity_micro, accrued.net_micro, accrued.tax_micro)
    before = await _posted_before(past)
    unposted = [
        each
        for each in past.reratings
        if each.seq is None
        and before < each.created_at <= past.plain.booked_at
        and old_totals(each) != new_totals(each)
    ]
    plain = replace(
        past.plain,
        subject="readings",
        start=accrued.since,
        end=accrued.until,
        charges=accrued.charges,
        cause=joined([each.cause for each in unposted]),
        total=total,
        later=past.later(taken=accrued.until, after=None),
    )
    now = await past.known(
        since=accrued.since,
        received_by=plain.booked_at,
        accepted=past.accepted(by=plain.booked_at),
        until=None if unposted else accrued.until,
    )
    then = await past.known(since=accrued.since, received_by=before, accepted=past.accepted(by=before))
    for streams in past.lists(by=plain.booked_at):
        new = now.cost(streams)
        for earlier in past.lists(by=before) if unposted else ():
            old = then.cost(earlier)
            both = difference(old, new)
            if _totals(both) == total:
                return replace(
                    _with(plain, both, back=old, new=new), total=total, old=_totals(old), new=_totals(new)
                )
        if not unposted and _totals(new) == total:
            return _with(plain, new)
    assert total.gross_micro == -entry.amount_micro, "an accrual's parts are its entry"
    return replace(plain, is_exact=False)


async def _posted_before(past: Past) -> datetime:
    """Return when the register was last posted before this entry."""
    found = NEVER
    seq: int | None = past.entry.seq
    while seq is not None:
        rows = await ledger_queries.entries(
            past.session,
            estate_id=past.entry.estate_id,
            account_id=past.entry.account_id,
            before_seq=seq,
            limit=_PAGE,
        )
        for row in rows:
            entry, booked_at = row[0], row[4]
            if (entry.source_kind, entry.source_id) == (SourceKind.REGISTER, past.entry.source_id):
                return booked_at
        seq = rows[-1][0].seq if len(rows) == _PAGE else None
    return found


async def _correction(past: Past) -> Explained:
    """Explain the difference that charging a past again made."""
    entry = past.entry
    found = [each for each in past.reratings if (each.account_id, each.seq) == (entry.account_id, entry.seq)]
    if not found:
        return replace(past.plain, subject="correction", is_exact=False)
    (rerating,) = found
    old_total, new_total = old_totals(rerating), new_totals(rerating)
    plain = replace(
        past.plain,
        subject="correction",
        start=charged_again_from(rerating),
        cause=rerating.cause,
        total=_minus(new_total, old_total),
        old=old_total,
        new=new_total,
        later=past.later(taken=rerating.since, after=rerating),
    )
    now, then = await _sides(past, rerating)
    new = _matching(now, past.lists(by=rerating.created_at), total=new_total)
    old = _matching(then, past.lists(by=rerating.created_at), total=old_total)
    if old is None or new is None:
        return replace(plain, is_exact=False)
    return replace(
        _with(plain, difference(old, new), back=old, new=new), total=plain.total, old=old_total, new=new_total
    )


async def _sides(past: Past, rerating: Rerating) -> tuple[Known, Known]:
    """Return what was known after a rerating, and right before it."""
    received_by = rerating.created_at
    arrived: datetime | None = None
    if rerating.cause == LATE:
        reading = await metering_queries.reading(
            past.session,
            estate_id=past.entry.estate_id,
            register_id=past.entry.source_id,
            taken_at=rerating.since,
        )
        arrived = received_by = reading.received_at
    # as it was then: of what was accepted, this one is the last
    accepted = past.accepted(before_id=rerating.rerating_id + 1)
    now = await past.known(since=rerating.since, received_by=received_by, accepted=accepted)
    then = await past.known(
        since=rerating.since,
        received_by=received_by,
        accepted=past.accepted(before_id=rerating.rerating_id),
        received_before=arrived,
    )
    return now, then


def _matching(known: Known, lists: Iterator[list[Stream]], *, total: Totals) -> Cost | None:
    return next((cost for cost in (known.cost(each) for each in lists) if _totals(cost) == total), None)


def _with(plain: Explained, cost: Cost, *, back: Cost | None = None, new: Cost | None = None) -> Explained:
    """Return an explanation with its lines; ``back`` is what was taken back of them."""
    count = len(back.lines) if back is not None else 0
    assert new is None or len(cost.lines) == count + len(new.lines), "nothing is left out"
    return replace(
        plain,
        start=plain.start if cost.start_s is None else from_us(cost.start_s * 1_000_000),
        end=plain.end if cost.end_s is None else from_us(cost.end_s * 1_000_000),
        total=_totals(cost),
        taken_back=cost.lines[:count],
        lines=cost.lines[count:],
    )


def _totals(cost: Cost) -> Totals:
    return Totals(cost.quantity_micro, cost.net_micro, cost.tax_micro)


def _minus(new: Totals, old: Totals) -> Totals:
    return Totals(
        new.quantity_micro - old.quantity_micro,
        new.net_micro - old.net_micro,
        new.tax_micro - old.tax_micro,
    )
