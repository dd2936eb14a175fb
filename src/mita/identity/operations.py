"""Writes of identity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from mita.identity.domain import token_hash
from mita.identity.models import ApiToken

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


async def replace_token(session: AsyncSession, *, name: str, token: str, now: datetime) -> None:
    """Make ``token`` the only one called ``name``; only its hash is stored."""
    await session.execute(
        delete(ApiToken).where(ApiToken.name == name, ApiToken.token_hash != token_hash(token))
    )
    row = {"token_hash": token_hash(token), "name": name, "created_at": now}
    await session.execute(insert(ApiToken).values(row).on_conflict_do_nothing())
