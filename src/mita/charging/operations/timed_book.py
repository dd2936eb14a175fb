"""Timed charges into the ledger: a journal for each instant at which something fell due."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from mita.charging.domain.codes import TAX_CODE, income_code
from mita.charging.events import ReadingsCharged
from mita.kit.db import driver_connection
from mita.kit.events import publish
from mita.ledger import operations as ledger
from mita.ledger.domain import EntryKind, JournalKind
from mita.ledger.operations import Line, Movement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from typing import Any

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.wallets.queries import AccountInfo

_TOGETHER_MAX = 1_900
_STORED_MAX = 5_000
_KINDS = {
    "fixed": EntryKind.STANDING_CHARGE,
    "demand": EntryKind.DEMAND,
    "minimum": EntryKind.MINIMUM,
    "netting": EntryKind.NETTING,
    "surplus": EntryKind.NETTING,
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
    codes = {_income(change) for change in ordered if change.net_micro != 0}
    codes |= {TAX_CODE for change in ordered if change.tax_micro != 0}
    system = await ledger.open_accounts(session, estate_id=estate_id, codes=sorted(codes), currency=currency)
    rows: list[dict[str, Any]] = []
    for due_at, same in groupby(ordered, key=lambda change: change.row["due_at"]):
        at_once = list(same)
        for start in range(0, len(at_once), _TOGETHER_MAX):
            rows += await _book(
                session,
                estate_id=estate_id,
                system=system,
                changes=at_once[start : start + _TOGETHER_MAX],
                due_at=due_at,
                now=now,
            )
    for start in range(0, len(rows), _STORED_MAX):
        await _store(session, rows[start : start + _STORED_MAX])
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
    system: Mapping[str, int],
    changes: Sequence[Change],
    due_at: datetime,
    now: datetime,
) -> list[dict[str, Any]]:
    """Book what fell due at one instant; return the rows that say so."""
    lines = [
        Line(change.account.account_id, -(change.net_micro + change.tax_micro), change.kind)
        for change in changes
        if change.net_micro + change.tax_micro != 0
    ]
    lines += _system_lines(changes, system=system)
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
    return rows


async def _store(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows of ``timed_charge`` in one statement: a month of a thousand accounts is thirty thousand."""
    columns = ", ".join(rows[0])
    connection = await driver_connection(session)
    statement = (
        f"INSERT INTO timed_charge ({columns}) SELECT {columns}"  # noqa: S608 - the names of our own columns
        " FROM json_populate_recordset(NULL::timed_charge, %s::json)"
    )
    await connection.execute(statement, (json.dumps(rows, default=_written),))


def _written(value: date) -> str:
    return value.isoformat()


def _income(change: Change) -> str:
    return income_code(change.account.utility, role=change.row["role"])


def _system_lines(changes: Sequence[Change], *, system: Mapping[str, int]) -> list[Line]:
    sums: Counter[str] = Counter()
    for change in changes:
        sums[_income(change)] += change.net_micro
        sums[TAX_CODE] += change.tax_micro
    return [
        Line(system[code], amount, EntryKind.TAX if code == TAX_CODE else EntryKind.INCOME)
        for code, amount in sorted(sums.items())
        if amount != 0
    ]
