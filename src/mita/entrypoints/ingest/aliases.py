"""Friendly names: topics that bear what a bridge calls its devices, and not what the devices are.

A bridge's own list says which name is whose. What it says is kept with the devices, as several processes may
divide the topics, and only what is kept there counts. A name that looks like an address, one that two devices
have, and one that a device of its own is known by stand for nobody else.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from mita.devices import operations as devices
from mita.devices import queries as registry
from mita.drivers import wire
from mita.drivers.known import driver_named
from mita.drivers.wire import Renamed
from mita.entrypoints.ingest.devices import NOBODY, REMEMBERED_S, is_device_name
from mita.entrypoints.ingest.faults import is_database_away

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mita.entrypoints.ingest.devices import DeviceBook
    from mita.entrypoints.ingest.inbox import Arrival
    from mita.kit.db import Database

logger = logging.getLogger(__name__)
_DRIVER = "zigbee2mqtt"
_LIST = "devices"
_ADDRESS = re.compile(r"(.*/)?(0x[0-9a-fA-F]{16}|bridge)")
_ENTRIES_MAX = 100_000
_BRIDGES_MAX = 1_000


class Aliases:
    """What bridges call their devices."""

    def __init__(self, database: Database, book: DeviceBook) -> None:
        self._database = database
        self._book = book
        # of each bridge, what it listed last: address by alias
        self._listed: dict[str, dict[str, str]] = {}
        # alias -> until when it is believed, and the address; None is nobody's
        self._known: dict[str, tuple[float, str | None]] = {}

    async def follow(self, arrivals: Sequence[Arrival]) -> None:
        """Take in what bridges list, and give messages under friendly names to the devices that are meant."""
        first = 0
        for place, arrival in enumerate(arrivals):
            if arrival.route is not None and (arrival.route.driver, arrival.route.channel) == (
                _DRIVER,
                _LIST,
            ):
                await self._resolve(arrivals[first:place])
                await self._learn(arrival)
                first = place + 1
        await self._resolve(arrivals[first:])

    async def _learn(self, arrival: Arrival) -> None:
        listed = await asyncio.to_thread(_listed, arrival)
        if not listed:
            return
        counted = Counter(alias for _, alias in listed)
        aliases = {
            address: alias if counted[alias] == 1 and _is_alias(alias) else None for address, alias in listed
        }
        try:
            await self._keep(aliases)
        except Exception as error:
            if is_database_away(error):
                raise
            # what a bridge says must not keep readings waiting
            logger.exception("names of a bridge not kept topic=%r", arrival.topic[:200])
        if len(self._listed) >= _BRIDGES_MAX:
            self._listed.clear()
        self._listed[arrival.device] = {alias: each for each, alias in aliases.items() if alias is not None}
        for alias in counted:
            self._known.pop(alias, None)

    async def _keep(self, aliases: dict[str, str | None]) -> None:
        """Keep the names of registered devices, and take names away from devices that had them before."""
        changes: dict[int, dict[str, str | None]] = defaultdict(dict)
        names = {_named(address): alias for address, alias in aliases.items()}
        for name, estate_id in (await self._book.estates_of(names)).items():
            if estate_id != NOBODY:
                changes[estate_id][name] = names[name]
        async with self._database.unit_of_work(estates=[]) as session:
            given = sorted({alias for alias in names.values() if alias is not None})
            holders = await registry.holders_of_aliases(session, driver=_DRIVER, aliases=given)
        for holder in holders:
            if names.get(holder.name) != holder.alias:
                changes[holder.estate_id].setdefault(holder.name, None)
        for estate_id in sorted(changes):
            async with self._database.unit_of_work(estates=[estate_id]) as session:
                await devices.name_devices(session, estate_id=estate_id, aliases=changes[estate_id])

    async def _resolve(self, arrivals: Sequence[Arrival]) -> None:
        """Give messages to the devices that their topics mean, where no device has the name itself."""
        named = [each for each in arrivals if each.route is not None and each.route.driver == _DRIVER]
        if not named:
            return
        estates = await self._book.estates_of({each.device for each in named})
        strange = [each for each in named if estates[each.device] == NOBODY]
        addresses = await self._addresses({each.route.address for each in strange if each.route is not None})
        for each in strange:
            if each.route is not None and (address := addresses.get(each.route.address)) is not None:
                each.route = replace(each.route, address=address)

    async def _addresses(self, aliases: set[str]) -> dict[str, str]:
        """Return the addresses of devices by what they are called."""
        now = time.monotonic()
        wanted = [
            alias for alias in aliases if _is_alias(alias) and self._known.get(alias, (0.0, None))[0] <= now
        ]
        if wanted:
            found = await self._held(wanted)
            if missing := [alias for alias in wanted if alias not in found]:
                await self._catch_up(missing)
                found |= await self._held(missing)
            if len(self._known) + len(wanted) > _ENTRIES_MAX:
                self._known.clear()
            for alias in wanted:
                self._known[alias] = (now + REMEMBERED_S, found.get(alias))
        known = {alias: self._known.get(alias, (0.0, None))[1] for alias in aliases}
        return {alias: address for alias, address in known.items() if address is not None}

    async def _held(self, aliases: Sequence[str]) -> dict[str, str]:
        """Return the addresses of the devices that are called so; what two are called is nobody's."""
        async with self._database.unit_of_work(estates=[]) as session:
            holders = await registry.holders_of_aliases(session, driver=_DRIVER, aliases=aliases)
        counted = Counter(holder.alias for holder in holders)
        return {each.alias: each.name.partition(":")[2] for each in holders if counted[each.alias] == 1}

    async def _catch_up(self, aliases: Sequence[str]) -> None:
        """Name devices that were registered after their bridge had listed them, and have no name yet."""
        listed = {alias: address for each in self._listed.values() for alias, address in each.items()}
        names = {_named(listed[alias]): alias for alias in aliases if alias in listed}
        estates = await self._book.estates_of(names)
        for estate_id in sorted(set(estates.values()) - {NOBODY}):
            mine: dict[str, str | None] = {n: names[n] for n, known in estates.items() if known == estate_id}
            async with self._database.unit_of_work(estates=[estate_id]) as session:
                await devices.name_devices(session, estate_id=estate_id, aliases=mine, only_unnamed=True)


def _is_alias(name: str) -> bool:
    return is_device_name(name) and _ADDRESS.fullmatch(name) is None


def _named(address: str) -> str:
    return f"{_DRIVER}:{address}"


def _listed(arrival: Arrival) -> list[tuple[str, str]]:
    """Return (address, alias) of each device that a bridge lists; nothing if it is no list."""
    driver = driver_named(_DRIVER)
    assert driver is not None, "it is built in"
    given = wire.Arrival(_LIST, arrival.payload, arrival.received_us // 1_000_000, arrival.is_retained)
    decoded = driver.decode(given, wire.Device(arrival.device, ()))
    return [(each.address, each.alias) for each in decoded.reports if isinstance(each, Renamed)]
