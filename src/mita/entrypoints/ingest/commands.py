"""Supply commands to devices: woken by the database, or every five seconds."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

import psycopg

from mita.credit import operations as credit
from mita.credit import queries as credit_queries
from mita.devices import queries as registry
from mita.drivers.codecs.runner import CodecFailed
from mita.drivers.known import CHIRPSTACK, LORAWAN, OVER_MQTT, TTS, driver_named
from mita.entrypoints.ingest.chirpstack import ServerAway, ServerRefused
from mita.entrypoints.ingest.encoding import Encoder
from mita.entrypoints.ingest.faults import is_database_away
from mita.entrypoints.ingest.link import NotSent
from mita.entrypoints.ingest.taking_back import TakingBack
from mita.entrypoints.ingest.things_stack import with_secret
from mita.entrypoints.switching import open_wires, switchings
from mita.estates import queries as estates
from mita.kit.clock import now_utc
from mita.kit.live import COMMANDS_CHANNEL
from mita.kit.seal import KeyGone, NotSealable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.credit.models import SupplyCommand
    from mita.drivers.wire import Device, Outgoing
    from mita.entrypoints.ingest.chirpstack import ChirpStackServer
    from mita.entrypoints.ingest.link import Link
    from mita.entrypoints.ingest.things_stack import TtsServer
    from mita.entrypoints.switching import Switching
    from mita.kit.db import Database

logger = logging.getLogger(__name__)

POLL_S = 5.0
_COMMANDS_MAX = 10_000
_DELAY_S = 2.0
# what was refused is tried again after so long, and each time after twice that
_HELD_FIRST_S, _HELD_MAX_S = 15.0, 900.0
_HELD_DEVICES_MAX = 10_000


class CommandSender:
    """Gives what was asked to its wire: asked -> queued or sent, or failed once it has expired."""

    def __init__(
        self,
        database: Database,
        *,
        link: Link,
        chirpstack: ChirpStackServer | None = None,
        tts: TtsServer | None = None,
    ) -> None:
        self._database = database
        self._link = link
        self._chirpstack = chirpstack
        self._tts = tts
        self._taking_back = None if tts is None else TakingBack(database, tts=tts)
        self._encoder = Encoder()
        self._is_server_away = self._is_broker_away = False
        # device -> until when it is left alone, and for how long then
        self._held: dict[str, tuple[float, float]] = {}
        self.sent = 0

    async def close(self) -> None:
        """Let go of what encodes."""
        await self._encoder.close()

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
        self._is_broker_away = not self._link.is_connected
        self._is_server_away = False
        if self._is_broker_away and self._tts is None:
            return
        async with self._database.unit_of_work(estates=[]) as session:
            estate_ids = await estates.platform_estate_ids(session)
        if self._taking_back is not None:
            await self._taking_back.look(estate_ids, now=now_utc())
        for estate_id in estate_ids:
            for command_id in await self._due(estate_id):
                try:
                    await self._send(estate_id, command_id)
                except NotSent as error:
                    logger.warning("supply command waits command=%s error=%s", command_id, error)
                    if self._tts is None:
                        return
                    self._is_broker_away = True

    async def _due(self, estate_id: int) -> list[UUID]:
        async with self._database.unit_of_work(estates=[estate_id]) as session:
            if self._is_broker_away and not await registry.uses_driver(
                session, estate_id=estate_id, driver=TTS
            ):
                return []
            return await credit_queries.due_commands(
                session, estate_id=estate_id, now=now_utc(), limit=_COMMANDS_MAX
            )

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
            # an off that was asked meanwhile comes first, whatever the order in which they were asked
            if await credit_queries.waits_for_supply(session, command=command):
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
        """Give a command to its device, if that has a switch and a wire that is ours to write on."""
        driver, device = driver_named(switching.driver), switching.device
        if driver is None or not self._is_open(switching.driver) or self._is_held(device.name):
            return
        if switching.driver == "mita":
            wires = await open_wires(session, estate_id=command.estate_id, devices=[device])
            if "mqtt" not in wires[device.name]:
                # it is given out with the answer to what the device posts
                return
        try:
            messages = await self._encoder.messages(
                switching.order,
                device,
                driver=driver,
                codec=await _codec_of(session, switching, estate_id=command.estate_id),
            )
            if not messages or not await self._is_handed_over(
                session, switching, messages, estate_id=command.estate_id
            ):
                return
        except (CodecFailed, ServerRefused, KeyGone, NotSealable) as error:
            # the others must not wait for it
            await self._hold(session, command, device=device.name, reason=str(error))
            return
        self._held.pop(device.name, None)
        await credit.note_attempt(
            session,
            command=command,
            # a server keeps what it was given until a gateway sends it, and says so then
            state="queued" if switching.driver in LORAWAN else "sent",
            answer_s=driver.abilities(device).answer_s,
            now=now_utc(),
        )
        self.sent += 1

    def _is_open(self, driver: str) -> bool:
        if driver == TTS:
            return self._tts is not None
        return driver in OVER_MQTT and not self._is_broker_away

    async def _is_handed_over(
        self, session: AsyncSession, switching: Switching, messages: Sequence[Outgoing], *, estate_id: int
    ) -> bool:
        if switching.driver == TTS:
            device = await with_secret(session, switching.device, estate_id=estate_id)
            return await self._is_posted(device, messages)
        if switching.driver == CHIRPSTACK and not await self._is_flushed(switching.device):
            return False
        for message in messages:
            await self._link.publish(message.channel, message.payload)
        return True

    async def _is_posted(self, device: Device, messages: Sequence[Outgoing]) -> bool:
        assert self._tts is not None, "only what is open comes here"
        try:
            for message in messages:
                await self._tts.hand(message, device)
        except ServerAway as error:
            logger.warning("supply command waits for The Things Stack device=%s error=%s", device.name, error)
            return False
        return True

    def _is_held(self, device: str) -> bool:
        return self._held.get(device, (0.0, 0.0))[0] > time.monotonic()

    async def _hold(self, session: AsyncSession, command: SupplyCommand, *, device: str, reason: str) -> None:
        """Tell why a command could not be given, and leave its device alone for a while."""
        delay_s = min(self._held.get(device, (0.0, _HELD_FIRST_S / 2))[1] * 2, _HELD_MAX_S)
        if len(self._held) >= _HELD_DEVICES_MAX:
            self._held.clear()
        self._held[device] = (time.monotonic() + delay_s, delay_s)
        logger.warning("supply command is not taken device=%s delay_s=%.0f error=%s", device, delay_s, reason)
        await credit.record_step(
            session,
            estate_id=command.estate_id,
            command_id=command.command_id,
            state="failed",
            reason=reason,
            may_retry=True,
            now=now_utc(),
        )

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


async def _codec_of(session: AsyncSession, switching: Switching, *, estate_id: int) -> str | None:
    if switching.codec_id is None:
        return None
    found = await registry.codecs_by_id(session, estate_id=estate_id, codec_ids=[switching.codec_id])
    return found.get(switching.codec_id)
