"""Reads of solar installations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from mita.kit.errors import NotFound
from mita.solar.domain import CreditPart, Panels, Shares
from mita.solar.models import SolarCredit, SolarInstallation, SolarShare

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession


async def installation(
    session: AsyncSession, *, estate_id: int, solar_installation_id: int, lock: bool = False
) -> SolarInstallation:
    """Return an installation; with ``lock`` nobody else changes it until the transaction ends.

    :raises NotFound: if the estate has no such installation
    """
    statement = select(SolarInstallation).where(
        SolarInstallation.estate_id == estate_id,
        SolarInstallation.solar_installation_id == solar_installation_id,
    )
    found = await session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NotFound(f"solar installation {solar_installation_id} does not exist in estate {estate_id}")
    return found


async def installations(
    session: AsyncSession, *, estate_id: int, after_id: int = 0, limit: int | None = None
) -> Sequence[SolarInstallation]:
    """Return an estate's installations by id, ``limit`` at most after ``after_id``."""
    statement = (
        select(SolarInstallation)
        .where(SolarInstallation.estate_id == estate_id, SolarInstallation.solar_installation_id > after_id)
        .order_by(SolarInstallation.solar_installation_id)
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def panels(session: AsyncSession, *, estate_id: int, rows: Sequence[SolarInstallation]) -> list[Panels]:
    """Return installations with their shares."""
    wanted = [row.solar_installation_id for row in rows]
    found: dict[int, list[Shares]] = {installation_id: [] for installation_id in wanted}
    statement = (
        select(SolarShare)
        .where(SolarShare.estate_id == estate_id, SolarShare.solar_installation_id.in_(wanted))
        .order_by(SolarShare.solar_share_id)
    )
    for share in await session.scalars(statement):
        found[share.solar_installation_id].append(Shares(share.unit_id, share.from_on, share.share_micro))
    return [
        Panels(
            row.solar_installation_id,
            row.name,
            row.capacity_micro,
            row.price_micro,
            row.first_on,
            row.until_on,
            tuple(found[row.solar_installation_id]),
        )
        for row in rows
    ]


async def credits_of_month(
    session: AsyncSession, *, estate_id: int, month: date, after_id: int = 0, limit: int | None = None
) -> list[SolarCredit]:
    """Return what is booked for a month, a row for each home after one, by unit id; no ``limit`` is all."""
    statement = (
        select(SolarCredit)
        .ext(distinct_on(SolarCredit.unit_id))
        .where(SolarCredit.estate_id == estate_id, SolarCredit.month == month, SolarCredit.unit_id > after_id)
        .order_by(SolarCredit.unit_id, SolarCredit.solar_credit_id.desc())
        .limit(limit)
    )
    return list(await session.scalars(statement))


async def credit_of_entry(
    session: AsyncSession, *, estate_id: int, account_id: int, seq: int
) -> list[SolarCredit]:
    """Return what an entry booked, and what became of the same month later; empty if it is no credit."""
    first = await session.scalar(
        select(SolarCredit).where(
            SolarCredit.estate_id == estate_id, SolarCredit.account_id == account_id, SolarCredit.seq == seq
        )
    )
    if first is None:
        return []
    statement = (
        select(SolarCredit)
        .where(
            SolarCredit.estate_id == estate_id,
            SolarCredit.unit_id == first.unit_id,
            SolarCredit.month == first.month,
            SolarCredit.solar_credit_id >= first.solar_credit_id,
        )
        .order_by(SolarCredit.solar_credit_id)
    )
    return list(await session.scalars(statement))


def parts_of(row: SolarCredit) -> tuple[CreditPart, ...]:
    """Return what a credit is made of."""
    return tuple(CreditPart(**part) for part in row.parts)
