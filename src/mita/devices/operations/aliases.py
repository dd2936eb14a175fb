"""What registered devices are called on their wire, where a bridge gives them names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

_NAME = text(
    "UPDATE device_state AS s SET alias = n.alias"
    " FROM unnest(CAST(:names AS text[]), CAST(:aliases AS text[])) AS n (name, alias)"
    " JOIN device AS d ON d.estate_id = :estate_id AND d.name = n.name AND d.removed_at IS NULL"
    " WHERE s.estate_id = d.estate_id AND s.device_id = d.device_id AND s.alias IS DISTINCT FROM n.alias"
    " AND (s.alias IS NULL OR NOT :only_unnamed)"
)


async def name_devices(
    session: AsyncSession,
    *,
    estate_id: int,
    aliases: Mapping[str, str | None],
    only_unnamed: bool = False,
) -> None:
    """Note what devices are called on their wire, by their own names; None takes a name away.

    With ``only_unnamed`` those that have a name keep it. Devices that are not registered are left out.
    """
    names = sorted(aliases)
    values = {"names": names, "aliases": [aliases[name] for name in names]}
    await session.execute(_NAME, {"estate_id": estate_id, "only_unnamed": only_unnamed, **values})
