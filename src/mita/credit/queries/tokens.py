"""Reads of meter tokens: one, a meter's, those that are due, and which meters take any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select

from mita.credit.domain import OPEN_TOKEN_STATES
from mita.credit.models import MeterToken
from mita.devices import queries as registry
from mita.drivers.known import POLLED, driver_named
from mita.drivers.wire import Device
from mita.kit.errors import NotFound
from mita.metering import queries as metering

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class DueToken:
    """A token that is to be given, or looked after, and its meter."""

    estate_id: int
    meter_token_id: UUID
    unit_id: int
    meter_id: int


def takes_tokens(device: str | None) -> bool:
    """Tell whether what speaks for a meter, by its name on the wire, can be given tokens from here."""
    if device is None:
        return False
    name = registry.driver_in(device)
    driver = driver_named(name)
    return driver is not None and name in POLLED and driver.abilities(Device(device, ())).cut == "token"


async def token_meters(
    session: AsyncSession, *, estate_id: int, unit_ids: Sequence[int]
) -> dict[tuple[int, str], list[int]]:
    """Return the meters that take tokens, by unit and utility."""
    found: dict[tuple[int, str], list[int]] = {}
    for meter in await metering.meters_with_devices(session, estate_id=estate_id, unit_ids=unit_ids):
        if meter.removed_at is None and takes_tokens(meter.device):
            found.setdefault((meter.unit_id, meter.utility), []).append(meter.meter_id)
    return found


async def meter_token(
    session: AsyncSession, *, estate_id: int, meter_id: int, meter_token_id: UUID
) -> MeterToken:
    """Return one token of a meter.

    :raises NotFound: if the meter has no such token
    """
    found = await session.get(MeterToken, (estate_id, meter_token_id), populate_existing=True)
    if found is None or found.meter_id != meter_id:
        raise NotFound(f"token {meter_token_id} of meter {meter_id} does not exist in estate {estate_id}")
    return found


async def meter_tokens(
    session: AsyncSession, *, estate_id: int, meter_id: int, before: UUID | None = None, limit: int = 100
) -> Sequence[MeterToken]:
    """Return a meter's tokens, newest first, ``limit`` at most older than ``before``."""
    statement = select(MeterToken).where(MeterToken.estate_id == estate_id, MeterToken.meter_id == meter_id)
    if before is not None:
        statement = statement.where(MeterToken.meter_token_id < before)
    return (await session.scalars(statement.order_by(MeterToken.meter_token_id.desc()).limit(limit))).all()


async def open_token_count(session: AsyncSession, *, estate_id: int, meter_id: int) -> int:
    """Return how many tokens of a meter wait for it, or for an answer."""
    statement = select(func.count()).where(
        MeterToken.estate_id == estate_id,
        MeterToken.meter_id == meter_id,
        MeterToken.state.in_(OPEN_TOKEN_STATES),
    )
    return int((await session.scalars(statement)).one())


async def due_tokens(
    session: AsyncSession, *, estate_ids: Sequence[int], now: datetime, limit: int
) -> list[DueToken]:
    """Return open tokens of some estates that are due and in nobody's hands."""
    statement = (
        select(MeterToken.estate_id, MeterToken.meter_token_id, MeterToken.unit_id, MeterToken.meter_id)
        .where(
            MeterToken.estate_id.in_(list(estate_ids)),
            MeterToken.state.in_(OPEN_TOKEN_STATES),
            MeterToken.due_at <= now,
            MeterToken.expires_at > now,
            or_(MeterToken.claimed_until.is_(None), MeterToken.claimed_until <= now),
        )
        # of a meter the oldest goes first, and holds up those after it
        .order_by(MeterToken.meter_token_id)
        .limit(limit)
    )
    return [DueToken(*row) for row in await session.execute(statement)]
