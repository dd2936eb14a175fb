"""What devices post is charged once, whenever the process that takes it dies: as in a clean run."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from typing import TYPE_CHECKING

import aiocoap
import httpx
import pytest
from aiocoap.numbers import codes

from mita.entrypoints.ports import free_port
from tests.integration.ingest.conftest import is_waiting_for_a_lock
from tests.integration.ingest.rig import Process, eventually
from tests.integration.ingest.test_charging import item
from tests.integration.world import NOW, at, batch, new_world

from .posting import token_of

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg import Connection

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres
    from mita.kit.db import Database

HOURS, SIZE = 36, 3
_ANSWER_S = 20.0


def kwh(hour: int) -> str:
    """What the register shows at an hour."""
    return f"{hour * 5 / 8:.3f}"


def body(first: int) -> bytes:
    """What the device posts of the hours from ``first`` on."""
    return json.dumps([item(hour, float(kwh(hour))) for hour in range(first, first + SIZE)]).encode()


class OverHttp:
    """``mita api``, and a device that posts to it."""

    role = "api"

    def __init__(self, name: str, token: str) -> None:
        del name
        self._port, self._token = free_port(), token
        self._client = httpx.AsyncClient(timeout=_ANSWER_S)

    async def close(self) -> None:
        await self._client.aclose()

    @property
    def environment(self) -> dict[str, str]:
        return {"MITA_HOST": "127.0.0.1", "MITA_PORT": str(self._port)}

    async def is_up(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0

    async def post(self, content: bytes) -> bool:
        """Tell whether a post was taken; whoever is not answered posts again."""
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            url = f"http://127.0.0.1:{self._port}/api/v1/ingest"
            answer = await self._client.post(url, content=content, headers=headers)
        except httpx.TransportError:
            return False
        assert answer.status_code in {200, 503}, answer.text
        return answer.status_code == 200


class OverCoap:
    """``mita coap``, and a modem that posts to it."""

    role = "coap"

    def __init__(self, name: str, token: str) -> None:
        self._path, self._token = ("m", name, "up"), token
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]

    async def close(self) -> None:
        """Nothing is open between posts."""

    @property
    def environment(self) -> dict[str, str]:
        return {"MITA_COAP_BIND": f"127.0.0.1:{self._port}"}

    async def is_up(self) -> bool:
        # an empty post is refused by who listens, and by nobody else
        return await self._asked(b"", wait_s=1) is not None

    async def post(self, content: bytes) -> bool:
        code = await self._asked(content, wait_s=_ANSWER_S)
        assert code in {None, codes.CHANGED, codes.SERVICE_UNAVAILABLE}, code
        return code == codes.CHANGED

    async def _asked(self, content: bytes, *, wait_s: float) -> object:
        client = await aiocoap.Context.create_client_context(transports=["udp6"])
        try:
            message = aiocoap.Message(code=codes.POST, payload=content)
            message.set_request_uri(f"coap://127.0.0.1:{self._port}")
            message.opt.uri_path, message.opt.uri_query = self._path, (f"t={self._token}",)
            return (await asyncio.wait_for(client.request(message).response, wait_s)).code
        except (TimeoutError, aiocoap.error.Error):
            return None
        finally:
            await client.shutdown()


@pytest.mark.parametrize("wire", [OverHttp, OverCoap])
async def test_balances_equal_the_clean_run(
    wire: type[OverHttp | OverCoap],
    database: Database,
    admin: Connection,
    postgres: EmbeddedPostgres,
    database_name: str,
    tmp_path: Path,
) -> None:
    world = await new_world(database)
    name = f"dev-{world.estate_id}-1"
    device = wire(name, await token_of(world, name))
    environment = {
        "MITA_DATA": str(tmp_path / "data"),
        "MITA_DATABASE_URL": postgres.app_url(database_name),
        **device.environment,
    }
    role = Process(
        [sys.executable, "-m", f"mita.entrypoints.{device.role}"],
        environment=environment,
        log=tmp_path / "role.log",
    )

    async def start() -> None:
        role.start()

        async def is_up() -> bool:
            assert role.is_running, role.log
            return await device.is_up()

        await eventually(is_up, what="it listens")

    async def posted(first: int) -> None:
        """Post until it is taken, as a device does."""
        while True:
            if await device.post(body(first)):
                return
            await asyncio.sleep(0.5)

    try:
        await start()
        assert await device.post(body(0))
        # received, and not committed: the lane is held
        with admin.transaction(force_rollback=True):
            admin.execute("SELECT seq FROM charging_lane WHERE estate_id = %s FOR UPDATE", (world.estate_id,))
            posting = asyncio.create_task(posted(SIZE))
            await eventually(lambda: is_waiting_for_a_lock(admin), what="the post is in the middle")
            role.kill()
        assert not posting.done(), "nothing is answered before it is durable"
        await start()
        # over HTTP it is posted again; a CoAP request repeats itself until whoever started anew answers it
        await posting
        # somewhere: before it was received, in between, or between the commit and the answer
        for first, delay_s in ((2 * SIZE, 0.05), (3 * SIZE, 0.15)):
            posting = asyncio.create_task(posted(first))
            await asyncio.sleep(delay_s)
            role.kill()
            await start()
            await posting
        for first in range(4 * SIZE, HOURS, SIZE):
            await posted(first)
    finally:
        role.end()
        await device.close()
    clean = await new_world(database, name="Clean")
    rows = [("M1", at(hour), kwh(hour)) for hour in range(HOURS)]
    await clean.lane.charge(batch(rows), now=NOW)
    assert await world.balances() == await clean.balances()
    assert (await world.balances())[0] < -50_000_000
    count = "SELECT count(*), count(DISTINCT taken_at) FROM reading WHERE estate_id = %s"
    assert admin.execute(count, (world.estate_id,)).fetchone() == (HOURS, HOURS)
    assert await world.verified()
