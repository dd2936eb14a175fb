"""Reads of codecs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from mita.devices.models import Codec
from mita.kit.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


async def codec(session: AsyncSession, *, estate_id: int, codec_id: int, lock: bool = False) -> Codec:
    """Return one codec; ``lock`` holds its row.

    :raises NotFound: if the estate has no such codec
    """
    found = await session.get(
        Codec, (estate_id, codec_id), with_for_update=True if lock else None, populate_existing=True
    )
    if found is None:
        raise NotFound(f"codec {codec_id} does not exist in estate {estate_id}")
    return found


async def codecs(
    session: AsyncSession, *, estate_id: int, after_id: int = 0, limit: int = 100
) -> Sequence[Codec]:
    """Return an estate's codecs by id."""
    statement = select(Codec).where(Codec.estate_id == estate_id, Codec.codec_id > after_id)
    return (await session.scalars(statement.order_by(Codec.codec_id).limit(limit))).all()


async def codecs_by_id(session: AsyncSession, *, estate_id: int, codec_ids: Sequence[int]) -> dict[int, str]:
    """Return the texts of codecs by their ids."""
    statement = select(Codec.codec_id, Codec.body).where(
        Codec.estate_id == estate_id, Codec.codec_id.in_(list(codec_ids))
    )
    return {row.codec_id: row.body for row in await session.execute(statement)}
