"""Supply commands that wait for devices that post: given out with each answer until the device obeys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mita.credit import operations as credit
from mita.credit import queries as credit_queries
from mita.drivers.known import driver_named
from mita.entrypoints.switching import open_wires, switchings
from mita.metering import queries as metering

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.credit.models import SupplyCommand
    from mita.entrypoints.switching import Switching
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
        switching = await switchings(session, estate_id=estate_id, commands=commands)
        wires = await open_wires(
            session, estate_id=estate_id, devices=[each.device for each in switching.values()]
        )
        for command in commands:
            if command.expires_at <= now:
                await credit.record_command_state(
                    session, estate_id=estate_id, command_id=command.command_id, state="failed", now=now
                )
            elif (known := switching.get(command.command_id)) is not None and (
                known.device.name in devices and "post" in wires[known.device.name]
            ):
                found += await _given(session, command, known, now=now)
    return found


async def _given(
    session: AsyncSession, command: SupplyCommand, switching: Switching, *, now: datetime
) -> list[dict[str, Any]]:
    """Return the messages to the device, if it speaks our own convention."""
    driver = driver_named(switching.driver)
    if driver is None or switching.driver != _DRIVER:
        return []
    messages = driver.encode(switching.order, switching.device)
    answer_s = driver.abilities(switching.device).answer_s
    await credit.note_attempt(session, command=command, state="sent", answer_s=answer_s, now=now)
    return [json.loads(message.payload) for message in messages]
