"""Timed charges into the ledger: a journal for each instant at which something fell due."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from sqlalchemy import insert

from mita.charging.domain.codes import TAX_CODE, income_code
from mita.charging.events import ReadingsCharged
from mita.charging.models import TimedCharge
from mita.kit.events import publish
from mita.ledger import operations as ledger
from mita.ledger.domain import EntryKind, JournalKind
from mita.ledger.operations import Line, Movement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Any

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.wallets.queries import AccountInfo

_TOGETHER_MAX = 1_900
_KINDS = {
    "fixed": EntryKind.STANDING_CHARGE,
    "demand": EntryKind.DEMAND,
    "minimum": EntryKind.MINIMUM,
}


@dataclass(frozen=True, slots=True)
class Change:
    """What a timed charge of an account was and is now; ``row`` holds the columns of ``timed_charge``."""

    account: AccountInfo
    row: dict[str, Any]
    is_new: bool

    @property
    def net_micro(self) -> int:
        """What is to be booked without tax."""
        return int(self.row["new_net_micro"] - self.row["old_net_micro"])

    @property
    def tax_micro(self) -> int:
        """The tax that is to be booked."""
        return int(self.row["new_tax_micro"] - self.row["old_tax_micro"])

    @property
    def kind(self) -> EntryKind:
        """What its entry is: a charge, or a correction of one."""
        return _KINDS[self.row["kind"]] if self.is_new else EntryKind.CORRECTION


async def book_changes(
    session: AsyncSession, *, estate_id: int, currency: str, changes: Sequence[Change], now: datetime
) -> None:
    """Book timed charges and their corrections, the oldest first, an entry for each, with what made it.

    :raises mita.ledger.operations.StaleHeads: if another writer waits for this one (roll back and repeat)
    """
    if not changes:
        return
    ordered = sorted(changes, key=_order)
    for due_at, same in groupby(ordered, key=lambda change: change.row["due_at"]):
        at_once = list(same)
        for start in range(0, len(at_once), _TOGETHER_MAX):
            await _book(
                session,
                estate_id=estate_id,
                currency=currency,
                changes=at_once[start : start + _TOGETHER_MAX],
                due_at=due_at,
                now=now,
            )
    spent: Counter[int] = Counter()
    for change in ordered:
        if change.account.is_limited:
            spent[change.account.wallet_id] += change.net_micro + change.tax_micro
    unit_ids = tuple(sorted({change.account.unit_id for change in ordered}))
    await publish(session, ReadingsCharged(estate_id, unit_ids, dict(spent)), now=now)


def _order(change: Change) -> tuple[Any, ...]:
    row = change.row
    names = ("due_at", "account_id", "first_day", "payer_scope", "payer_id", "role", "kind", "charge")
    return tuple(row[name] for name in names)


async def _book(
    session: AsyncSession,
    *,
    estate_id: int,
    currency: str,
    changes: Sequence[Change],
    due_at: datetime,
    now: datetime,
) -> None:
    lines = [
        Line(change.account.account_id, -(change.net_micro + change.tax_micro), change.kind)
        for change in changes
        if change.net_micro + change.tax_micro != 0
    ]
    lines += await _system_lines(session, estate_id=estate_id, currency=currency, changes=changes)
    seqs: dict[int, int] = {}
    if lines:
        movement = Movement(
            kind=JournalKind.CHARGE,
            lines=lines,
            actor="system:charging",
            memo="due by the calendar",
            event_at=due_at,
        )
        seqs = (await ledger.book(session, estate_id=estate_id, movement=movement, now=now)).seqs
    counts = Counter(line.account_id for line in lines)
    rows = []
    for change in changes:
        account_id, seq = change.account.account_id, None
        if change.net_micro + change.tax_micro != 0:
            counts[account_id] -= 1
            seq = seqs[account_id] - counts[account_id]
        rows.append({**change.row, "seq": seq, "created_at": now})
    await session.execute(insert(TimedCharge), rows)


async def _system_lines(
    session: AsyncSession, *, estate_id: int, currency: str, changes: Sequence[Change]
) -> list[Line]:
    sums: Counter[str] = Counter()
    for change in changes:
        sums[income_code(change.account.utility, role=change.row["role"])] += change.net_micro
        sums[TAX_CODE] += change.tax_micro
    codes = sorted(code for code, amount in sums.items() if amount != 0)
    ids = await ledger.open_accounts(session, estate_id=estate_id, codes=codes, currency=currency)
    return [
        Line(ids[code], sums[code], EntryKind.TAX if code == TAX_CODE else EntryKind.INCOME) for code in codes
    ]
