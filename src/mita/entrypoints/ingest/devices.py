"""What the names on the wire mean: looked up in the database, remembered for a few seconds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mita.metering import queries as metering

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mita.kit.db import Database

NOBODY = 0
REMEMBERED_S = 5.0
_NAME_MAX = 200
_ENTRIES_MAX = 100_000


def is_device_name(name: str) -> bool:
    """Tell whether a name off the wire could be a device's; others are not even looked up."""
    return 1 <= len(name) <= _NAME_MAX and name.isprintable()


class DeviceBook:
    """Estates and meters of devices, known and unknown."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._estates: dict[str, tuple[float, int]] = {}
        self._meters: dict[tuple[int, str], tuple[float, tuple[tuple[str, str], ...]]] = {}

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

    async def meters_of(
        self, devices: Collection[str], *, estate_id: int
    ) -> dict[str, Sequence[tuple[str, str]]]:
        """Return the (serial, utility) of the meters behind each device."""
        now = time.monotonic()
        wanted = [name for name in devices if self._meters.get((estate_id, name), (0.0, ()))[0] <= now]
        if wanted:
            async with self._database.unit_of_work(estates=[estate_id]) as session:
                found = await metering.meters_of_devices(session, estate_id=estate_id, devices=wanted)
            if len(self._meters) + len(wanted) > _ENTRIES_MAX:
                self._meters.clear()
            for name in wanted:
                self._meters[estate_id, name] = (now + REMEMBERED_S, tuple(found.get(name, ())))
        return {name: self._meters.get((estate_id, name), (0.0, ()))[1] for name in devices}
