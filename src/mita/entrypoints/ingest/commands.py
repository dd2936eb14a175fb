"""Supply commands to devices: woken by the database, or every five seconds."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING

import psycopg

from mita.credit import operations as credit
from mita.credit import queries as credit_queries
from mita.entrypoints.ingest.faults import is_database_away
from mita.entrypoints.ingest.link import NotSent
from mita.estates import queries as estates
from mita.kit.clock import now_utc, to_us
from mita.kit.live import COMMANDS_CHANNEL
from mita.metering import queries as metering

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.credit.models import SupplyCommand
    from mita.entrypoints.ingest.link import Link
    from mita.kit.db import Database
    from mita.metering.models import Meter

logger = logging.getLogger(__name__)

POLL_S = 5.0
_COMMANDS_MAX = 10_000
_DELAY_S = 2.0


class CommandSender:
    """Publishes what was asked: asked -> sent, or failed once it has expired."""

    def __init__(self, database: Database, *, link: Link) -> None:
        self._database = database
        self._link = link
        self.sent = 0

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            try:
                await self._listen()
            except Exception as error:
                if not is_database_away(error):
                    raise
                logger.warning("commands wait for the database delay_s=%.1f error=%r", _DELAY_S, error)
                await asyncio.sleep(_DELAY_S)

    async def _listen(self) -> None:
        connection = await psycopg.AsyncConnection.connect(self._database.url, autocommit=True)
        async with connection:
            await connection.execute(f"LISTEN {COMMANDS_CHANNEL}")
            while True:
                await self.send_asked()
                # one notification is enough to look at everything
                async for _ in connection.notifies(timeout=POLL_S, stop_after=1):
                    pass

    async def send_asked(self) -> None:
        """Send all commands that are asked, oldest first."""
        if not self._link.is_connected:
            return
        async with self._database.unit_of_work(estates=[]) as session:
            estate_ids = await estates.platform_estate_ids(session)
        for estate_id in estate_ids:
            async with self._database.unit_of_work(estates=[estate_id]) as session:
                asked = await credit_queries.commands(
                    session, estate_id=estate_id, states=["asked"], limit=_COMMANDS_MAX
                )
                command_ids = [command.command_id for command in reversed(asked)]
            for command_id in command_ids:
                try:
                    await self._send(estate_id, command_id)
                except NotSent as error:
                    logger.warning("supply command waits command=%s error=%s", command_id, error)
                    return

    async def _send(self, estate_id: int, command_id: UUID) -> None:
        async with self._database.unit_of_work(estates=[estate_id]) as session:
            # held while it is published: an opposite asked meanwhile must reach the device after this one
            command = await credit_queries.command(
                session, estate_id=estate_id, command_id=command_id, lock=True
            )
            if command.state != "asked":
                return
            now = now_utc()
            state = "failed"
            if command.expires_at > now:
                meter = await _switching_meter(session, command)
                if meter is None:
                    return
                await self._link.publish(f"m/{meter.device}/down", _payload(command, meter))
                state = "sent"
                self.sent += 1
            await credit.record_command_state(
                session, estate_id=estate_id, command_id=command_id, state=state, now=now
            )


async def _switching_meter(session: AsyncSession, command: SupplyCommand) -> Meter | None:
    meters = await metering.meters(session, estate_id=command.estate_id, unit_id=command.unit_id)
    fitting = (meter for meter in meters if meter.utility == command.utility and meter.device is not None)
    return next(fitting, None)


def _payload(command: SupplyCommand, meter: Meter) -> bytes:
    """Return the message; ``meter`` tells a gateway with several relays which one is meant."""
    message = {
        "id": str(command.command_id),
        "relay": command.action,
        "meter": meter.serial,
        "exp": to_us(command.expires_at) // 1_000_000,
    }
    return json.dumps(message).encode()
