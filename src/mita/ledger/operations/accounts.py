"""Accounts are opened, and the months that their entries go to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.ledger.domain import genesis_hash
from mita.ledger.models import Account

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


_FLOORED = ("wallet:", "group:")


async def open_accounts(
    session: AsyncSession, *, estate_id: int, codes: Sequence[str], currency: str
) -> dict[str, int]:
    """Open the accounts that do not exist yet; return the id of each of ``codes``.

    What is authorised may not take an account of a wallet or a group below nothing.
    """
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
                "floor_micro": 0 if code.startswith(_FLOORED) else None,
                "head_seq": 0,
                "head_hash": genesis_hash(estate_id=estate_id, account_id=account_id),
            }
            for code, account_id in zip(missing, new.all(), strict=True)
        ]
        # in one order: who opens the same ones in another order must not wait in a ring
        rows.sort(key=lambda row: str(row["code"]))
        await session.execute(pg_insert(Account).on_conflict_do_nothing(), rows)
        ids = await _account_ids(session, estate_id=estate_id, codes=codes)
    return ids


async def _account_ids(session: AsyncSession, *, estate_id: int, codes: Sequence[str]) -> dict[str, int]:
    statement = select(Account.code, Account.account_id).where(
        Account.estate_id == estate_id, Account.code.in_(list(codes))
    )
    return {row.code: row.account_id for row in await session.execute(statement)}


async def ensure_entry_partition(session: AsyncSession, *, period: Any) -> bool:
    """Create the month's partition if it is missing; return whether it was."""
    made = await session.scalar(text("SELECT ensure_month_partition('entry', :month)"), {"month": period})
    return bool(made)
