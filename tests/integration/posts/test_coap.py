"""The same posts over CoAP: a radio that sleeps hears of its command in the answer to what it posts."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import aiocoap
import cbor2
import pytest
from aiocoap.numbers import codes
from aiocoap.numbers.contentformat import ContentFormat

from mita.entrypoints.api.key_limits import KeyLimits
from mita.entrypoints.coap.server import BODY_BYTES_MAX, Uplinks, listen
from mita.entrypoints.posts import Posts, signature_of
from mita.kit.clock import now_utc
from tests.integration.ingest.rig import Process, eventually

from .posting import ago, commands_of, cutting_world, is_on, token_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import psycopg

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres
    from mita.kit.db import Database


class Radio:
    """A client that posts to the server."""

    def __init__(self, context: Any, *, port: int, posts: Posts | None = None) -> None:
        self._context, self.port, self.posts = context, port, posts

    async def send(self, path: str, content: bytes, *query: str, code: Any = codes.POST, **more: Any) -> Any:
        message = aiocoap.Message(code=code, payload=content, **more)
        message.set_request_uri(f"coap://127.0.0.1:{self.port}")
        message.opt.uri_path = tuple(path.strip("/").split("/"))
        message.opt.uri_query = query
        return await asyncio.wait_for(self._context.request(message).response, 30)


@pytest.fixture
async def radio(database: Database) -> AsyncIterator[Radio]:
    posts = Posts(database, source="coap")
    uplinks = Uplinks(database, posts=posts, limits=KeyLimits(requests_per_minute=30))
    server = await listen(uplinks, bind=("127.0.0.1", 0))
    (transport,) = [each.token_interface.message_interface for each in server.request_interfaces]
    client = await aiocoap.Context.create_client_context(transports=["udp6"])
    yield Radio(client, port=transport._local_port(), posts=posts)
    await client.shutdown()
    await server.shutdown()
    await posts.close()


async def test_supply_goes_off_and_on_by_answers_over_coap(
    database: Database, radio: Radio, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("coap").setLevel(logging.WARNING)
    world = await cutting_world(database)
    name = f"dev-{world.estate_id}-1"
    token = await token_of(world, name)

    async def post(body: Any) -> Any:
        answer = await radio.send(f"m/{name}/up", json.dumps(body).encode(), f"t={token}")
        assert answer.code is codes.CHANGED, (answer.code, answer.payload)
        return json.loads(answer.payload)

    assert await post({"ts": ago(90), "r": {"kwh": 100}}) == {"accepted": 1, "rejected": 0}
    (off,) = (await post({"ts": ago(60), "r": {"kwh": 111}}))["commands"]
    assert (off["relay"], off["meter"], set(off)) == ("off", "M1", {"id", "relay", "meter", "exp"})
    assert (await commands_of(world), await is_on(world)) == ([("off", "sent")], True)
    # many items come in blocks; of the same second all but one are known already
    many = [{"ts": ago(0), "r": {"kwh": 111}, "relay": 0} for _ in range(60)]
    assert await post(many) == {"accepted": 60, "rejected": 0}
    assert (await commands_of(world), await is_on(world)) == ([("off", "confirmed")], False)
    await world.top_up("50.00", key="again", now=now_utc())
    small = cbor2.dumps({"ts": ago(30), "r": {"kwh": Decimal("112.5")}})
    told = await radio.send(f"m/{name}/up", small, f"t={token}", content_format=ContentFormat.CBOR)
    (on,) = json.loads(told.payload)["commands"]
    assert on["relay"] == "on"
    assert await post({"id": on["id"], "relay": "on"}) == {"accepted": 1, "rejected": 0}
    assert await is_on(world)
    assert await world.balances() == [44_250_000]
    assert token not in caplog.text


async def test_what_is_refused_over_coap(database: Database, radio: Radio, admin: psycopg.Connection) -> None:
    world = await cutting_world(database)
    name = f"dev-{world.estate_id}-1"
    token = await token_of(world, name)
    path, item = f"m/{name}/up", json.dumps({"ts": ago(60), "r": {"kwh": 1}}).encode()

    async def code(path: str, content: bytes, *query: str, **more: Any) -> Any:
        return (await radio.send(path, content, *query, **more)).code

    def signed(at: int, *, of: bytes = item) -> tuple[str, str]:
        return f"ts={at}", f"s={signature_of(token, sent_s=at, body=of)}"

    good = f"t={token}"
    assert await code(path, item, *signed(ago(0))) is codes.CHANGED
    for query in ((), ("t=mita_device_x",), ("t=\u00e9",), signed(ago(400)), signed(ago(0), of=b"{}")):
        assert await code(path, item, *query) is codes.UNAUTHORIZED, query
    assert await code("m/nobody/up", item, *signed(ago(0))) is codes.UNAUTHORIZED
    assert await code(path, b"{", good) is codes.BAD_REQUEST
    assert await code(path, b"{", good, content_format=ContentFormat.CBOR) is codes.BAD_REQUEST
    assert await code("m/up", item, good) is codes.NOT_FOUND
    assert await code(path, b"", good, code=codes.GET) is codes.METHOD_NOT_ALLOWED
    assert await code(path, item, good, content_format=41) is codes.UNSUPPORTED_CONTENT_FORMAT
    assert await code(path, b" " * (BODY_BYTES_MAX + 1), good) is codes.REQUEST_ENTITY_TOO_LARGE
    # a token speaks for its own device, whatever the path says
    other = json.loads((await radio.send("m/other/up", item, good)).payload)
    assert [each["code"] for each in other["rejections"]] == ["unknown_device"]
    assert radio.posts is not None
    radio.posts.intake._inbox._waiting_bytes += 10**9
    away = await radio.send(path, item, good)
    assert (away.code, away.opt.max_age) == (codes.SERVICE_UNAVAILABLE, 5)
    radio.posts.intake._inbox._waiting_bytes -= 10**9
    answers = [await code(path, item, good) for _ in range(30)]
    assert answers[-1] is codes.TOO_MANY_REQUESTS
    stored = admin.execute("SELECT value_micro FROM reading").fetchall()
    assert stored == [(1_000_000,)]


async def test_a_message_that_is_repeated_is_answered_again_and_carried_out_once(
    database: Database, radio: Radio, admin: psycopg.Connection
) -> None:
    world = await cutting_world(database)
    name = f"dev-{world.estate_id}-1"
    items = [{"ts": ago(90 - place), "r": {"kwh": kwh}} for place, kwh in enumerate((100, 111))]
    message = aiocoap.Message(code=codes.POST, payload=json.dumps(items).encode(), _mtype=aiocoap.CON)
    message.mid, message.token = 0x1234, b"\x07"
    message.opt.uri_path = ("m", name, "up")
    message.opt.uri_query = (f"t={await token_of(world, name)}",)
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        device.setblocking(False)

        async def answered() -> tuple[bytes, bytes]:
            await loop.sock_sendto(device, message.encode(), ("127.0.0.1", radio.port))
            while True:
                datagram, _ = await asyncio.wait_for(loop.sock_recvfrom(device, 2048), 20)
                # an empty acknowledgement may come first
                if b"{" in datagram:
                    return datagram[4:5], datagram[datagram.index(b"{") :]

        first = await answered()
        assert first[0] == b"\x07"
        assert json.loads(first[1])["commands"][0]["relay"] == "off"
        assert await answered() == first
    assert admin.execute("SELECT attempts, state FROM supply_command").fetchall() == [(1, "sent")]


async def test_the_process_listens_where_it_is_told(
    database: Database, postgres: EmbeddedPostgres, database_name: str, tmp_path: Path
) -> None:
    world = await cutting_world(database)
    name = f"dev-{world.estate_id}-1"
    token = await token_of(world, name)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        "MITA_DATA": str(tmp_path / "data"),
        "MITA_DATABASE_URL": postgres.app_url(database_name),
        "MITA_COAP_BIND": f"127.0.0.1:{port}",
    }
    command = [sys.executable, "-m", "mita.entrypoints.coap"]
    process = Process(command, environment=environment, log=tmp_path / "coap.log")
    client = await aiocoap.Context.create_client_context(transports=["udp6"])
    radio = Radio(client, port=port)
    process.start()
    try:

        async def is_up() -> bool:
            assert process.is_running, process.log
            return "coap listens" in process.log

        await eventually(is_up, what="the server listens")
        item = json.dumps({"ts": ago(60), "r": {"kwh": 1}}).encode()
        answer = await radio.send(f"m/{name}/up", item, f"t={token}")
        assert json.loads(answer.payload) == {"accepted": 1, "rejected": 0}
        assert process.stop() == 0
    finally:
        process.end()
        await client.shutdown()
    assert token[:20] not in process.log
    closed = Process(command, environment={**environment, "MITA_COAP_BIND": ""}, log=tmp_path / "closed.log")
    closed.start()
    assert closed.wait() == 2
    assert "MITA_COAP_BIND" in closed.log
