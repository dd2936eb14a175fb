"""A long chain, written through the ledger's own door: many journals of many lines on two accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mita.kit.clock import to_us
from mita.kit.ids import new_id
from mita.kit.zones import local_month, zone
from mita.ledger import operations, queries
from mita.ledger.domain import EntryKind, JournalDraft, JournalKind, Lines, SourceKind

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from tests.integration.world import World

CODES = ("wallet:1:electricity", "income:electricity")
LOCAL = zone("Africa/Johannesburg")


async def lengthen(
    world: World, *, journals: int, lines: int, start: datetime, step: timedelta, amount_micro: int = -1_000
) -> list[int]:
    """Add ``journals`` charges of ``lines`` entries each to the first wallet, one every ``step``.

    Returns the ids of the wallet's account and of the income's.
    """
    async with world.unit_of_work() as session:
        found = await operations.open_accounts(
            session, estate_id=world.estate_id, codes=CODES, currency="ZAR"
        )
    ids = [found[code] for code in CODES]
    for number in range(journals):
        now = start + number * step
        journal = JournalDraft(
            journal_id=new_id(),
            estate_id=world.estate_id,
            kind=JournalKind.CHARGE,
            currency="ZAR",
            actor="system:charging",
            memo="",
            idempotency_key="",
            booked_at=now,
            period=local_month(now, local=LOCAL),
        )
        async with world.unit_of_work() as session:
            await operations.ensure_entry_partition(session, period=journal.period)
            heads = await queries.heads(session, estate_id=world.estate_id, account_ids=ids, lock=True)
            await operations.post(
                session,
                journal=journal,
                heads=heads,
                lines=_lines(ids, heads.account_id, lines, amount_micro, now),
            )
    return ids


def _lines(ids: list[int], account_id: np.ndarray, count: int, amount_micro: int, now: datetime) -> Lines:
    wallet, income = (int(np.flatnonzero(account_id == number)[0]) for number in ids)
    total = count + 1
    return Lines(
        account=np.array([wallet] * count + [income]),
        amount_micro=np.array([amount_micro] * count + [-amount_micro * count]),
        quantity_micro=np.zeros(total, dtype=np.int64),
        event_us=np.full(total, to_us(now)),
        kind=np.array([EntryKind.CHARGE] * count + [EntryKind.INCOME]),
        source_kind=np.full(total, SourceKind.NONE),
        source_id=np.zeros(total, dtype=np.int64),
    )
