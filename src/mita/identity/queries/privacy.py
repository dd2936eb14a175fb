"""Reads of data protection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from mita.identity.domain import RETENTION_DAYS
from mita.identity.models import Consent, Erasure, RetentionRule

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


async def consents(session: AsyncSession, *, person_id: int) -> Sequence[Consent]:
    """Return what a person agreed to and took back, newest first."""
    statement = select(Consent).where(Consent.person_id == person_id).order_by(Consent.consent_id.desc())
    return (await session.scalars(statement)).all()


async def erasures(
    session: AsyncSession, *, person_id: int | None = None, before: UUID | None = None, limit: int = 100
) -> Sequence[Erasure]:
    """Return what was asked to be forgotten, newest first; ``person_id`` of None is anybody."""
    statement = select(Erasure).order_by(Erasure.erasure_id.desc()).limit(limit)
    if person_id is not None:
        statement = statement.where(Erasure.person_id == person_id)
    if before is not None:
        statement = statement.where(Erasure.erasure_id < before)
    return (await session.scalars(statement)).all()


async def retention_days(session: AsyncSession) -> dict[str, int]:
    """Return for how many days each kind of data is kept: as set, else the default."""
    rows = await session.scalars(select(RetentionRule))
    return {**RETENTION_DAYS, **{row.kind: row.days for row in rows.all() if row.kind in RETENTION_DAYS}}
