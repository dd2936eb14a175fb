"""Devices of our own convention ask for their next token over MQTT, and hear it on a topic of their own."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from mita.drivers.mqtt.routes import RENEW
from mita.drivers.own import BadRenewal, decode_renewal, not_renewed, renewed
from mita.entrypoints.ingest.devices import NOBODY, DeviceBook
from mita.entrypoints.ingest.faults import is_database_away
from mita.identity import operations, queries
from mita.kit import context
from mita.kit.clock import now_utc
from mita.kit.errors import NotFound, Refusal
from mita.kit.seal import KeyGone, NotSealable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mita.drivers.wire import Outgoing
    from mita.entrypoints.ingest.inbox import Arrival
    from mita.kit.db import Database

logger = logging.getLogger(__name__)

# who asks more often is not heard: each time is a transaction
HELD_S = 10.0
_HELD_DEVICES_MAX = 10_000


class Renewals:
    """Answers what asks for a token, once it is committed, through ``tell``.

    Neither the one that is shown nor the one that is given is logged or kept. Who got no answer asks again:
    an ask is not waited for when the database is away, so that readings behind it are not.
    """

    def __init__(self, database: Database, *, tell: Callable[[str, bytes], None]) -> None:
        self._database = database
        self._tell = tell
        self._devices = DeviceBook(database)
        self._held: dict[str, float] = {}

    async def answered(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        """Answer those that ask, and return the others, which are readings or say something else."""
        others = []
        for arrival in arrivals:
            if not _asks(arrival):
                others.append(arrival)
            elif await self._answer(arrival):
                arrival.settle()
            else:
                others.append(arrival)
        return others

    async def _answer(self, arrival: Arrival) -> bool:
        """Answer one that asks; False if it is nobody's device, which is for who lists strangers."""
        device = arrival.device
        try:
            estate_id = (await self._devices.estates_of([device]))[device]
            if estate_id == NOBODY:
                return False
            if not arrival.is_retained and not self._is_held(device):
                message = await self._message(arrival, estate_id=estate_id)
                self._tell(message.channel, message.payload)
        except Exception as error:
            if not is_database_away(error):
                raise
            logger.warning("token not renewed, the database is away device=%r error=%r", device, error)
        return True

    def _is_held(self, device: str) -> bool:
        now = time.monotonic()
        if self._held.get(device, 0.0) > now:
            return True
        if len(self._held) >= _HELD_DEVICES_MAX:
            self._held.clear()
        self._held[device] = now + HELD_S
        return False

    async def _message(self, arrival: Arrival, *, estate_id: int) -> Outgoing:
        device = arrival.device
        try:
            shown = decode_renewal(arrival.payload)
            return await self._renewed(device, shown=shown, estate_id=estate_id)
        except BadRenewal as error:
            code, detail = "invalid", str(error)
        except Refusal as error:
            code, detail = error.code, error.detail
        except (KeyGone, NotSealable):
            code, detail = "not_sealable", "this installation cannot keep a new token now"
        logger.warning("token not renewed device=%r code=%s", device, code)
        return not_renewed(device, code=code, detail=detail)

    async def _renewed(self, device: str, *, shown: bytes, estate_id: int) -> Outgoing:
        actor = f"device:{device}"
        with context.entered(context.Context(actor=actor)):
            async with self._database.unit_of_work(estates=[estate_id]) as session:
                row = await queries.device_token_shown(session, estate_id=estate_id, shown=shown)
                # a topic is its device's alone: another's token gives it none
                if row.device != device:
                    raise NotFound(f"estate {estate_id} has no such device token")
                made, token = await operations.renew_device_token(
                    session, row=row, actor=actor, now=now_utc()
                )
                expires_at = made.expires_at
        logger.info("token renewed device=%r", device)
        return renewed(device, token=token, expires_at=expires_at)


def _asks(arrival: Arrival) -> bool:
    route = arrival.route
    return route is not None and route.driver == "mita" and route.channel == RENEW
