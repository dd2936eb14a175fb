"""What was used and not yet posted: live in the balance, held on the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mita.kit.columns import pg_array, register_arrays
from mita.kit.db import driver_connection
from mita.ledger.operations.journals import PLAN, StaleHeads

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy.ext.asyncio import AsyncSession

_ACCRUE = """
    UPDATE account AS a
    SET held_micro = a.held_micro + n.amount_micro, accrued_micro = a.accrued_micro + n.amount_micro
    FROM unnest(%b, %b, %b) AS n (account_id, expected_seq, amount_micro)
    WHERE a.estate_id = %s AND a.account_id = n.account_id AND a.head_seq = n.expected_seq
"""


async def accrue(
    session: AsyncSession,
    *,
    estate_id: int,
    account_id: NDArray[np.int64],
    expected_seq: NDArray[np.int64],
    amount_micro: NDArray[np.int64],
) -> None:
    """Add to what accounts have accrued, fenced by their ``seq``; arrays of one length, each account once.

    :raises StaleHeads: if an account has moved meanwhile (roll back, load, repeat)
    """
    connection = await driver_connection(session)
    register_arrays(connection.adapters)
    by_id = np.argsort(account_id)
    arrays = [pg_array("bigint", values[by_id]) for values in (account_id, expected_seq, amount_micro)]
    await connection.execute(PLAN.format("off") + ", ledger_books_lock(%s, false)", (estate_id,))
    cursor = await connection.execute(_ACCRUE, (*arrays, estate_id))
    await connection.execute(PLAN.format("on"))
    if cursor.rowcount != len(by_id):
        short = len(by_id) - cursor.rowcount
        raise StaleHeads(f"{short} accounts of estate {estate_id} moved meanwhile")
