"""What sharing changed is booked: to the members' wallets, from and to income and tax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert

from mita.estates import queries as estate_queries
from mita.kit.clock import from_us
from mita.ledger import operations as ledger
from mita.ledger.domain import EntryKind, JournalKind
from mita.ledger.operations import Line, Movement
from mita.sharing.models import SharedMonth
from mita.sharing.operations.groups import UTILITY
from mita.tariffs.domain import local_midnight_s
from mita.wallets import queries as wallet_queries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.sharing.domain import MemberMonth
    from mita.sharing.models import SharingGroup

_TOGETHER_MAX = 1_900
# the incomes of what the grid and of what the roof supplied, and the tax on both
_CODES = (f"income:{UTILITY}", "income:solar", "tax")
_KINDS = (EntryKind.INCOME, EntryKind.INCOME, EntryKind.TAX)


@dataclass(frozen=True, slots=True)
class Change:
    """What a member's month was and is now."""

    unit_id: int
    before: MemberMonth
    after: MemberMonth

    @property
    def moves(self) -> tuple[int, int, int]:
        """What the difference gives to income, to solar income and to tax."""
        return self.after.moves(self.before)


async def book_changes(
    session: AsyncSession,
    *,
    row: SharingGroup,
    zone: ZoneInfo,
    month: date,
    until: date,
    changes: Sequence[Change],
    now: datetime,
) -> None:
    """Book the differences of a month that is settled before ``until``, an entry for each member.

    :raises mita.ledger.operations.StaleHeads: if another writer waits for this one (roll back and repeat)
    """
    if not changes:
        return
    infos = await wallet_queries.accounts(
        session,
        estate_id=row.estate_id,
        unit_ids=[change.unit_id for change in changes],
        utility=UTILITY,
    )
    accounts = {info.unit_id: info.account_id for info in infos}
    happened = from_us(local_midnight_s(until, zone=zone) * 1_000_000)
    for start in range(0, len(changes), _TOGETHER_MAX):
        some = changes[start : start + _TOGETHER_MAX]
        lines = [
            Line(accounts[change.unit_id], -sum(change.moves), EntryKind.SHARING)
            for change in some
            if sum(change.moves) != 0
        ]
        lines += await _system_lines(session, row=row, changes=some)
        seqs: dict[int, int] = {}
        if lines:
            movement = Movement(
                kind=JournalKind.CHARGE,
                lines=lines,
                actor="system:sharing",
                memo=f"shared generation of {row.name}, {month:%Y-%m}",
                event_at=min(happened, now),
            )
            seqs = (await ledger.book(session, estate_id=row.estate_id, movement=movement, now=now)).seqs
        await session.execute(
            insert(SharedMonth),
            [
                {
                    "estate_id": row.estate_id,
                    "sharing_group_id": row.sharing_group_id,
                    "unit_id": change.unit_id,
                    "month": month,
                    "until_on": until,
                    "account_id": accounts[change.unit_id],
                    "seq": seqs[accounts[change.unit_id]] if sum(change.moves) != 0 else None,
                    "old_micro": change.before.numbers,
                    "new_micro": change.after.numbers,
                    "created_at": now,
                }
                for change in some
            ],
        )


async def _system_lines(session: AsyncSession, *, row: SharingGroup, changes: Sequence[Change]) -> list[Line]:
    sums = [sum(change.moves[place] for change in changes) for place in range(len(_CODES))]
    codes = [code for code, amount in zip(_CODES, sums, strict=True) if amount != 0]
    currency = (await estate_queries.estate(session, estate_id=row.estate_id)).currency
    ids = await ledger.open_accounts(session, estate_id=row.estate_id, codes=codes, currency=currency)
    return [
        Line(ids[code], amount, kind)
        for code, amount, kind in zip(_CODES, sums, _KINDS, strict=True)
        if amount != 0
    ]
