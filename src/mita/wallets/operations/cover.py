"""The general account pays what a utility lacks, before anybody hears of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.ledger import operations as ledger
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import EntryKind, JournalKind
from mita.ledger.operations import Line, Movement
from mita.wallets import queries
from mita.wallets.domain import GENERAL, Lacking, find_lacking, plan_covers
from mita.wallets.operations.rows import hold_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.wallets.queries import AccountInfo

ACTOR = "system:wallets"


async def cover_lacking(
    session: AsyncSession,
    *,
    estate_id: int,
    accounts: Sequence[AccountInfo],
    balances_micro: Mapping[int, int],
    now: datetime,
) -> None:
    """Let general accounts pay to those of ``accounts`` that would stand low or out, as far as they can.

    The caller holds the rows of ``accounts``. One journal for each wallet that pays.
    """
    watched = [each for each in accounts if _lacking(each, balances_micro, cover_micro=0) is not None]
    if not watched:
        return
    wallet_ids = sorted({each.wallet_id for each in watched})
    available = await _available(session, estate_id=estate_id, wallet_ids=wallet_ids)
    if not available:
        return
    rules = await queries.allocation_rules(session, estate_id=estate_id)
    for wallet_id, (general_id, available_micro) in available.items():
        lacking = [
            found
            for each in watched
            if each.wallet_id == wallet_id
            and (found := _lacking(each, balances_micro, cover_micro=rules.cover_micro)) is not None
        ]
        parts = plan_covers(available_micro, lacking=lacking)
        movement = Movement(
            kind=JournalKind.COVER,
            lines=[
                Line(general_id, -sum(parts.values()), EntryKind.COVER),
                *(Line(account_id, part, EntryKind.COVER) for account_id, part in sorted(parts.items())),
            ],
            actor=ACTOR,
            memo="from the general account",
        )
        await ledger.book(session, estate_id=estate_id, movement=movement, now=now)


def _lacking(account: AccountInfo, balances_micro: Mapping[int, int], *, cover_micro: int) -> Lacking | None:
    return find_lacking(
        account.account_id,
        standing=account.standing,
        balance_micro=balances_micro[account.account_id],
        lines=account.lines,
        cover_micro=cover_micro,
    )


async def _available(
    session: AsyncSession, *, estate_id: int, wallet_ids: Sequence[int]
) -> dict[int, tuple[int, int]]:
    """Return wallet -> (general account, what it has available), of those that have something; held."""
    generals = await queries.accounts(session, estate_id=estate_id, wallet_ids=wallet_ids, utility=GENERAL)
    wallet_of = {each.account_id: each.wallet_id for each in generals}
    balances = await ledger_queries.balances(session, estate_id=estate_id, account_ids=list(wallet_of))
    rich = [account_id for account_id, balance in balances.items() if balance > 0]
    if not rich:
        return {}
    held = await hold_rows(session, estate_id=estate_id, account_ids=rich)
    return {
        wallet_of[account_id]: (account_id, account.posted_micro - account.held_micro)
        for account_id, account in held.items()
        if account.posted_micro > account.held_micro
    }
