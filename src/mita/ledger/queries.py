"""Reads of the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import select

from mita.kit.columns import EPOCH_2000_DAYS, EPOCH_2000_US
from mita.kit.db import driver_connection
from mita.kit.errors import NotFound
from mita.ledger.domain import STORED, Break, ChainCheck, Heads, genesis_hash
from mita.ledger.models import Account, Entry, Journal, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncSession

_COPY_HEAD_BYTES = 19  # signature, flags, length of an empty extension
_ROWS_A_PIECE = 20_000


async def heads(
    session: AsyncSession, *, estate_id: int, account_ids: Sequence[int], lock: bool = False
) -> Heads:
    """Return balances and chain heads, sorted by account id; ``lock`` holds the rows, in that order.

    :raises NotFound: if one of the accounts does not exist
    """
    wanted = sorted(set(account_ids))
    statement = (
        select(Account.account_id, Account.posted_micro, Account.head_seq, Account.head_hash)
        .where(Account.estate_id == estate_id, Account.account_id.in_(wanted))
        .order_by(Account.account_id)
    )
    if lock:
        statement = statement.with_for_update(key_share=True)
    rows = (await session.execute(statement)).all()
    if len(rows) != len(wanted):
        missing = set(wanted) - {row.account_id for row in rows}
        raise NotFound(f"account {min(missing)} does not exist in estate {estate_id}")
    return Heads(
        account_id=np.array([row.account_id for row in rows], dtype=np.int64),
        balance_micro=np.array([row.posted_micro for row in rows], dtype=np.int64),
        seq=np.array([row.head_seq for row in rows], dtype=np.int64),
        hash=[bytes(row.head_hash) for row in rows],
    )


async def balances(session: AsyncSession, *, estate_id: int, account_ids: Sequence[int]) -> dict[int, int]:
    """Return the posted balance of each account, in micro-money."""
    statement = select(Account.account_id, Account.posted_micro).where(
        Account.estate_id == estate_id, Account.account_id.in_(list(account_ids))
    )
    return {row.account_id: row.posted_micro for row in await session.execute(statement)}


async def entries(
    session: AsyncSession, *, estate_id: int, account_id: int, before_seq: int | None = None, limit: int = 100
) -> Sequence[Row[Entry, int, str, str, datetime]]:
    """Return an account's entries, newest first, each with its journal's kind, memo, actor, ``booked_at``."""
    statement = (
        select(Entry, Journal.kind, Journal.memo, Journal.actor, Journal.booked_at)
        .join(Journal, (Journal.estate_id == Entry.estate_id) & (Journal.journal_id == Entry.journal_id))
        .where(Entry.estate_id == estate_id, Entry.account_id == account_id)
        .order_by(Entry.seq.desc())
        .limit(limit)
    )
    if before_seq is not None:
        statement = statement.where(Entry.seq < before_seq)
    return (await session.execute(statement)).all()


async def request(
    session: AsyncSession, *, estate_id: int, scope: str, key: str
) -> tuple[bytes, UUID] | None:
    """Return the body hash and journal of a request that was carried out before, if it was."""
    found = await session.get(Request, (estate_id, scope, key))
    return None if found is None else (bytes(found.body_hash), found.journal_id)


_STORED_ENTRIES = """
    COPY (
        SELECT e.estate_id, e.account_id, e.seq, e.period, e.journal_id, e.line, e.amount_micro,
               e.balance_after_micro, e.event_at, e.kind, e.source_kind, e.source_id, e.quantity_micro,
               e.hash_v,
               coalesce(j.digest, decode(repeat('00', 32), 'hex')),
               CASE WHEN length(e.hash) = 32 THEN e.hash
                    ELSE decode(repeat('00', 32), 'hex') END
        FROM entry AS e LEFT JOIN journal AS j ON j.estate_id = e.estate_id AND j.journal_id = e.journal_id
        WHERE e.estate_id = %s ORDER BY e.account_id, e.seq
    ) TO STDOUT (FORMAT BINARY)
"""
_IDENTITIES = (
    (
        "journals",
        "journal {0}",
        "its entries sum to {1} instead of zero",
        (
            "SELECT journal_id, sum(amount_micro) FROM entry WHERE estate_id = %(id)s GROUP BY journal_id"
            " HAVING sum(amount_micro) <> 0 ORDER BY journal_id LIMIT 10"
        ),
    ),
    (
        "journals",
        "journal {0}",
        "it has no entries",
        (
            # not a join: without fresh statistics the planner would look through all entries for each journal
            "SELECT journal_id FROM journal WHERE estate_id = %(id)s"
            " EXCEPT SELECT journal_id FROM entry WHERE estate_id = %(id)s"
            " ORDER BY journal_id LIMIT 10"
        ),
    ),
    (
        "journals",
        "journal {0}",
        "its digest is not that of its contents",
        (
            "SELECT journal_id FROM journal WHERE estate_id = %(id)s AND digest IS DISTINCT FROM"
            " ledger_journal_digest(kind, actor, currency::text, memo, booked_at, idempotency_key)"
            " ORDER BY journal_id LIMIT 10"
        ),
    ),
    (
        "journals",
        "request {0}",
        "its journal is missing",
        (
            "SELECT key FROM request AS r WHERE estate_id = %(id)s AND NOT EXISTS (SELECT FROM journal AS j"
            " WHERE j.estate_id = r.estate_id AND j.journal_id = r.journal_id) ORDER BY key LIMIT 10"
        ),
    ),
    (
        "accounts",
        "currency {0}",
        "the balances of all accounts sum to {1} instead of zero",
        (
            "SELECT currency, sum(posted_micro) FROM account WHERE estate_id = %(id)s GROUP BY currency"
            " HAVING sum(posted_micro) <> 0"
        ),
    ),
)


@dataclass(slots=True)
class Verification:
    """What the verifiers found in an estate's ledger; nothing broken means it is verified."""

    accounts: int = 0
    entries: int = 0
    breaks: list[Break] = field(default_factory=list)

    @property
    def is_verified(self) -> bool:
        """Whether nothing was found."""
        return not self.breaks


async def verify(
    session: AsyncSession, *, estate_id: int, progress: Callable[[int], None] | None = None
) -> Verification:
    """Re-derive chains and identities of an estate from its rows alone.

    The session should be a REPEATABLE READ snapshot if anybody writes meanwhile. ``progress`` is told
    how many entries are done.
    """
    connection = await driver_connection(session)
    check = ChainCheck()
    async with connection.cursor() as cursor, cursor.copy(_STORED_ENTRIES, (estate_id,)) as copy:
        pending = bytearray()
        is_head = True
        async for block in copy:
            pending += block
            if is_head:
                del pending[:_COPY_HEAD_BYTES]
                is_head = False
            if len(pending) >= _ROWS_A_PIECE * STORED.itemsize:
                pending = _feed(check, pending)
                if progress is not None:
                    progress(check.entries)
        _feed(check, pending)
    found = Verification(entries=check.entries, breaks=check.breaks)
    await _verify_heads(session, found, estate_id=estate_id, check=check)
    for verifier, place, detail, statement in _IDENTITIES:
        for row in await (await connection.execute(statement, {"id": estate_id})).fetchall():
            found.breaks.append(Break(verifier, place.format(*row), detail.format(*row)))
    return found


def _feed(check: ChainCheck, pending: bytearray) -> bytearray:
    """Check the whole rows in ``pending`` and return what is left."""
    whole = len(pending) // STORED.itemsize * STORED.itemsize
    rows = np.frombuffer(bytes(pending[:whole]), dtype=STORED).copy()
    rows["event_at"] = rows["event_at"].astype(np.int64) + EPOCH_2000_US
    rows["period"] = rows["period"].astype(np.int64) + EPOCH_2000_DAYS
    check.feed(rows)
    return pending[whole:]


async def _verify_heads(
    session: AsyncSession, found: Verification, *, estate_id: int, check: ChainCheck
) -> None:
    statement = select(Account).where(Account.estate_id == estate_id).order_by(Account.account_id)
    known: set[int] = set()
    for account in await session.scalars(statement):
        known.add(account.account_id)
        genesis = genesis_hash(estate_id=estate_id, account_id=account.account_id)
        seq, balance, last_hash = check.ends.get(account.account_id, (0, 0, genesis))
        place = f"account {account.account_id}"
        if account.head_seq != seq:
            found.breaks.append(
                Break("accounts", place, f"its head is at entry {account.head_seq}, its last entry is {seq}")
            )
        if account.posted_micro != balance:
            found.breaks.append(Break("accounts", place, "its balance is not that of its last entry"))
        if bytes(account.head_hash) != last_hash:
            found.breaks.append(Break("accounts", place, "its head hash is not that of its last entry"))
    found.accounts = len(known)
    for account_id in sorted(set(check.ends) - known):
        found.breaks.append(Break("accounts", f"account {account_id}", "it has entries and no row"))
