"""Reads of the limit of losses, and of who is above it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, text

from mita.metering.models import LossRule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

# a tenth of what a bulk meter says
LOSS_LIMIT_MICRO = 100_000
# numeric: the product of two millionths does not fit into a bigint
_ABOVE = text("""
    SELECT l.estate_id, count(*) FROM month_loss AS l LEFT JOIN loss_rule AS r USING (estate_id)
    WHERE l.estate_id = ANY (:estate_ids) AND l.difference_micro::numeric * 1000000 > l.bulk_micro::numeric
        * CASE WHEN r.estate_id IS NULL THEN :usual ELSE r.limit_micro END
    GROUP BY l.estate_id
""")


async def loss_limit_micro(session: AsyncSession, *, estate_id: int) -> int | None:
    """Return from which loss on a bulk meter needs attention, in millionths; None is never."""
    statement = select(LossRule.limit_micro).where(LossRule.estate_id == estate_id)
    found = (await session.execute(statement)).one_or_none()
    return LOSS_LIMIT_MICRO if found is None else found.limit_micro


async def losses_above(session: AsyncSession, *, estate_ids: Sequence[int]) -> dict[int, int]:
    """Return how many bulk meters lost more than the limit in the last whole month, by estate id."""
    rows = await session.execute(_ABOVE, {"estate_ids": list(estate_ids), "usual": LOSS_LIMIT_MICRO})
    return dict.fromkeys(estate_ids, 0) | {row[0]: row[1] for row in rows}
