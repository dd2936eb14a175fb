"""What was charged to an account, added up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from mita.ledger.domain import CHARGES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

_SUMS = text("""
    SELECT min(e.seq) AS first_seq, min(e.event_at) AS first_event_at, -sum(e.amount_micro) AS charged_micro
    FROM entry AS e
    WHERE e.estate_id = :estate_id AND e.account_id = :account_id AND e.seq > :after_seq
        AND e.kind = ANY (:kinds)
    GROUP BY width_bucket(e.seq, CAST(:first_seqs AS bigint[])),
        width_bucket(e.event_at, CAST(:instants AS timestamptz[]))
    ORDER BY first_seq, first_event_at
""")


async def charged_sums(
    session: AsyncSession,
    *,
    estate_id: int,
    account_id: int,
    after_seqs: Sequence[int],
    instants: Sequence[datetime],
) -> list[tuple[int, datetime, int]]:
    """Return the charges and corrections after the first of ``after_seqs``, added up between these marks.

    Each row is (first seq, first ``event_at``, micro-money charged, minus if corrections gave back more);
    every entry of it lies on the same side of each of ``after_seqs`` (after it or not) and of each of
    ``instants`` (before it or not).
    """
    marks = sorted(set(after_seqs))
    rows = await session.execute(
        _SUMS,
        {
            "estate_id": estate_id,
            "account_id": account_id,
            "after_seq": marks[0],
            "kinds": [int(kind) for kind in CHARGES],
            "first_seqs": [seq + 1 for seq in marks],
            "instants": sorted(set(instants)),
        },
    )
    return [(row.first_seq, row.first_event_at, int(row.charged_micro)) for row in rows]
