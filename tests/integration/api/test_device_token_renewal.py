"""A device trades its token before it ends; the reference firmware does so over a real socket."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import uvicorn

from mita.entrypoints.embedded.issued import IssuedTokens
from tests.unit.firmware.rig import Flash

from .people import signed_in
from .place import made

# isort: split
from mita_meter.files import Slots
from mita_meter.tokens import Tokens, body_of, renewal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx
    import psycopg
    from fastapi import FastAPI

    from mita.kit.db import Database

    from .place import Place

RENEW = "/api/v1/device-tokens/renew"
DEVICE = "board-1"
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


async def issued(place: Place, **said: Any) -> dict[str, Any]:
    meter = {"unit_id": place.unit_id, "serial": "W1", "utility": "water", "device": DEVICE}
    await made(place.client, f"{place.base}/meters", meter)
    return await made(place.client, f"{place.base}/device-tokens", {"device": DEVICE, **said})


async def opens(database: Database, token: str) -> bool:
    return await IssuedTokens(database).opens(device=DEVICE, token=token)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_a_device_trades_its_token_and_has_both_for_a_week(
    app: FastAPI, client: httpx.AsyncClient, place: Place, database: Database, admin: psycopg.Connection
) -> None:
    first = await issued(place, expires_at=(datetime.now(tz=UTC) + 90 * DAY).isoformat())
    path = f"{place.base}/device-tokens"
    for caller, code in (
        (client, "devices_only"),
        (signed_in(app, "mita_device_" + "x" * 43), "unauthorized"),
    ):
        assert (await caller.post(RENEW)).json()["code"] == code
    async with signed_in(app, first["token"]) as device:
        answer = await device.post(RENEW)
        assert answer.status_code == 201, answer.text
        second = answer.json()
        assert set(second) == {"device_token", "token"}
        assert second["token"] != first["token"]
        new = second["device_token"]
        assert (new["device"], new["issued_by"]) == (DEVICE, f"device:{DEVICE}")
        assert new["renews_id"] == first["device_token"]["device_token_id"]
        # as long as the first was to last, to the second
        old = first["device_token"]
        lasts = instant(old["expires_at"]) - instant(old["issued_at"])
        assert timedelta(0) <= lasts - (instant(new["expires_at"]) - instant(new["issued_at"])) < SECOND
        listed = (await client.get(path, params={"device": DEVICE})).json()["items"]
        ends = {each["device_token_id"]: each["expires_at"] for each in listed}
        left = instant(ends[old["device_token_id"]]) - instant(new["issued_at"])
        assert left == 7 * DAY
        assert await opens(database, first["token"])
        assert await opens(database, second["token"])
        log = admin.execute("SELECT action, subject FROM audit_entry WHERE actor = %s", (f"device:{DEVICE}",))
        # the new one, and the shorter time of the old one
        assert log.fetchall() == [("renew_device_token", f"device:{DEVICE}")] * 2
        # the answer was lost: again with the one that it has, which ends no later for that
        third = (await device.post(RENEW)).json()["device_token"]
        assert timedelta(0) <= lasts - (instant(third["expires_at"]) - instant(third["issued_at"])) < SECOND
        (again,) = [
            each["expires_at"]
            for each in (await client.get(path)).json()["items"]
            if each["device_token_id"] == old["device_token_id"]
        ]
        assert again == ends[old["device_token_id"]]
        for _ in range(8):
            assert (await device.post(RENEW)).status_code == 201
        often = await device.post(RENEW)
        assert (often.status_code, often.json()["code"], often.headers["retry-after"]) == (
            429,
            "rate_limited",
            "3600",
        )
        assert (await client.delete(f"{path}/{old['device_token_id']}")).status_code == 200
        assert (await device.post(RENEW)).status_code == 401
    assert not await opens(database, first["token"])
    assert await opens(database, second["token"])
    # its time is over
    admin.execute("UPDATE device_token SET issued_at = issued_at - interval '1 year', expires_at = now()")
    admin.commit()
    async with signed_in(app, second["token"]) as device:
        assert (await device.post(RENEW)).status_code == 401


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[int]:
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(20):
        while not server.started and not task.done():  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await task


async def fetched(port: int, token: str) -> bytes | None:
    """Ask as a board does: the firmware's own request over a plain socket, its own reading of the answer."""
    host, asked_port, request = renewal(f"https://127.0.0.1:{port}{RENEW}", token)
    assert (host, asked_port) == ("127.0.0.1", port)
    reader, writer = await asyncio.open_connection(host, asked_port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    assert len(answer) < 8192
    return body_of(answer)


async def test_the_firmware_renews_and_opens_the_broker_with_the_new_one(
    app: FastAPI, place: Place, database: Database
) -> None:
    now = datetime.now(tz=UTC)
    first = await issued(place, expires_at=(now + 6 * DAY).isoformat())
    expires_s = int((now + 6 * DAY).timestamp())
    tokens = Tokens(Slots(Flash(), "token"), token=first["token"], expires_s=expires_s)
    assert tokens.is_due(now_s=int(now.timestamp()), uptime_ms=0)
    async with served(app) as port:
        assert await fetched(port, "mita_device_" + "x" * 43) is None
        answer = await fetched(port, tokens.token)
    assert answer is not None
    assert tokens.took(answer)
    new = tokens.token
    assert new != first["token"]
    assert await opens(database, new)
    tokens.opened()
    assert tokens.token == new
    # six days long, as the one before
    ends_s = int(now.timestamp()) + 6 * 86_400
    assert not tokens.is_due(now_s=ends_s - 7 * 86_400 - 60, uptime_ms=10**9)
    assert tokens.is_due(now_s=ends_s - 7 * 86_400 + 60, uptime_ms=10**9)
