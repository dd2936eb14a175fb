"""Whose topics bear a name that a bridge gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

_HOLDERS = text("SELECT alias, estate_id, name FROM devices_of_aliases(:driver, CAST(:aliases AS text[]))")


class Holder(NamedTuple):
    """A registered device and the name in its topics."""

    alias: str
    estate_id: int
    name: str


async def holders_of_aliases(session: AsyncSession, *, driver: str, aliases: Sequence[str]) -> list[Holder]:
    """Return the registered devices of a driver that are called so on their wire, of any estate."""
    rows = await session.execute(_HOLDERS, {"driver": driver, "aliases": list(aliases)})
    return [Holder(row.alias, row.estate_id, row.name) for row in rows]
