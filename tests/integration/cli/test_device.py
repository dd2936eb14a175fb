"""`mita device`: an installer registers a device, watches its wire, and is told what is missing."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from mita.devices import operations
from mita.kit.clock import now_utc
from tests.integration.world import new_world

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from click.testing import Result

    from mita.kit.db import Database

ESTATE = ("--estate", "Test estate")


async def test_a_device_is_commissioned(
    run: Callable[..., Result], database: Database, admin: psycopg.Connection
) -> None:
    world = await new_world(database)

    async def device(*arguments: str) -> Result:
        return await asyncio.to_thread(run, "device", *arguments, *ESTATE)

    done = await device("add", "tasmota", "plug-1", "--meter", "M1", "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["name"] == "tasmota:plug-1"
    assert admin.execute("SELECT device FROM meter").fetchall() == [("tasmota:plug-1",)]
    done = await device("test", "tasmota:plug-1", "--json")
    found = json.loads(done.stdout)
    assert (done.exit_code, found["is_done"], found["asked"]) == (1, False, None)
    states = {each["name"]: each["state"] for each in found["steps"]}
    assert (states["settings"], states["meters"], states["heard"]) == ("done", "done", "missing")

    watching = asyncio.create_task(device("watch", "tasmota:plug-1", "--seconds", "8"))
    for _ in range(100):
        await asyncio.sleep(0.1)
        if admin.execute("SELECT FROM device_state WHERE watched_until IS NOT NULL").fetchall():
            break
    reading = {"meter": "M1", "register": "import", "micro": 1_500_000, "unit": "kWh"}
    passed = operations.Passed("tele/plug-1/SENSOR", b'{"ENERGY":{}}', {"readings": [reading]})
    async with world.unit_of_work() as session:
        noted = operations.Noted("tasmota:plug-1", now_utc(), readings=1, frames=[passed])
        await operations.note(session, estate_id=world.estate_id, noted=[noted])
    done = await watching
    assert done.exit_code == 0, done.stderr
    assert done.stdout.count("tele/plug-1/SENSOR") == 1
    assert "M1 import 1.500000 kWh" in done.stdout


async def test_what_cannot_be_is_said(run: Callable[..., Result], database: Database) -> None:
    await new_world(database)

    async def said(*arguments: str) -> str:
        done = await asyncio.to_thread(run, "device", *arguments)
        assert (done.exit_code, done.stdout) == (2, ""), done.stdout
        return done.stderr

    settings = json.dumps({"url": "tcp://10.9.8.7:502", "map": "eastron_sdm120"})
    assert "no estate called" in await said("add", "tasmota", "p", "--estate", "Elsewhere")
    assert "no driver" in await said("add", "toaster", "p", *ESTATE)
    assert "not JSON" in await said("add", "modbus", "p", "--settings", "{", *ESTATE)
    assert "no meter 'X9'" in await said(
        "add", "modbus", "p", "--settings", settings, "--meter", "X9", *ESTATE
    )
    assert "PATH=REGISTER" in await said("add", "json", "p", "--field", "kwh", *ESTATE)
    assert "no device" in await said("test", "modbus:p", *ESTATE)
    assert (
        await asyncio.to_thread(run, "device", "add", "modbus", "p", "--settings", settings, *ESTATE)
    ).exit_code == 0
    assert "registered already" in await said("add", "modbus", "p", "--settings", settings, *ESTATE)
    # nobody is asked where the settings do not let us
    done = await asyncio.to_thread(run, "device", "test", "modbus:p", "--json", *ESTATE)
    assert "MITA_POLL_NETWORKS" in json.loads(done.stdout)["asked"][0]
