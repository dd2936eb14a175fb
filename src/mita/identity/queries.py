"""Reads of identity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from mita.identity.domain import Principal, token_hash
from mita.identity.models import ApiToken

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def principal_of_token(session: AsyncSession, *, token: str) -> Principal | None:
    """Return who a bearer token belongs to, or None for a token nobody issued."""
    name = await session.scalar(select(ApiToken.name).where(ApiToken.token_hash == token_hash(token)))
    return None if name is None else Principal(name)
