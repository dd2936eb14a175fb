"""Orders that have expired are taken out of the queues of servers that know no expiry."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from mita.credit import queries as credit_queries
from mita.devices import queries as registry
from mita.drivers.known import TTS, driver_named
from mita.entrypoints.ingest.chirpstack import ServerAway, ServerRefused
from mita.entrypoints.ingest.things_stack import with_secret
from mita.entrypoints.switching import switchings
from mita.kit.seal import KeyGone, NotSealable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.credit.models import SupplyCommand
    from mita.drivers.lorawan.things_stack import Tts
    from mita.entrypoints.ingest.things_stack import TtsServer
    from mita.kit.db import Database

logger = logging.getLogger(__name__)

_EVERY = timedelta(minutes=1)
# how far back the first look goes, after a process was away
_AT_FIRST = timedelta(hours=1)


class TakingBack:
    """Looks once a minute for commands that have expired, and empties the queues that they may wait in.

    A device that wakes up later would carry them out, however long they are over.
    """

    def __init__(self, database: Database, *, tts: TtsServer) -> None:
        self._database = database
        self._tts = tts
        # estate -> until when nothing that expired waits any more
        self._done: dict[int, datetime] = {}
        self._looked_at: datetime | None = None

    async def look(self, estate_ids: Sequence[int], *, now: datetime) -> None:
        """Take back what has expired since the last look."""
        if self._looked_at is not None and now < self._looked_at + _EVERY:
            return
        self._looked_at = now
        for estate_id in estate_ids:
            since = self._done.get(estate_id, now - _AT_FIRST)
            async with self._database.unit_of_work(estates=[estate_id]) as session:
                if not await registry.uses_driver(session, estate_id=estate_id, driver=TTS):
                    continue
                expired = await credit_queries.expired_commands(
                    session, estate_id=estate_id, since=since, until=now
                )
                is_done = [await self._is_taken_back(session, command) for command in expired]
            if all(is_done):
                self._done[estate_id] = now

    async def _is_taken_back(self, session: AsyncSession, command: SupplyCommand) -> bool:
        found = await switchings(session, estate_id=command.estate_id, commands=[command])
        switching = found.get(command.command_id)
        if switching is None or switching.driver != TTS:
            return True
        try:
            device = await with_secret(session, switching.device, estate_id=command.estate_id)
            request = cast("Tts", driver_named(TTS)).taking_back(device)
            if request is not None:
                await self._tts.hand(request, device)
        except ServerAway as error:
            logger.warning("expired command may still wait device=%s error=%s", switching.device.name, error)
            return False
        except (ServerRefused, KeyGone, NotSealable) as error:
            logger.warning(
                "expired command is not taken back device=%s error=%s", switching.device.name, error
            )
        return True
