"""Manufacturers' codecs are stored as they were given."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from mita.devices import queries
from mita.devices.models import Codec
from mita.kit.errors import Conflict

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


class CodecInUse(Conflict):
    """Devices use the codec, or another one has its name."""

    code = "codec_in_use"
    title = "The codec is in use"


async def new_codec(session: AsyncSession, *, estate_id: int, name: str, body: str, now: datetime) -> Codec:
    """Store a codec; return it.

    :raises CodecInUse: if the estate has one of this name
    """
    row = Codec(
        estate_id=estate_id, name=name, body=body, sha256=_sha256(body), created_at=now, updated_at=now
    )
    await _flushed(session, row)
    return row


async def change_codec(
    session: AsyncSession, *, estate_id: int, codec_id: int, name: str, body: str, now: datetime
) -> Codec:
    """Give a codec another name or text; what arrives from then on is decoded by it.

    :raises NotFound: if the estate has no such codec
    :raises CodecInUse: if another one has this name
    """
    row = await queries.codec(session, estate_id=estate_id, codec_id=codec_id, lock=True)
    row.name, row.body, row.sha256 = name, body, _sha256(body)
    row.updated_at, row.version = now, row.version + 1
    await _flushed(session, row)
    return row


async def delete_codec(session: AsyncSession, *, estate_id: int, codec_id: int) -> None:
    """Delete a codec that no device uses.

    :raises NotFound: if the estate has no such codec
    :raises CodecInUse: if a device uses it, or used it once
    """
    row = await queries.codec(session, estate_id=estate_id, codec_id=codec_id, lock=True)
    try:
        async with session.begin_nested():
            await session.delete(row)
    except IntegrityError as error:
        raise CodecInUse(f"codec {codec_id} is used by devices") from error


async def _flushed(session: AsyncSession, row: Codec) -> None:
    name, estate_id = row.name, row.estate_id
    try:
        async with session.begin_nested():
            session.add(row)
            await session.flush()
    except IntegrityError as error:
        raise CodecInUse(f"estate {estate_id} has a codec {name!r} already") from error


def _sha256(body: str) -> bytes:
    return hashlib.sha256(body.encode()).digest()
