"""What of an entry's net is for other roles than supply, where it cannot be rated again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import insert

from mita.charging.models import EntryRole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


class EntryRoleNet(NamedTuple):
    """The net that one entry gave to the income of one role."""

    account_id: int
    seq: int
    role: str
    net_micro: int


async def record_roles(session: AsyncSession, *, estate_id: int, nets: Sequence[EntryRoleNet]) -> None:
    """Keep the nets of roles of entries that were just booked."""
    if nets:
        rows = [{"estate_id": estate_id, **each._asdict()} for each in nets]
        await session.execute(insert(EntryRole), rows)
