"""What tests of closed loops share: estates whose units have registered devices, and their supplies."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mita.credit import queries as credit_queries
from mita.credit.domain import Rule
from mita.devices import operations as devices
from mita.devices.operations import DeviceTerms
from mita.estates import operations as estates
from mita.kit.clock import now_utc
from mita.kit.live import COMMANDS_CHANNEL
from mita.metering import operations as metering
from mita.metering.domain import Limits
from mita.metering.operations import NewMeter
from tests.integration.world import new_world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import psycopg

    from mita.kit.db import Database
    from tests.integration.world import World

RAND = 1_000_000
# 2.00 a kWh and 15 % VAT
KWH = 2_300_000
CUTTING = Rule("electricity", is_cutting=True, low_micro=20 * RAND, cut_micro=0, restore_micro=10 * RAND)


@dataclass(frozen=True)
class Wired:
    """A device to register, as (driver, address) and terms; its meter is called after the address."""

    driver: str
    address: str
    terms: DeviceTerms = field(default_factory=DeviceTerms)

    @property
    def name(self) -> str:
        return f"{self.driver}:{self.address}"


def em2101(dev_eui: str, *, application_id: str, **more: Any) -> Wired:
    """A meter with a relay, whose commands are sent again after a second."""
    settings = {"model": "yobiiq/em2101", "application_id": application_id, "answer_s": 1, **more}
    return Wired("chirpstack", dev_eui, DeviceTerms(settings=settings))


async def wired_world(database: Database, *wired: Wired, amount: str = "23.00") -> World:
    """An estate that cuts at nought; each device has a unit, a meter and 23.00, which is 10 kWh."""
    world = await new_world(database, meters=0)
    now = now_utc()
    async with world.unit_of_work() as session:
        world.unit_ids += await estates.create_units(
            session, estate_id=world.estate_id, names=[each.address for each in wired], now=now
        )
        for each in wired:
            await devices.register_device(
                session,
                estate_id=world.estate_id,
                driver=each.driver,
                address=each.address,
                terms=each.terms,
                now=now,
            )
        new = [
            NewMeter(
                unit_id, each.address, "electricity", ("import",), device=each.name, limits=Limits(None, 0)
            )
            for unit_id, each in zip(world.unit_ids, wired, strict=True)
        ]
        world.meter_ids += await metering.install_meters(
            session, estate_id=world.estate_id, meters=new, now=now
        )
    for unit in range(len(wired)):
        await world.top_up(amount, key=f"first-{unit}", unit=unit, now=now)
    await world.set_rule(CUTTING, now=now)
    return world


async def shown(world: World) -> list[bool]:
    """Whether each unit's supply is shown as on."""
    async with world.unit_of_work() as session:
        known = await credit_queries.supplies(session, estate_id=world.estate_id)
    rows = [known.get((unit_id, "electricity")) for unit_id in world.unit_ids]
    return [row is None or row.is_on for row in rows]


async def commands_of(world: World, *, unit: int = 0) -> list[tuple[str, str]]:
    """The supply commands of a unit, oldest first."""
    async with world.unit_of_work() as session:
        rows = await credit_queries.commands(session, estate_id=world.estate_id, unit_id=world.unit_ids[unit])
    return [(row.action, row.state) for row in reversed(rows)]


def nudge(admin: psycopg.Connection) -> None:
    """Let the sender look at what is due now, and not at its next round."""
    admin.execute(f"NOTIFY {COMMANDS_CHANNEL}")


@contextlib.asynccontextmanager
async def nudged(admin: psycopg.Connection) -> AsyncIterator[None]:
    """Let the sender look five times a second."""

    async def keep_on() -> None:
        while True:
            nudge(admin)
            await asyncio.sleep(0.2)

    task = asyncio.create_task(keep_on())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
