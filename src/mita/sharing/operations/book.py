"""What sharing changed is booked: to the members' wallets, from and to income and tax."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert

from mita.estates import queries as estate_queries
from mita.kit.clock import from_us
from mita.ledger import operations as ledger
from mita.ledger.domain import EntryKind, JournalKind
from mita.ledger.operations import Line, Movement
from mita.sharing.domain import ROOF, TAX
from mita.sharing.models import SharedMonth
from mita.sharing.operations.prices import UTILITY
from mita.tariffs.domain import ROLES, SUPPLY, local_midnight_s
from mita.wallets import queries as wallet_queries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.sharing.domain import MemberMonth
    from mita.sharing.models import SharingGroup

_TOGETHER_MAX = 1_900
# the incomes of what the grid supplied, by role, and of the roof, and the tax on all
_CODES = {
    **{role: f"income:{UTILITY}" if role == SUPPLY else f"income:{UTILITY}:{role}" for role in ROLES},
    ROOF: "income:solar",
    TAX: "tax",
}


@dataclass(frozen=True, slots=True)
class Change:
    """What a member's month was and is now."""

    unit_id: int
    before: MemberMonth
    after: MemberMonth

    @property
    def moves(self) -> dict[str, int]:
        """What the difference gives to the income of each role, to that of the roof, and to tax."""
        return self.after.moves(self.before)

    @property
    def gain_micro(self) -> int:
        """What the difference gives to the wallet."""
        return self.after.worth_micro - self.before.worth_micro


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
            Line(accounts[change.unit_id], change.gain_micro, EntryKind.SHARING)
            for change in some
            if change.gain_micro != 0
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
                    "seq": seqs[accounts[change.unit_id]] if change.gain_micro != 0 else None,
                    "old_micro": change.before.numbers,
                    "new_micro": change.after.numbers,
                    "created_at": now,
                }
                for change in some
            ],
        )


async def _system_lines(session: AsyncSession, *, row: SharingGroup, changes: Sequence[Change]) -> list[Line]:
    sums: Counter[str] = Counter()
    for change in changes:
        sums.update(change.moves)
    amounts = {_CODES[what]: (amount, what) for what, amount in sums.items() if amount != 0}
    currency = (await estate_queries.estate(session, estate_id=row.estate_id)).currency
    ids = await ledger.open_accounts(session, estate_id=row.estate_id, codes=list(amounts), currency=currency)
    return [
        Line(ids[code], amount, EntryKind.TAX if what == TAX else EntryKind.INCOME)
        for code, (amount, what) in amounts.items()
    ]
