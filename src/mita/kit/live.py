"""Live hints over PostgreSQL's NOTIFY: sent on commit, lost without harm."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import text

from mita.kit.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

CHANNEL = "mita_live"
# ids of persons whose access to wallets or roles changed; told to no client
ACCESS_TOPIC = "access"
COMMANDS_CHANNEL = "mita_commands"
# NOTIFY refuses payloads of 8,000 bytes and more; a longer list becomes "look at everything"
_IDS_MAX = 300


async def hint(session: AsyncSession, *, estate_id: int, topic: str, ids: Sequence[int] = ()) -> None:
    """Tell listeners that ``ids`` of ``topic`` changed in an estate; an empty list means any of them."""
    listed = sorted(set(map(int, ids)))
    payload = {
        "id": str(new_id()),
        "estate_id": estate_id,
        "topic": topic,
        "ids": listed if len(listed) <= _IDS_MAX else [],
    }
    await session.execute(
        text("SELECT pg_notify(:channel, :payload)"), {"channel": CHANNEL, "payload": json.dumps(payload)}
    )
