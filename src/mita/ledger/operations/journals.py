"""Journals of many lines enter the ledger: chained here, fenced by the heads that were known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg
from sqlalchemy import insert

from mita.kit.bulk import Insertion
from mita.kit.columns import Column, pg_array
from mita.kit.db import driver_connection
from mita.ledger.domain import HASH_V, Chained, Heads, JournalDraft, Lines, chain_entries, not_before
from mita.ledger.models import Journal

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from psycopg import AsyncConnection
    from sqlalchemy.ext.asyncio import AsyncSession

# One index probe per account in the order of the input, which is sorted by key: two writers cannot deadlock,
# and a table that was never analysed is not scanned once per row.
PLAN = "SELECT " + ", ".join(
    f"set_config('enable_{way}', '{{0}}', true)" for way in ("hashjoin", "mergejoin", "seqscan", "material")
)
# raised by the triggers of `entry`
PERIOD_IS_CLOSED = "MT003"
_MOVE_HEADS = """
    UPDATE account AS a
    SET posted_micro = n.posted_micro, head_seq = n.head_seq, head_hash = n.head_hash,
        head_booked_at = %s, head_period = %s
    FROM unnest(%b, %b, %b, %b, %b) AS n (account_id, expected_seq, posted_micro, head_seq, head_hash)
    WHERE a.estate_id = %s AND a.account_id = n.account_id AND a.head_seq = n.expected_seq
"""


class StaleHeads(Exception):
    """An account moved since its head was read; load again and repeat."""


class PeriodLocked(StaleHeads):
    """The month that a journal was made for has closed since; load again, repeat, and it books forward."""


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
        self._journal = not_before(heads, lines, journal=journal)
        self.chained = chain_entries(heads, lines, journal=self._journal)
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
        :raises PeriodLocked: if the journal's month has closed meanwhile (likewise)
        """
        if self._entries is None:
            await self.send(session)
        assert self._entries is not None, "sent above"
        await session.execute(insert(Journal), [_journal_row(self._journal)])
        connection = await driver_connection(session)
        await _move_heads(connection, self._journal, self._expected_seq, self.chained.after)
        try:
            await self._entries.finish()
        except psycopg.Error as error:
            if error.sqlstate == PERIOD_IS_CLOSED:
                raise PeriodLocked(f"{self._journal.period} was closed meanwhile") from error
            raise


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
    connection: AsyncConnection[Any], journal: JournalDraft, expected_seq: NDArray[np.int64], after: Heads
) -> None:
    by_id = np.argsort(after.account_id)
    hashes = np.frombuffer(b"".join(after.hash), dtype="V32")
    # the books before the accounts, as everywhere: a close that waits must not stand between two writers
    await connection.execute(PLAN.format("off") + ", ledger_books_lock(%s, false)", (journal.estate_id,))
    cursor = await connection.execute(
        _MOVE_HEADS,
        (
            journal.booked_at,
            journal.period,
            pg_array("bigint", after.account_id[by_id]),
            pg_array("bigint", expected_seq[by_id]),
            pg_array("bigint", after.balance_micro[by_id]),
            pg_array("bigint", after.seq[by_id]),
            pg_array("bytea", hashes[by_id]),
            journal.estate_id,
        ),
    )
    await connection.execute(PLAN.format("on"))
    if cursor.rowcount != len(by_id):
        raise StaleHeads(
            f"{len(by_id) - cursor.rowcount} accounts of estate {journal.estate_id} moved meanwhile"
        )


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
