"""Rows of accounts are held before what follows from their balances is decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.errors import DeadlockDetected
from sqlalchemy.exc import DBAPIError

from mita.ledger import queries as ledger_queries
from mita.ledger.operations import StaleHeads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


async def hold_rows(session: AsyncSession, *, estate_id: int, account_ids: Sequence[int]) -> dict[int, Any]:
    """Hold accounts until the transaction ends, in key order; return their rows by id.

    :raises StaleHeads: if somebody who held others in another order had to go first (roll back and repeat)
    :raises mita.kit.errors.NotFound: if one of them does not exist
    """
    try:
        return await ledger_queries.lock_accounts(session, estate_id=estate_id, account_ids=account_ids)
    except DBAPIError as error:
        if isinstance(error.orig, DeadlockDetected):
            raise StaleHeads("two writers waited for each other") from error
        raise
