"""Who may connect to the embedded broker, and what a device may say and hear there."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import aiomqtt
import jwt
import pytest

from mita.entrypoints.keys import INGEST, BadDeviceName, device_token
from mita.identity import operations as identity
from mita.identity import queries as identity_queries
from tests.integration.world import new_world

from .rig import embedded_broker, eventually
from .test_charging import KWH, item
from .wire import client, publish

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from uuid import UUID

    from psycopg import Connection

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres
    from mita.entrypoints.keys import Keys
    from mita.kit.db import Database

    from .conftest import Line
    from .rig import Broker

REFUSED = 128


def forged(secret: str, **claims: object) -> str:
    return jwt.encode({"sub": "dev", "aud": "mqtt", **claims}, secret, algorithm="HS256")


def bad_passwords(keys: Keys) -> dict[str, str]:
    now = datetime.now(UTC)
    unsigned = jwt.encode({"sub": "dev", "aud": "mqtt"}, None, algorithm="none")
    return {
        "nothing": "",
        "junk": "not a token",
        "somebody else's": device_token(keys.device_secret, "other"),
        "of another installation": device_token("x" * 64, "dev"),
        "expired": device_token(keys.device_secret, "dev", expires_at=now - timedelta(minutes=1)),
        "for something else": forged(keys.device_secret, aud="http"),
        "without a name": jwt.encode({"aud": "mqtt"}, keys.device_secret, algorithm="HS256"),
        "unsigned": unsigned,
        "another algorithm": jwt.encode(
            {"sub": "dev", "aud": "mqtt"}, keys.device_secret * 2, algorithm="HS512"
        ),
        "ingest's password": keys.ingest_password,
    }


async def test_only_a_devices_own_token_opens_the_broker(embedded_line: Line):
    broker = embedded_line.broker
    taken = []
    for what, password in bad_passwords(broker.keys).items():
        with contextlib.suppress(aiomqtt.MqttError):
            async with client(broker, "dev", password=password):
                taken.append(what)
    assert taken == []
    valid_until = datetime.now(UTC) + timedelta(hours=1)
    for expires_at in (None, valid_until):
        token = device_token(broker.keys.device_secret, "dev", expires_at=expires_at)
        async with client(broker, "dev", password=token):
            pass


async def test_a_token_is_good_for_its_own_client_id_only(embedded_line: Line):
    broker = embedded_line.broker
    token = device_token(broker.keys.device_secret, "dev")
    for identifier, username in (("dev", "other"), ("other", "dev"), (INGEST, "dev"), ("dev", INGEST)):
        with pytest.raises(aiomqtt.MqttError):
            async with aiomqtt.Client(
                "127.0.0.1",
                broker.port,
                identifier=identifier,
                username=username,
                password=token,
                protocol=aiomqtt.ProtocolVersion.V311,
            ):
                pass
    with pytest.raises(aiomqtt.MqttError):
        async with client(broker, INGEST, password="guessed"):
            pass
    for name in (INGEST, "", "a/b", "+", "#", "a\x00"):
        with pytest.raises(BadDeviceName):
            device_token(broker.keys.device_secret, name)


async def test_a_stranger_does_not_disturb_a_connected_device(embedded_line: Line):
    broker = embedded_line.broker
    async with client(broker, "dev", clean_session=False) as device:
        await device.subscribe("m/dev/down", qos=1)
        for clean in (True, False):
            with pytest.raises(aiomqtt.MqttError):
                async with client(broker, "dev", password="guessed", clean_session=clean):
                    pass
        async with client(broker, INGEST, password=broker.keys.ingest_password) as ingest:
            await ingest.publish("m/dev/down", b"still there?", qos=1)
        async with asyncio.timeout(30):
            assert (await anext(device.messages)).payload == b"still there?"


async def test_a_device_hears_its_own_commands_only(embedded_line: Line):
    broker = embedded_line.broker
    async with AsyncExitStack() as stack:
        dev, other = [await stack.enter_async_context(client(broker, name)) for name in ("dev", "other")]
        ingest = await stack.enter_async_context(
            client(broker, INGEST, password=broker.keys.ingest_password, clean_session=False)
        )
        foreign = [
            "m/other/down",
            "m/+/down",
            "m/#",
            "#",
            "+/+/+",
            "m/other/up",
            "m/dev/up",
            "m/dev/renew",
            "m/other/token",
            "m/+/token",
            "m/dev/#",
            "$SYS/#",
        ]
        for topic in foreign:
            granted = await dev.subscribe(topic, qos=1)
            assert [getattr(code, "value", code) for code in granted] == [REFUSED], topic
        await dev.subscribe("m/dev/down", qos=1)
        await other.subscribe("m/other/down", qos=1)
        # what a device left behind for those who come later is not for its neighbours either
        await other.publish("m/other/up", b"other's retained", qos=1, retain=True)
        await ingest.publish("m/other/down", b"other's command", qos=1)
        async with asyncio.timeout(30):
            assert (await anext(other.messages)).payload == b"other's command"
        late = await stack.enter_async_context(client(broker, "late"))
        await late.subscribe("m/late/down", qos=1)
        for name, device in (("dev", dev), ("late", late)):
            await ingest.publish(f"m/{name}/down", b"the last word", qos=1)
            async with asyncio.timeout(30):
                assert (await anext(device.messages)).payload == b"the last word"


async def test_what_waited_for_a_client_is_not_marked_as_retained(embedded_line: Line):
    """A device obeys no retained command, and ingest believes no retained state."""
    broker = embedded_line.broker
    async with client(broker, "dev", clean_session=False) as device:
        await device.subscribe("m/dev/down", qos=1)
    async with client(broker, INGEST, password=broker.keys.ingest_password, clean_session=False) as ingest:
        await ingest.publish("m/dev/down", b"while it was away", qos=1)
    async with client(broker, "dev", clean_session=False) as device:
        await device.publish("m/dev/ack", b"while ingest was away", qos=1)
        async with asyncio.timeout(30):
            command = await anext(device.messages)
    async with (
        client(broker, INGEST, password=broker.keys.ingest_password, clean_session=False) as ingest,
        asyncio.timeout(30),
    ):
        answer = await anext(ingest.messages)
    assert [(each.payload, each.qos, each.retain) for each in (command, answer)] == [
        (b"while it was away", 1, False),
        (b"while ingest was away", 1, False),
    ]


async def vanish(line: Line, name: str, *, will: aiomqtt.Will) -> None:
    """Connect with a last will and break off without a word."""
    device = client(line.broker, name, will=will)
    await device.__aenter__()
    connection = device._client.socket()
    assert connection is not None
    connection.shutdown(socket.SHUT_RDWR)
    with pytest.raises(aiomqtt.MqttError):
        async with asyncio.timeout(30):
            await anext(device.messages)
    with contextlib.suppress(aiomqtt.MqttError):
        await device.__aexit__(None, None, None)


async def test_a_device_speaks_for_itself_only(embedded_line: Line, database: Database, admin: Connection):
    """Neither by publishing nor by a last will does a device make a reading of another."""
    line = embedded_line
    world = await new_world(database, meters=2)
    one, two = (f"dev-{world.estate_id}-{number}" for number in (1, 2))
    await line.start_ingest()
    await publish(line.broker, two, [json.dumps(item(0, 0))])
    forgery = json.dumps(item(1, 1_000)).encode()
    async with client(line.broker, one) as device:
        for topic in (
            f"m/{two}/up",
            f"m/{two}/ack",
            f"m/{one}/token",
            f"m/{two}/renew",
            f"m/{one}/x/up",
            f"x/{two}/up",
            "m/up",
        ):
            await device.publish(topic, forgery, qos=1)
            await device.publish(topic, forgery, qos=1, retain=True)
    for retain in (False, True):
        with pytest.raises(aiomqtt.MqttError):
            await vanish(line, one, will=aiomqtt.Will(f"m/{two}/up", forgery, qos=1, retain=retain))
    # its own last will is welcome
    await vanish(line, one, will=aiomqtt.Will(f"m/{one}/up", json.dumps(item(0, 5)), qos=1))

    async def is_heard() -> bool:
        return admin.execute("SELECT count(*) FROM reading").fetchone() == (2,)

    await eventually(is_heard, what="the last will is charged")
    await publish(line.broker, two, [json.dumps(item(2, 3))])
    await line.all_acknowledged(3)
    assert line.tap.delivered == 3
    assert await world.balances() == [0, -3 * KWH]
    assert admin.execute("SELECT count(*) FROM rejected_reading").fetchone() == (0,)


@pytest.fixture
async def issuing_broker(
    directory: Path, postgres: EmbeddedPostgres, database_name: str
) -> AsyncIterator[Broker]:
    """The embedded broker with the database, as `mita up` starts it."""
    broker = embedded_broker(directory, database_url=postgres.app_url(database_name))
    await broker.start()
    yield broker
    broker.process.end()


async def is_let_in(broker: Broker, device: str, password: str) -> bool:
    with contextlib.suppress(aiomqtt.MqttError):
        async with client(broker, device, password=password):
            return True
    return False


async def test_an_issued_token_opens_the_broker_until_it_is_revoked(
    issuing_broker: Broker, database: Database
):
    world = await new_world(database, meters=2)
    one, two = (f"dev-{world.estate_id}-{number}" for number in (1, 2))
    broker = issuing_broker
    signed = device_token(broker.keys.device_secret, two)
    assert await is_let_in(broker, two, signed), "a device that was never issued a token shows a signed one"

    async def issued(device: str) -> tuple[UUID, str]:
        async with world.unit_of_work() as session:
            row, token = await identity.issue_device_token(
                session,
                estate_id=world.estate_id,
                device=device,
                expires_at=None,
                actor="staff:test",
                now=datetime.now(UTC),
            )
            return row.device_token_id, token

    token_id, token = await issued(one)
    assert token.startswith("mita_device_")
    assert await is_let_in(broker, one, token)
    assert not await is_let_in(broker, two, token), "one device, one token"
    assert not await is_let_in(broker, one, device_token(broker.keys.device_secret, one))
    async with client(broker, one, password=token) as device, world.unit_of_work() as session:
        row = await identity_queries.device_token(
            session, estate_id=world.estate_id, device_token_id=token_id
        )
        await identity.revoke_device_token(session, row=row, actor="staff:test", now=datetime.now(UTC))
        assert device is not None

    async def is_out() -> bool:
        return not await is_let_in(broker, one, token)

    await eventually(is_out, what="the revoked token is refused")
