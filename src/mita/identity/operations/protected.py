"""Messages that devices protect by OSCORE: the token behind one, and which of its numbers were taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from mita.identity.models import DeviceReplay, DeviceToken
from mita.identity.models.keys import DEVICE_TOKEN
from mita.kit.seal import seals_of

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

KID_BYTES = 7


@dataclass(frozen=True, slots=True)
class Shielded:
    """A live device token as the key of messages, and the replay window, which is held."""

    device: str
    token: str
    replay: DeviceReplay


async def token_of_kid(session: AsyncSession, *, kid: bytes) -> tuple[int, UUID] | None:
    """Return (estate, device token) of a live token whose SHA-256 begins with ``kid``, or None."""
    if len(kid) != KID_BYTES:
        return None
    statement = text("SELECT estate_id, device_token_id FROM device_token_of_kid(:asked, now())")
    found = (await session.execute(statement, {"asked": kid})).one_or_none()
    return None if found is None else (found.estate_id, found.device_token_id)


async def hold_shielded(session: AsyncSession, *, estate_id: int, device_token_id: UUID) -> Shielded | None:
    """Return a token and its replay window, held until the end of the transaction; None if it has none.

    Whoever takes a message writes into the window, here, which number it had: with the commit nobody takes it
    again, in whatever process.

    :raises KeyGone: if the token was sealed with a key that is gone
    """
    row = await session.get(DeviceToken, (estate_id, device_token_id), populate_existing=True)
    if row is None or row.token_sealed is None or row.revoked_at is not None:
        return None
    named = {"estate_id": estate_id, "device_token_id": device_token_id}
    await session.execute(insert(DeviceReplay).values(named).on_conflict_do_nothing())
    statement = select(DeviceReplay).filter_by(**named).with_for_update()
    replay = (await session.scalars(statement.execution_options(populate_existing=True))).one()
    token = seals_of(session).open(bytes(row.token_sealed), about=DEVICE_TOKEN.about).decode()
    return Shielded(row.device, token, replay)
