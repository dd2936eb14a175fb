"""Devices post over HTTP: charged, deduplicated, answered with what waits for them, and obeying."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx

from mita.devices import operations as devices
from mita.devices.operations import DeviceTerms
from mita.entrypoints.posts import Posts, signature_of
from mita.kit.clock import now_utc
from mita.metering import queries as metering

from .posting import ago, commands_of, cutting_world, is_on, served, token_of

if TYPE_CHECKING:
    import psycopg

    from mita.kit.db import Database

# 100 kWh, then eleven more: one more than 23.00 buys at 2.30
FIRST, DRY = 100, 111


async def test_supply_goes_off_and_on_by_answers_to_posts(
    database: Database, admin: psycopg.Connection
) -> None:
    world = await cutting_world(database)
    token = await token_of(world, f"dev-{world.estate_id}-1")
    headers = {"Authorization": f"Bearer {token}"}
    async with served(database) as url, httpx.AsyncClient(headers=headers) as device:

        async def post(body: Any) -> Any:
            answer = await device.post(url, json=body)
            assert answer.status_code == 200, answer.text
            return answer.json()

        quiet = {"accepted": 1, "rejected": 0, "rejections": [], "commands": []}
        assert await post({"ts": ago(90), "r": {"kwh": FIRST}}) == quiet
        dry = {"ts": ago(60), "r": {"kwh": DRY}}
        answered = await post(dry)
        (off,) = answered["commands"]
        assert answered == {**quiet, "commands": [off]}
        assert {name: off[name] for name in ("relay", "meter")} == {"relay": "off", "meter": "M1"}
        assert set(off) == {"id", "relay", "meter", "exp"}
        # the answer was lost: the same post has the same answer, and costs nothing
        assert await post(dry) == answered
        assert await world.balances() == [-2_300_000]
        assert (await commands_of(world), await is_on(world)) == ([("off", "sent")], True)

        assert await post({"id": off["id"], "relay": "off"}) == quiet
        assert (await commands_of(world), await is_on(world)) == ([("off", "confirmed")], False)

        await world.top_up("50.00", key="again", now=now_utc())
        (on,) = (await post({"ts": ago(30), "r": {"kwh": DRY}, "relay": "off"}))["commands"]
        assert on["relay"] == "on"
        # it need not name the command
        assert await post({"r": {"kwh": DRY}, "relay": "on"}) == quiet
        assert (await post({"r": {"kwh": True}}))["rejections"][0]["code"] == "not_a_number"
        assert (await commands_of(world))[1:] == [("on", "confirmed")]
        assert await is_on(world)
    assert await world.verified()
    listed = admin.execute("SELECT source FROM rejected_reading").fetchall()
    assert listed == [(f"http:m/dev-{world.estate_id}-1/up",)]


async def test_a_gateway_posts_for_its_own_devices_and_each_item_has_its_result(database: Database) -> None:
    world = await cutting_world(database, meters=3)
    gateway, behind, stranger = (f"dev-{world.estate_id}-{each}" for each in (1, 2, 3))
    async with world.unit_of_work() as session:
        await devices.register_device(
            session,
            estate_id=world.estate_id,
            driver="mita",
            address=behind,
            terms=DeviceTerms(settings={"gateway": gateway}),
            now=now_utc(),
        )
    headers = {"Authorization": f"Bearer {await token_of(world, gateway)}"}
    items = [
        {"ts": ago(60), "r": {"kwh": 1}},
        {"ts": ago(60), "device": behind, "r": {"kwh": 100}},
        {"ts": ago(60), "device": stranger, "r": {"kwh": 1}},
        {"ts": ago(60), "device": "nobody", "r": {"kwh": 1}},
        {"ts": ago(60), "device": 5, "r": {"kwh": 1}},
        {"ts": ago(60), "meter": "M9", "r": {"kwh": 1}},
        {"ts": ago(60), "r": {"kwh": "1"}},
        {"ts": ago(-7200), "r": {"kwh": 1}},
        {"ts": ago(50), "device": behind, "r": {"kwh": 111}},
        {"id": "01930000-0000-7000-8000-000000000001", "relay": "off"},
    ]
    async with served(database) as url, httpx.AsyncClient(headers=headers) as device:
        said = (await device.post(url, json=items)).json()
        assert (said["accepted"], said["rejected"]) == (3, 7)
        assert [(each["item"], each["code"]) for each in said["rejections"]] == [
            (2, "unknown_device"),
            (3, "unknown_device"),
            (4, "bad_device"),
            (5, "unknown_meter"),
            (6, "not_a_number"),
            (7, "future_time"),
            (9, "unknown_command"),
        ]
        # it is told alike of who is not its own and who is not there
        reasons = [each["reason"] for each in said["rejections"][:2]]
        assert reasons[0].replace(stranger, "nobody") == reasons[1]
        assert [(each["relay"], each["meter"]) for each in said["commands"]] == [("off", "M2")]
        listed = await _rejections(world)
        assert sorted(listed) == sorted(each["code"] for each in said["rejections"])


async def _rejections(world: Any) -> list[str]:
    async with world.unit_of_work() as session:
        rows = await metering.rejections(session, estate_id=world.estate_id)
    return [row.code for row in rows]


async def test_who_may_post_and_what(database: Database, admin: psycopg.Connection) -> None:
    world = await cutting_world(database)
    name = f"dev-{world.estate_id}-1"
    token = await token_of(world, name)
    body = json.dumps({"ts": ago(60), "r": {"kwh": 1}}).encode()

    def signed(*, at: int, key: str = token, device: str = name, of: bytes = body) -> dict[str, str]:
        signature = signature_of(key, sent_s=at, body=of)
        return {"Mita-Device": device, "Mita-Timestamp": str(at), "Mita-Signature": signature}

    async with served(database) as url, httpx.AsyncClient() as client:

        async def status(headers: dict[str, str], content: bytes = body) -> tuple[int, str]:
            answer = await client.post(url, content=content, headers=headers)
            return answer.status_code, answer.json().get("code", "")

        bearer = {"Authorization": f"Bearer {token}"}
        assert await status(signed(at=ago(0))) == (200, "")
        assert await status(signed(at=ago(250))) == (200, "")
        refused = [
            {},
            {"Authorization": "Bearer mita_device_nobody"},
            signed(at=ago(400)),
            signed(at=ago(-400)),
            signed(at=ago(0), key=token + "x"),
            signed(at=ago(0), device="nobody"),
            signed(at=ago(0), of=body + b" "),
            {**signed(at=ago(0)), "Mita-Timestamp": str(ago(1))},
            {**signed(at=ago(0)), "Mita-Signature": "é"},
            {**signed(at=ago(0)), "Authorization": "Bearer mita_device_nobody"},
        ]
        answers = [await client.post(url, content=body, headers=_latin(each)) for each in refused]
        assert [each.status_code for each in answers] == [401] * len(refused)
        assert len({each.text for each in answers}) == 1, "nothing tells whether a device exists"
        for content in (
            b"",
            b"[]",
            b"{",
            b"[{},]",
            b"{} {}",
            b"[{}]x",
            b"\xff",
            b"[" * 9000,
            b"[" + b"{}," * 1000 + b"{}]",
        ):
            assert await status(bearer, content) == (400, "bad_post"), content[:20]
        assert await status(bearer, b"5") == (200, "")
        assert await status(bearer, b" " * (1024 * 1024 + 1)) == (413, "too_large")
        assert await status(signed(at=ago(0)), b" " * (1024 * 1024 + 1)) == (413, "too_large")
        admin.execute("UPDATE device_token SET revoked_at = now(), revoked_by = 'staff:test'")
        assert await status(signed(at=ago(0))) == (401, "unauthorized")
        assert await status(bearer) == (401, "unauthorized")


def _latin(headers: dict[str, str]) -> dict[bytes, bytes]:
    return {name.encode(): value.encode("latin-1") for name, value in headers.items()}


async def test_what_cannot_be_stored_now_is_to_be_posted_again(
    database: Database, admin: psycopg.Connection
) -> None:
    world = await cutting_world(database)
    headers = {"Authorization": f"Bearer {await token_of(world, f'dev-{world.estate_id}-1')}"}
    posts = Posts(database, source="http", answer_s=0.5)
    item = {"ts": ago(60), "r": {"kwh": 5}}
    async with served(database, posts=posts) as url, httpx.AsyncClient(headers=headers) as device:
        with admin.transaction():
            admin.execute("LOCK TABLE reading IN ACCESS EXCLUSIVE MODE")
            late = await device.post(url, json=item)
            assert (late.status_code, late.json()["code"]) == (503, "not_taken")
            assert int(late.headers["Retry-After"]) > 0
        # it was not lost: it is charged without being posted again, and again is harmless
        await asyncio.sleep(0.1)
        again = await device.post(url, json=item)
        assert again.json() == {"accepted": 1, "rejected": 0, "rejections": [], "commands": []}
        posts.intake._inbox._waiting_bytes += 10**9
        full = await device.post(url, json=item)
        assert (full.status_code, full.json()["code"]) == (503, "not_taken")
        posts.intake._inbox._waiting_bytes -= 10**9
    assert admin.execute("SELECT value_micro FROM reading").fetchall() == [(5_000_000,)]
