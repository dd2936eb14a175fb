"""Supply commands that wait for devices that post: given out with each answer until the device obeys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mita.credit import operations as credit
from mita.credit import queries as credit_queries
from mita.devices import queries as registry
from mita.drivers.known import driver_named
from mita.drivers.wire import Order
from mita.kit.clock import to_us
from mita.metering import queries as metering

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.credit.models import SupplyCommand
    from mita.kit.db import Database

_DRIVER = "mita"


async def waiting_orders(
    database: Database, *, estate_id: int, devices: Sequence[str], now: datetime
) -> list[dict[str, Any]]:
    """Return the commands that wait for some devices of an estate, oldest first, and note the attempt.

    One that the device has not confirmed is given out again with every answer: the last one may be lost.
    """
    found: list[dict[str, Any]] = []
    async with database.unit_of_work(estates=[estate_id]) as session:
        meters = [
            meter
            for device in sorted(set(devices))
            for meter in await metering.meters_behind(session, estate_id=estate_id, device=device)
        ]
        commands = await credit_queries.unfinished_commands(
            session, estate_id=estate_id, unit_ids=sorted({meter.unit_id for meter in meters})
        )
        for command in commands:
            if command.expires_at <= now:
                await credit.record_command_state(
                    session, estate_id=estate_id, command_id=command.command_id, state="failed", now=now
                )
            else:
                found += await _given(session, command, devices=devices, now=now)
    return found


async def _given(
    session: AsyncSession, command: SupplyCommand, *, devices: Sequence[str], now: datetime
) -> list[dict[str, Any]]:
    """Return the message to the device that switches the supply, if it is one of ``devices``."""
    meters = await metering.meters(session, estate_id=command.estate_id, unit_id=command.unit_id)
    meter = next((each for each in meters if each.utility == command.utility and each.device), None)
    if meter is None or meter.device is None or meter.device not in devices:
        return []
    configured = await registry.configured(session, estate_id=command.estate_id, names=[meter.device])
    device = configured[meter.device]
    driver = driver_named(_DRIVER)
    if driver is None or device.driver != _DRIVER:
        return []
    expires_s = to_us(command.expires_at) // 1_000_000
    order = Order(command.command_id, command.action == "on", expires_s, meter.serial)
    messages = driver.encode(order, device.device)
    abilities = driver.abilities(device.device)
    await credit.note_attempt(session, command=command, state="sent", answer_s=abilities.answer_s, now=now)
    return [json.loads(message.payload) for message in messages]
