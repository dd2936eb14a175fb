"""What moved on accounts, added up between instants, and entries of many accounts at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from mita.ledger.domain import EntryKind

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

# an entry's month is never older than the local month of its event; a day earlier covers every zone
_MOVED = text("""
    SELECT account_id, kind, width_bucket(at, CAST(:borders AS timestamptz[])) - 1 AS step,
        sum(amount_micro) AS moved_micro
    FROM (
        SELECT account_id, kind, amount_micro,
            event_at - CASE WHEN kind = ANY (:ending)
                THEN interval '1 microsecond' ELSE interval '0' END AS at
        FROM entry
        WHERE estate_id = :estate_id AND account_id = ANY (:account_ids) AND kind = ANY (:kinds)
            AND event_at >= :since AND event_at <= :until
            AND period >= date_trunc('month', CAST(:since AS timestamptz) - interval '1 day')::date
    ) AS moved
    WHERE at >= :since AND at < :until
    GROUP BY 1, 2, 3
""")
_FIRST = text("""
    SELECT min(event_at)
    FROM unnest(CAST(:account_ids AS bigint[])) AS asked (account_id),
        LATERAL (
            SELECT event_at FROM entry
            WHERE estate_id = :estate_id AND entry.account_id = asked.account_id
            ORDER BY seq LIMIT 1
        ) AS first
""")
# what happened up to `event_at`, not from then on
_ENDING = (EntryKind.CHARGE, EntryKind.SHARING, EntryKind.SOLAR_CREDIT)


async def moved_in_steps(
    session: AsyncSession,
    *,
    estate_id: int,
    account_ids: Sequence[int],
    kinds: Collection[EntryKind],
    borders: Sequence[datetime],
) -> list[tuple[int, int, int, int]]:
    """Return (account id, kind, step, micro-money moved) of entries that happened between ascending borders.

    By ``event_at``; step 0 lies between the first border and the second. A charge belongs to the step that
    ends with its reading. Minus took from the account.
    """
    rows = await session.execute(
        _MOVED,
        {
            "estate_id": estate_id,
            "account_ids": list(account_ids),
            "kinds": sorted(int(kind) for kind in kinds),
            "ending": [int(kind) for kind in _ENDING],
            "borders": list(borders),
            "since": borders[0],
            "until": borders[-1],
        },
    )
    return [(row.account_id, row.kind, row.step, int(row.moved_micro)) for row in rows]


async def first_event(
    session: AsyncSession, *, estate_id: int, account_ids: Sequence[int]
) -> datetime | None:
    """Return when the first entry of accounts happened, of those that are not archived; None without any."""
    found: datetime | None = await session.scalar(
        _FIRST, {"estate_id": estate_id, "account_ids": list(account_ids)}
    )
    return found


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """What entries are asked for; None asks for any.

    ``since`` and ``until`` bound ``booked_at``; amounts are micro-money without their sign. ``before`` is the
    place (``booked_at``, account id, seq) of an earlier answer's last entry.
    """

    account_ids: Sequence[int]
    kinds: Sequence[EntryKind] | None = None
    since: datetime | None = None
    until: datetime | None = None
    amount_micro_min: int | None = None
    amount_micro_max: int | None = None
    memo: str | None = None
    before: tuple[datetime, int, int] | None = None


# Along a chain `booked_at` never goes back, so an account whose newest entry is older than those of `limit`
# others gives none: the newest of each says which accounts do, and only those are read further. Both by key.
_NEWEST = """
    WITH heads AS MATERIALIZED (
        SELECT asked.account_id FROM unnest(CAST(:account_ids AS bigint[])) AS asked (account_id)
        CROSS JOIN LATERAL (
            SELECT j.booked_at {entries} ORDER BY e.seq DESC LIMIT 1
        ) AS newest
        ORDER BY newest.booked_at DESC, asked.account_id DESC LIMIT :limit
    )
    SELECT e.account_id, e.seq, e.kind, e.amount_micro, e.balance_after_micro, e.quantity_micro, e.event_at,
        e.journal_id, e.journal_kind, e.actor, e.memo, e.booked_at
    FROM heads AS asked CROSS JOIN LATERAL (
        SELECT e.*, j.kind AS journal_kind, j.actor, j.memo, j.booked_at {entries}
        ORDER BY e.seq DESC LIMIT :limit
    ) AS e
    ORDER BY e.booked_at DESC, e.account_id DESC, e.seq DESC LIMIT :limit
"""
_OF_ACCOUNT = """
    FROM entry AS e CROSS JOIN LATERAL (
        SELECT kind, actor, memo, booked_at FROM journal
        WHERE estate_id = e.estate_id AND journal_id = e.journal_id LIMIT 1
    ) AS j
    WHERE e.estate_id = :estate_id AND e.account_id = asked.account_id
"""
_CONDITIONS = {
    "kinds": "e.kind = ANY (:kinds)",
    "since": "j.booked_at >= :since"
    " AND e.period >= date_trunc('month', CAST(:since AS timestamptz) - interval '1 day')::date",
    "until": "j.booked_at < :until",
    "amount_micro_min": "abs(e.amount_micro) >= :amount_micro_min",
    "amount_micro_max": "abs(e.amount_micro) <= :amount_micro_max",
    "memo": "strpos(lower(j.memo), lower(:memo)) > 0",
}


async def newest_entries(
    session: AsyncSession, *, estate_id: int, asked: EntryFilter, limit: int = 100
) -> Sequence[Any]:
    """Return entries of accounts, newest ``booked_at`` first, with their journal's kind, actor and memo."""
    given: dict[str, Any] = {
        name: value for name in _CONDITIONS if (value := getattr(asked, name)) is not None
    }
    conditions = "".join(f" AND {_CONDITIONS[name]}" for name in given)
    if "kinds" in given:
        given["kinds"] = [int(kind) for kind in given["kinds"]]
    if asked.before is not None:
        conditions += " AND j.booked_at <= :at AND (j.booked_at, e.account_id, e.seq) < (:at, :account, :seq)"
        given |= dict(zip(("at", "account", "seq"), asked.before, strict=True))
    rows = await session.execute(
        text(_NEWEST.format(entries=_OF_ACCOUNT + conditions)),
        {**given, "estate_id": estate_id, "account_ids": list(asked.account_ids), "limit": limit},
    )
    return rows.all()


_BELOW = text("""
    SELECT asked.account_id, (
        SELECT j.booked_at FROM entry AS e JOIN journal AS j USING (estate_id, journal_id)
        WHERE e.estate_id = :estate_id AND e.account_id = asked.account_id AND e.seq > coalesce((
            SELECT above.seq FROM entry AS above
            WHERE above.estate_id = :estate_id AND above.account_id = asked.account_id
                AND above.balance_after_micro >= 0
            ORDER BY above.seq DESC LIMIT 1
        ), 0)
        ORDER BY e.seq LIMIT 1
    ) AS since
    FROM unnest(CAST(:account_ids AS bigint[])) AS asked (account_id)
""")


async def below_nothing_since(
    session: AsyncSession, *, estate_id: int, account_ids: Sequence[int]
) -> dict[int, datetime | None]:
    """Return when accounts that are below nothing went there; None if no entry that is kept tells."""
    rows = await session.execute(_BELOW, {"estate_id": estate_id, "account_ids": list(account_ids)})
    return {row.account_id: row.since for row in rows}
