"""What the names on the wire mean: looked up in the database, remembered for a few seconds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.devices import queries as registry
from mita.metering import queries as metering

if TYPE_CHECKING:
    from collections.abc import Collection

    from mita.devices.queries import Configured
    from mita.kit.db import Database

NOBODY = 0
REMEMBERED_S = 5.0
_NAME_MAX = 200
_ENTRIES_MAX = 100_000


def is_device_name(name: str) -> bool:
    """Tell whether a name off the wire could be a device's; others are not even looked up."""
    return 1 <= len(name) <= _NAME_MAX and name.isprintable()


@dataclass(frozen=True, slots=True)
class SetUp:
    """A device as its driver takes it, and its codec."""

    configured: Configured
    codec: str | None


class DeviceBook:
    """Estates and set-up of devices, known and unknown."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._estates: dict[str, tuple[float, int]] = {}
        self._set_up: dict[tuple[int, str], tuple[float, SetUp]] = {}

    async def estates_of(self, devices: Collection[str]) -> dict[str, int]:
        """Return each device's estate; estate 0 is nobody's."""
        now = time.monotonic()
        wanted = [name for name in devices if is_device_name(name) and self._expiry(name) <= now]
        if wanted:
            async with self._database.unit_of_work(estates=[]) as session:
                found = await metering.estates_of_devices(session, devices=wanted)
            if len(self._estates) + len(wanted) > _ENTRIES_MAX:
                self._estates.clear()
            for name in wanted:
                self._estates[name] = (now + REMEMBERED_S, found.get(name, NOBODY))
        return {name: self._estates.get(name, (0.0, NOBODY))[1] for name in devices}

    def _expiry(self, name: str) -> float:
        return self._estates.get(name, (0.0, NOBODY))[0]

    async def configured(self, devices: Collection[str], *, estate_id: int) -> dict[str, SetUp]:
        """Return how each device is set up, with its meters and the text of its codec."""
        now = time.monotonic()
        known = self._set_up
        wanted = [
            name for name in devices if (estate_id, name) not in known or known[estate_id, name][0] <= now
        ]
        if wanted:
            async with self._database.unit_of_work(estates=[estate_id]) as session:
                found = await registry.configured(session, estate_id=estate_id, names=wanted)
                codec_ids = sorted({each.codec_id for each in found.values() if each.codec_id is not None})
                codecs = await registry.codecs_by_id(session, estate_id=estate_id, codec_ids=codec_ids)
            if len(known) + len(wanted) > _ENTRIES_MAX:
                known.clear()
            for name, each in found.items():
                before = known.get((estate_id, name))
                set_up = SetUp(each, codecs.get(each.codec_id or 0))
                # drivers keep what they work out of a device by the object
                if before is not None and before[1] == set_up:
                    set_up = before[1]
                known[estate_id, name] = (now + REMEMBERED_S, set_up)
        return {name: known[estate_id, name][1] for name in devices}
