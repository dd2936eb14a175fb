"""A device asks for its next token over MQTT, and hears it alone; the reference firmware goes on with it."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mita.entrypoints.embedded.issued import IssuedTokens
from mita.identity import operations as identity
from mita.identity import queries as identity_queries
from tests.integration.world import at, new_world
from tests.unit.firmware.rig import Broker as NoBroker

from .conftest import Line, opened_line
from .rig import embedded_broker, eventually
from .test_charging import KWH, item, ts
from .test_firmware import SocketBoard, until
from .wire import client, publish

# isort: split
from mita_meter.app import App
from mita_meter.tokens import asking

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import aiomqtt
    import psycopg

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres
    from mita.kit.db import Database
    from tests.integration.world import World

DAY = timedelta(days=1)


async def issued(world: World, device: str, *, expires_at: datetime | None) -> str:
    async with world.unit_of_work() as session:
        _, token = await identity.issue_device_token(
            session,
            estate_id=world.estate_id,
            device=device,
            expires_at=expires_at,
            actor="staff:test",
            now=datetime.now(UTC),
        )
        return token


async def answer(device: aiomqtt.Client) -> dict[str, Any]:
    async with asyncio.timeout(60):
        message = await anext(device.messages)
    assert (message.qos, message.retain) == (0, False)
    return json.loads(message.payload)


async def test_a_device_asks_and_hears_its_next_token_alone(
    line: Line, database: Database, admin: psycopg.Connection
):
    world = await new_world(database, meters=3)
    one, two, three = (f"dev-{world.estate_id}-{number}" for number in (1, 2, 3))
    ends = datetime.now(UTC) + 20 * DAY
    mine, foreign = [await issued(world, name, expires_at=ends) for name in (one, two)]
    await line.start_ingest()
    async with client(line.broker, one) as device, client(line.broker, three) as thief:
        # a session of its own that is kept: what is lost for it is kept nowhere
        await device.subscribe(f"m/{one}/token", qos=1)
        await thief.subscribe(f"m/{three}/token", qos=1)
        await device.publish(f"m/{one}/renew", asking(mine), qos=1)
        made = await answer(device)
        new = made["token"]
        assert new.startswith("mita_device_")
        assert new != mine
        lasts = datetime.fromisoformat(made["device_token"]["expires_at"]) - datetime.now(UTC)
        assert 19.9 * DAY < lasts < 20.1 * DAY
        opens = IssuedTokens(database)
        assert await opens.opens(device=one, token=new)
        assert await opens.opens(device=one, token=mine)
        # another's token gives nobody one, nor does one that nobody issued
        await thief.publish(f"m/{three}/renew", asking(foreign), qos=1)
        assert (await answer(thief))["code"] == "not_found"
        # asked again at once, it is not heard; what comes behind is charged
        await device.publish(f"m/{one}/renew", asking(new), qos=1)
    await publish(line.broker, two, [json.dumps(item(0, 0)), json.dumps(item(1, 2))])
    await line.all_acknowledged(5)
    assert await world.balances() == [0, -2 * KWH, 0]
    async with world.unit_of_work() as session:
        rows = await identity_queries.device_tokens(session, estate_id=world.estate_id, limit=10)
    assert sorted((row.device, row.renews_id is not None) for row in rows) == [
        (one, False),
        (one, True),
        (two, False),
    ]
    found = admin.execute("SELECT actor, action FROM audit_entry WHERE subject = %s", [f"device:{one}"])
    assert ("identity.device_token.changed", f"device:{one}") in {(row[1], row[0]) for row in found}
    assert admin.execute("SELECT count(*) FROM rejected_reading").fetchone() == (0,)
    assert admin.execute("SELECT count(*) FROM device_frame").fetchone() == (0,)
    hashes = [hashlib.sha256(each.encode()).hexdigest() for each in (mine, foreign, new)]
    for secret in (mine, foreign, new, *hashes):
        assert secret not in line.ingest.log


@pytest.mark.parametrize(
    "payload", [b"", b"{}", b"[1]", b'{"sha256": 5}', b'{"sha256": "abc"}', b"\xff", b"[" * 100_000]
)
async def test_what_cannot_be_understood_is_told(embedded_line: Line, database: Database, payload: bytes):
    world = await new_world(database)
    name = f"dev-{world.estate_id}-1"
    await embedded_line.start_ingest()
    async with client(embedded_line.broker, name) as device:
        await device.subscribe(f"m/{name}/token")
        await device.publish(f"m/{name}/renew", payload, qos=1)
        told = await answer(device)
    assert told["code"] == "invalid"
    assert "sha256" in told["detail"] or "JSON" in told["detail"]


@pytest.fixture
async def issuing_line(
    directory: Path, postgres: EmbeddedPostgres, database_name: str
) -> AsyncIterator[Line]:
    """A line over the embedded broker with the database, as `mita up` starts it."""
    url = postgres.app_url(database_name)
    broker = embedded_broker(directory, database_url=url)
    async for opened in opened_line(broker, directory, database_url=url):
        yield opened


async def test_the_firmware_goes_on_with_its_next_token(
    issuing_line: Line, database: Database, tmp_path: Path
):
    line = issuing_line
    world = await new_world(database)
    name = f"dev-{world.estate_id}-1"
    ends = datetime.now(UTC) + 3 * DAY
    token = await issued(world, name, expires_at=ends)
    config = {
        "device": name,
        "token": token,
        "token_expires_s": ts(at(0)) + 3 * 86_400,
        "interval_s": 900,
        "channels": [{"pulses": 1000, "register": "4321", "meter": "M1"}],
    }
    board = SocketBoard(now_s=ts(at(0)), folder=tmp_path / "flash")
    assert isinstance(board.broker, NoBroker)
    await line.start_ingest()
    board.port = line.broker.port
    app = App(config, board)

    async def has_it() -> bool:
        return app.link.is_connected and app._last_token != token

    await until(app, board, has_it)
    app.link.close()
    # the older one is forgotten: the newer one has opened the broker, and does so after a restart
    app = App(config, board)
    assert app.tokens.token != token
    assert await IssuedTokens(database).opens(device=name, token=app.tokens.token)
    async with world.unit_of_work() as session:
        rows = await identity_queries.device_tokens(session, estate_id=world.estate_id, limit=10)
    assert len(rows) == 2


async def test_nothing_waits_for_who_is_away(embedded_line: Line, database: Database):
    """The broker keeps commands for a device that is away, and no token."""
    line = embedded_line
    world = await new_world(database)
    name = f"dev-{world.estate_id}-1"
    token = await issued(world, name, expires_at=None)
    async with client(line.broker, name, clean_session=False) as device:
        await device.subscribe(f"m/{name}/token", qos=1)
        await device.publish(f"m/{name}/renew", asking(token), qos=1)
    await line.start_ingest()

    async def is_renewed() -> bool:
        async with world.unit_of_work() as session:
            rows = await identity_queries.device_tokens(session, estate_id=world.estate_id, limit=10)
        return len(rows) == 2

    await eventually(is_renewed, what="the token is renewed")
    await line.all_acknowledged(1)
    async with client(line.broker, name, clean_session=False) as device:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.5):
                await anext(device.messages)
