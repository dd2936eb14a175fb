"""Supply commands to devices: woken by the database, or every five seconds."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import psycopg

from mita.credit import operations as credit
from mita.credit import queries as credit_queries
from mita.drivers.known import OVER_MQTT, driver_named
from mita.entrypoints.ingest.chirpstack import ServerAway, ServerRefused
from mita.entrypoints.ingest.faults import is_database_away
from mita.entrypoints.ingest.link import NotSent
from mita.entrypoints.switching import switchings
from mita.estates import queries as estates
from mita.kit.clock import now_utc
from mita.kit.live import COMMANDS_CHANNEL

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.credit.models import SupplyCommand
    from mita.drivers.wire import Device
    from mita.entrypoints.ingest.chirpstack import ChirpStackServer
    from mita.entrypoints.ingest.link import Link
    from mita.entrypoints.switching import Switching
    from mita.kit.db import Database

logger = logging.getLogger(__name__)

POLL_S = 5.0
_COMMANDS_MAX = 10_000
_DELAY_S = 2.0


class CommandSender:
    """Publishes what was asked: asked -> sent, or failed once it has expired."""

    def __init__(self, database: Database, *, link: Link, chirpstack: ChirpStackServer | None = None) -> None:
        self._database = database
        self._link = link
        self._chirpstack = chirpstack
        self._is_server_away = False
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
        """Send all commands that are asked, and again those without an answer that was due; oldest first."""
        if not self._link.is_connected:
            return
        self._is_server_away = False
        async with self._database.unit_of_work(estates=[]) as session:
            estate_ids = await estates.platform_estate_ids(session)
        for estate_id in estate_ids:
            async with self._database.unit_of_work(estates=[estate_id]) as session:
                command_ids = await credit_queries.due_commands(
                    session, estate_id=estate_id, now=now_utc(), limit=_COMMANDS_MAX
                )
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
            if command.state in ("confirmed", "failed"):
                return
            now = now_utc()
            # another process may have sent it while this one waited for the row
            if command.state != "asked" and (command.answer_due_at is None or command.answer_due_at > now):
                return
            if command.expires_at <= now:
                await credit.record_command_state(
                    session, estate_id=estate_id, command_id=command_id, state="failed", now=now
                )
                return
            found = await switchings(session, estate_id=estate_id, commands=[command])
            if command_id in found:
                await self._give(session, command, found[command_id])

    async def _give(self, session: AsyncSession, command: SupplyCommand, switching: Switching) -> None:
        """Give a command to its device, if that has a switch and listens at the broker."""
        driver = driver_named(switching.driver)
        if driver is None or switching.driver not in OVER_MQTT:
            return
        messages = driver.encode(switching.order, switching.device)
        if not messages:
            return
        if switching.driver == "chirpstack" and not await self._is_flushed(switching.device):
            return
        for message in messages:
            await self._link.publish(message.channel, message.payload)
        abilities = driver.abilities(switching.device)
        await credit.note_attempt(
            session,
            command=command,
            # a server keeps it until its gateway sends it, and says so
            state="queued" if switching.driver == "chirpstack" else "sent",
            answer_s=abilities.answer_s,
            now=now_utc(),
        )
        self.sent += 1

    async def _is_flushed(self, device: Device) -> bool:
        """Take back what still waits at the server: a stale opposite would be carried out as well."""
        if self._chirpstack is None:
            return True
        if self._is_server_away:
            # each call would wait for its answer, and every command after it
            return False
        try:
            await self._chirpstack.flush(device.address)
        except ServerAway as error:
            self._is_server_away = True
            logger.warning(
                "supply command waits for the LoRaWAN server device=%s error=%s", device.name, error
            )
            return False
        except ServerRefused as error:
            logger.warning("the LoRaWAN server refuses device=%s error=%s", device.name, error)
        return True
