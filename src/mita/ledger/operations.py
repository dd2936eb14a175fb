"""Writes of the ledger: accounts are opened, journals are posted. Nothing is ever changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import insert, select, text
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.kit.bulk import Insertion
from mita.kit.columns import Column, pg_array
from mita.kit.db import driver_connection
from mita.kit.errors import Conflict
from mita.ledger import queries
from mita.ledger.domain import HASH_V, Chained, Heads, JournalDraft, Lines, chain_entries, genesis_hash
from mita.ledger.models import Account, Journal, Request

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray
    from psycopg import AsyncConnection
    from sqlalchemy.ext.asyncio import AsyncSession

# One index probe per account in the order of the input, which is sorted by key: two writers cannot deadlock,
# and a table that was never analysed is not scanned once per row.
_PLAN = "SELECT " + ", ".join(
    f"set_config('enable_{way}', '{{0}}', true)" for way in ("hashjoin", "mergejoin", "seqscan", "material")
)
_MOVE_HEADS = """
    UPDATE account AS a
    SET posted_micro = n.posted_micro, head_seq = n.head_seq, head_hash = n.head_hash
    FROM unnest(%b, %b, %b, %b, %b) AS n (account_id, expected_seq, posted_micro, head_seq, head_hash)
    WHERE a.estate_id = %s AND a.account_id = n.account_id AND a.head_seq = n.expected_seq
"""


class StaleHeads(Exception):
    """An account moved since its head was read; load again and repeat."""


class KeyReused(Conflict):
    """The idempotency key was used before, for another request."""

    code = "idempotency_key_reused"
    title = "The idempotency key belongs to another request"


async def open_accounts(
    session: AsyncSession, *, estate_id: int, codes: Sequence[str], currency: str
) -> dict[str, int]:
    """Open the accounts that do not exist yet; return the id of each of ``codes``."""
    ids = await _account_ids(session, estate_id=estate_id, codes=codes)
    missing = [code for code in dict.fromkeys(codes) if code not in ids]
    if missing:
        new = await session.scalars(
            text(
                "SELECT nextval(pg_get_serial_sequence('account', 'account_id')) FROM generate_series(1, :n)"
            ),
            {"n": len(missing)},
        )
        rows = [
            {
                "estate_id": estate_id,
                "account_id": account_id,
                "code": code,
                "currency": currency,
                "posted_micro": 0,
                "held_micro": 0,
                "head_seq": 0,
                "head_hash": genesis_hash(estate_id=estate_id, account_id=account_id),
            }
            for code, account_id in zip(missing, new.all(), strict=True)
        ]
        await session.execute(pg_insert(Account).on_conflict_do_nothing(), rows)
        ids = await _account_ids(session, estate_id=estate_id, codes=codes)
    return ids


async def _account_ids(session: AsyncSession, *, estate_id: int, codes: Sequence[str]) -> dict[str, int]:
    statement = select(Account.code, Account.account_id).where(
        Account.estate_id == estate_id, Account.code.in_(list(codes))
    )
    return {row.code: row.account_id for row in await session.execute(statement)}


async def post(session: AsyncSession, *, journal: JournalDraft, heads: Heads, lines: Lines) -> Chained:
    """Write one journal with all its lines and move the accounts' heads, fenced by their ``seq``.

    ``heads`` are what the caller believes; they are not changed. All accounts belong to the journal's estate.

    :raises StaleHeads: if an account has moved meanwhile (roll back, load, repeat)
    :raises mita.ledger.domain.Unbalanced: if the lines do not sum to zero
    """
    prepared = PreparedJournal(journal, heads, lines)
    await prepared.write(session)
    return prepared.chained


class PreparedJournal:
    """One journal chained to its accounts' heads, and the two steps that bring it into the ledger.

    ``chained`` is known before anything is written, so that the next journal can be prepared meanwhile;
    later changes of ``heads`` do not matter.
    """

    def __init__(self, journal: JournalDraft, heads: Heads, lines: Lines) -> None:
        """Chain the lines.

        :raises mita.ledger.domain.Unbalanced: if the lines do not sum to zero
        """
        self.chained = chain_entries(heads, lines, journal=journal)
        self._journal = journal
        self._expected_seq = heads.seq[self.chained.touched]
        self._columns = _entry_columns(heads, lines, self.chained)
        self._entries: Insertion | None = None

    async def send(self, session: AsyncSession) -> None:
        """Bring the entries to the server; nothing of the ledger is touched or locked."""
        constants = {
            "estate_id": self._journal.estate_id,
            "journal_id": self._journal.journal_id,
            "period": self._journal.period,
            "hash_v": HASH_V,
        }
        connection = await driver_connection(session)
        self._entries = Insertion(connection, table="entry", columns=self._columns, constants=constants)
        await self._entries.send()

    async def write(self, session: AsyncSession) -> None:
        """Write the journal and its entries and move the heads.

        :raises StaleHeads: if an account has moved meanwhile (roll back, load, repeat)
        """
        if self._entries is None:
            await self.send(session)
        assert self._entries is not None, "sent above"
        await session.execute(insert(Journal), [_journal_row(self._journal)])
        connection = await driver_connection(session)
        await _move_heads(connection, self._journal.estate_id, self._expected_seq, self.chained.after)
        await self._entries.finish()


def _journal_row(journal: JournalDraft) -> dict[str, Any]:
    return {
        "estate_id": journal.estate_id,
        "journal_id": journal.journal_id,
        "kind": int(journal.kind),
        "currency": journal.currency,
        "actor": journal.actor,
        "memo": journal.memo,
        "idempotency_key": journal.idempotency_key,
        "booked_at": journal.booked_at,
        "period": journal.period,
        "digest": journal.digest(),
    }


async def _move_heads(
    connection: AsyncConnection[Any], estate_id: int, expected_seq: NDArray[np.int64], after: Heads
) -> None:
    by_id = np.argsort(after.account_id)
    hashes = np.frombuffer(b"".join(after.hash), dtype="V32")
    await connection.execute(_PLAN.format("off"))
    cursor = await connection.execute(
        _MOVE_HEADS,
        (
            pg_array("bigint", after.account_id[by_id]),
            pg_array("bigint", expected_seq[by_id]),
            pg_array("bigint", after.balance_micro[by_id]),
            pg_array("bigint", after.seq[by_id]),
            pg_array("bytea", hashes[by_id]),
            estate_id,
        ),
    )
    await connection.execute(_PLAN.format("on"))
    if cursor.rowcount != len(by_id):
        raise StaleHeads(f"{len(by_id) - cursor.rowcount} accounts of estate {estate_id} moved meanwhile")


def _entry_columns(heads: Heads, lines: Lines, chained: Chained) -> list[Column]:
    return [
        Column("account_id", "bigint", heads.account_id[lines.account]),
        Column("seq", "bigint", chained.seq),
        Column("amount_micro", "bigint", lines.amount_micro),
        Column("balance_after_micro", "bigint", chained.balance_after_micro),
        Column("quantity_micro", "bigint", lines.quantity_micro),
        Column("source_id", "bigint", lines.source_id),
        Column("event_at", "timestamptz", lines.event_us),
        Column("line", "integer", np.arange(len(lines.account))),
        Column("kind", "smallint", lines.kind),
        Column("source_kind", "smallint", lines.source_kind),
        Column("hash", "bytea", chained.hash),
    ]


async def ensure_entry_partition(session: AsyncSession, *, period: Any) -> bool:
    """Create the month's partition if it is missing; return whether it was."""
    made = await session.scalar(text("SELECT ensure_month_partition('entry', :month)"), {"month": period})
    return bool(made)


async def remember_request(
    session: AsyncSession,
    *,
    estate_id: int,
    scope: str,
    key: str,
    body_hash: bytes,
    journal: JournalDraft,
    now: datetime,
) -> bool:
    """Claim an idempotency key for ``journal``; return False if a request with it was carried out before.

    A concurrent claim of the same key waits for the other one's transaction.

    :raises KeyReused: if the key was claimed for another body
    """
    claimed = await session.scalar(
        pg_insert(Request)
        .values(
            estate_id=estate_id,
            scope=scope,
            key=key,
            body_hash=body_hash,
            journal_id=journal.journal_id,
            created_at=now,
        )
        .on_conflict_do_nothing()
        .returning(Request.key)
    )
    if claimed is not None:
        return True
    found = await queries.request(session, estate_id=estate_id, scope=scope, key=key)
    assert found is not None, "a conflicting key is there, and requests are never deleted"
    if found[0] != body_hash:
        raise KeyReused(f"key {key!r} was used for a request with other contents")
    return False
