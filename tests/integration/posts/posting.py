"""What tests of posts share: an estate that cuts at nought, a device's token, the API on a socket."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

import uvicorn

from mita.credit import queries as credit_queries
from mita.credit.domain import Rule
from mita.entrypoints.api import create_app
from mita.identity import operations as identity
from mita.kit.clock import now_utc
from tests.integration.world import new_world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mita.entrypoints.posts import Posts
    from mita.kit.db import Database
    from tests.integration.world import World

RAND = 1_000_000
CUTTING = Rule("electricity", is_cutting=True, low_micro=20 * RAND, cut_micro=0, restore_micro=10 * RAND)


async def cutting_world(database: Database, *, meters: int = 1) -> World:
    """An estate that cuts at nought; each unit has 23.00 (10 kWh) and the device dev-<estate>-<n>."""
    world = await new_world(database, meters=meters)
    now = now_utc()
    for unit in range(meters):
        await world.top_up("23.00", key=f"first-{unit}", unit=unit, now=now)
    await world.set_rule(CUTTING, now=now)
    return world


async def token_of(world: World, device: str) -> str:
    """A token issued for a device."""
    async with world.unit_of_work() as session:
        _, token = await identity.issue_device_token(
            session,
            estate_id=world.estate_id,
            device=device,
            expires_at=None,
            actor="staff:test",
            now=now_utc(),
        )
    return token


async def commands_of(world: World, *, unit: int = 0) -> list[tuple[str, str]]:
    """The supply commands of a unit, oldest first."""
    async with world.unit_of_work() as session:
        rows = await credit_queries.commands(session, estate_id=world.estate_id, unit_id=world.unit_ids[unit])
    return [(row.action, row.state) for row in reversed(rows)]


async def is_on(world: World, *, unit: int = 0) -> bool:
    """Whether a unit's supply is shown as on."""
    async with world.unit_of_work() as session:
        return await credit_queries.is_supply_on(
            session, estate_id=world.estate_id, unit_id=world.unit_ids[unit], utility="electricity"
        )


def ago(seconds: int) -> int:
    """Seconds since 1970, some seconds ago."""
    return int(time.time()) - seconds


@contextlib.asynccontextmanager
async def served(database: Database, *, posts: Posts | None = None) -> AsyncIterator[str]:
    """The API on a port of its own, with its lifespan; yields its address."""
    app = create_app(database, live=None, posts=posts)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="on"))
    running = asyncio.create_task(server.serve())
    while not server.started:
        assert not running.done()
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/api/v1/ingest"
    finally:
        server.should_exit = True
        await running
