"""One entry is reversed: a new journal mirrors it, at most once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.kit.errors import Conflict, Invalid
from mita.ledger import queries
from mita.ledger.domain import EntryKind, JournalKind, SourceKind
from mita.ledger.models import Reversal
from mita.ledger.operations.book import Booked, Line, Movement, book

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


# what their feature settles again by itself, and what stands for many entries
_NOT_BY_HAND = frozenset(
    {EntryKind.REVERSAL, EntryKind.SHARING, EntryKind.SOLAR_CREDIT, EntryKind.INCOME, EntryKind.TAX}
)


class AlreadyReversed(Conflict):
    """The entry was reversed before; it cannot be reversed again."""

    code = "entry_already_reversed"
    title = "The entry is reversed already"


class NotReversible(Conflict):
    """The entry cannot be mirrored by itself: it is a reversal, or the other side of many entries."""

    code = "entry_not_reversible"
    title = "The entry cannot be reversed"


@dataclass(frozen=True, slots=True)
class Counter:
    """Where one part of a reversed amount goes; the parts sum to the entry's amount."""

    account_id: int
    amount_micro: int


async def reverse_entry(
    session: AsyncSession,
    *,
    estate_id: int,
    account_id: int,
    seq: int,
    reason: str,
    actor: str,
    now: datetime,
    counters: Sequence[Counter] = (),
) -> Booked:
    """Mirror one entry in a journal of its own, with the entry's ``event_at``, in the first open month.

    It goes to the one entry that balances it; where the two balance each other, both count as reversed.
    One of a batch of charges needs ``counters``: income and tax stand for many entries.

    :raises NotFound: if the account has no such entry
    :raises AlreadyReversed: if it was reversed before, by whomever
    :raises NotReversible: if it is itself a reversal, of shared generation or a solar credit, or several
        entries balance it
    """
    if not reason.strip():
        raise Invalid("a reversal needs a reason", problems=[{"path": "reason"}])
    entry = await queries.entry(session, estate_id=estate_id, account_id=account_id, seq=seq)
    if entry.kind in _NOT_BY_HAND:
        raise NotReversible(f"an entry of kind {entry.kind.shown} is not reversed by itself")
    mirrored = [(account_id, seq)]
    if not counters:
        other, is_mirror = await queries.other_side(session, entry=entry)
        if other is None:
            raise NotReversible("several entries balance this one; reverse those")
        counters = [Counter(other.account_id, entry.amount_micro)]
        if is_mirror:
            mirrored.append((other.account_id, other.seq))
    lines = [
        Line(
            account_id, -entry.amount_micro, EntryKind.REVERSAL, -entry.quantity_micro, SourceKind.ENTRY, seq
        )
    ]
    lines += [Line(each.account_id, each.amount_micro, EntryKind.REVERSAL) for each in counters]
    movement = Movement(
        kind=JournalKind.REVERSAL,
        lines=lines,
        actor=actor,
        memo=f"reversal of entry {seq}: {reason}",
        event_at=entry.event_at,
    )
    booked = await book(session, estate_id=estate_id, movement=movement, now=now)
    await _claim(
        session,
        estate_id=estate_id,
        mirrored=mirrored,
        journal_id=booked.journal_id,
        reason=reason,
        actor=actor,
        now=now,
    )
    return booked


async def _claim(
    session: AsyncSession,
    *,
    estate_id: int,
    mirrored: Sequence[tuple[int, int]],
    journal_id: UUID,
    reason: str,
    actor: str,
    now: datetime,
) -> None:
    """Take the entries' only reversal; the accounts are locked by then, so two attempts stand in line."""
    rows = [
        {
            "estate_id": estate_id,
            "account_id": account_id,
            "seq": seq,
            "journal_id": journal_id,
            "reason": reason,
            "actor": actor,
            "created_at": now,
        }
        for account_id, seq in sorted(mirrored)
    ]
    statement = pg_insert(Reversal).values(rows).on_conflict_do_nothing().returning(Reversal.seq)
    if len((await session.scalars(statement)).all()) != len(rows):
        account_id, seq = mirrored[0]
        raise AlreadyReversed(f"entry {seq} of account {account_id} was reversed before")
