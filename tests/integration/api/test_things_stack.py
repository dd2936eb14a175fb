"""The Things Stack: its webhook is charged, its downlinks switch, and only the device's word counts."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING, Any

from mita.credit import operations as credit
from mita.devices import operations as devices
from mita.devices import queries as registry
from mita.devices.operations import DeviceTerms
from mita.entrypoints.api.posts import POSTS
from mita.entrypoints.ingest.commands import CommandSender
from mita.entrypoints.ingest.things_stack import TtsServer
from mita.entrypoints.worker.poster import WebhookPoster
from mita.kit.clock import now_utc
from mita.kit.db import Database
from mita.kit.seal import Seals
from mita.webhooks.domain import AddressRules
from tests.fakes.things_stack import FakeThingsStack, Meter
from tests.integration.ingest.loops import KWH, RAND, Wired, commands_of, shown, wired_world

from .people import signed_in
from .place import made

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx
    import psycopg
    from fastapi import FastAPI

    from mita.entrypoints.ingest.link import Link
    from tests.integration.world import World

    from .place import Place

LIVELY, SLEEPY = "a84041d4f1aa0001", "A84041D4F1AA0002"
LOOPBACK = AddressRules.of(["127.0.0.0/8"])
FIELDS = [{"path": "energy_wh", "register": "import", "unit": "Wh"}]
SWITCH = {"path": "relay", "on": "closed", "off": "open"}
# four bytes of watt-hours and the relay; a switch is told by an object
CODEC = """
function decodeUplink(input) {
  var b = input.bytes;
  return {data: {energy_wh: ((b[0] << 24) | (b[1] << 16) | (b[2] << 8) | b[3]) >>> 0,
                 relay: b[4] ? 'closed' : 'open'}};
}
function encodeDownlink(input) {
  if (input.data.relay === undefined) return {errors: ['no relay']};
  return {bytes: [193, input.data.relay ? 1 : 0], fPort: 3};
}
"""


class NoBroker:
    """A broker that is away: what goes over HTTP does not wait for it."""

    is_connected = False


@contextlib.asynccontextmanager
async def sending(
    database: Database, rules: AddressRules = LOOPBACK, **server: str
) -> AsyncIterator[CommandSender]:
    """A sender to The Things Stack."""
    tts = TtsServer(WebhookPoster(rules, timeout_s=2), **server)
    link: Link = NoBroker()  # as much of it as is asked
    sender = CommandSender(database, link=link, tts=tts)
    async with closing(sender, tts):
        yield sender


async def with_codec(world: World, name: str, *, server_url: str, key: str) -> None:
    """Give a device the codec, orders as objects, and a server of its own with a key."""
    relay = {"f_port": 1, "on": {"relay": 1}, "off": {"relay": 0}, "encoder": "codec"}
    async with world.unit_of_work() as session:
        codec = await devices.new_codec(
            session, estate_id=world.estate_id, name="maker", body=CODEC, now=now_utc()
        )
        row = await registry.device_named(session, estate_id=world.estate_id, name=name)
        assert row is not None
        terms = DeviceTerms(
            settings={**row.settings, "relay": relay, "server_url": server_url},
            fields=row.fields,
            codec_id=codec.codec_id,
        )
        where = {"estate_id": world.estate_id, "device_id": row.device_id}
        await devices.change_device(session, **where, terms=terms, now=now_utc())
        await devices.set_secret(session, **where, secret={"api_key": key}, now=now_utc())


async def webhook_key(client: httpx.AsyncClient, estate_id: int) -> str:
    body = {"name": "TTS", "permissions": ["readings.send"], "estate_ids": [estate_id]}
    return str((await made(client, "/api/v1/api-keys", body))["secret"])


@contextlib.asynccontextmanager
async def closing(*parts: Any) -> AsyncIterator[None]:
    """Close parts at the end, whatever happened: a codec's process must not outlive the test."""
    try:
        yield
    finally:
        for part in parts:
            await part.close()


def named(device_id: str, **more: Any) -> dict[str, Any]:
    names = {"application_id": "flats", "webhook_id": "mita", "device_id": device_id}
    return {**names, "switch": SWITCH, "relay": {"f_port": 50, "on": "074801", "off": "074800"}, **more}


async def test_the_loop_closes_over_the_tts(
    app: FastAPI, client: httpx.AsyncClient, database: Database, admin: psycopg.Connection
) -> None:
    lively = DeviceTerms(settings=named("lively", **{"class": "C"}), fields=FIELDS)
    sleepy = DeviceTerms(settings=named("sleepy"), fields=FIELDS)
    world = await wired_world(database, Wired("tts", LIVELY, lively), Wired("tts", SLEEPY, sleepy))
    path = f"/api/v1/estates/{world.estate_id}/ingest/things-stack"
    meters = (
        Meter("lively", LIVELY),
        Meter("sleepy", SLEEPY, device_class="A", is_raw=True, on=(3, b"\xc1\x01"), off=(3, b"\xc1\x00")),
    )
    start_s = int(time.time()) - 3_600
    async with signed_in(app, await webhook_key(client, world.estate_id)) as hook:
        answers: list[int] = []

        async def post(body: dict[str, Any]) -> None:
            answers.append((await hook.post(path, content=json.dumps(body))).status_code)

        async with (
            FakeThingsStack(*meters, post=post) as server,
            closing(app.state.edge.parts[POSTS]),
            contextlib.AsyncExitStack() as stack,
        ):
            await with_codec(world, f"tts:{SLEEPY}", server_url=server.url, key=server.key)
            sender = await stack.enter_async_context(sending(database, api=server.url, key=server.key))
            for meter in meters:
                await server.uplink(meter.device_id, at_s=start_s)
                await server.uplink(meter.device_id, used_wh=4_000, at_s=start_s + 60)
            assert await world.balances() == [23 * RAND - 4 * KWH] * 2
            for meter in meters:
                await server.uplink(meter.device_id, used_wh=6_000, at_s=start_s + 120)
            # nothing was sent yet, and nothing is believed before the device has said so
            assert [await commands_of(world, unit=unit) for unit in (0, 1)] == [[("off", "asked")]] * 2
            await sender.send_asked()
            await server.settled()
            assert await commands_of(world, unit=0) == [("off", "confirmed")]
            assert await commands_of(world, unit=1) == [("off", "queued")]
            assert (await shown(world), meters[0].switched) == ([False, True], [False])
            # the sleeping one hears it after its uplink, as its maker's codec has put it
            assert [each["frm_payload"] for each in meters[1].queue] == ["wQA="]
            await server.uplink("sleepy", at_s=start_s + 180)
            assert await commands_of(world, unit=1) == [("off", "confirmed")]
            assert (await shown(world), meters[1].switched) == ([False, False], [False])

            for unit in (0, 1):
                await world.top_up("11.50", key=f"more-{unit}", unit=unit, now=now_utc())
            await sender.send_asked()
            await server.settled()
            await server.uplink("sleepy")
            assert await shown(world) == [True, True]
            # out again, and paid before it wakes up: the order that waits is taken back
            await server.uplink("sleepy", used_wh=5_000)
            await sender.send_asked()
            await server.settled()
            assert [each["frm_payload"] for each in meters[1].queue] == ["wQA="]
            await world.top_up("11.50", key="yet more", unit=1, now=now_utc())
            await sender.send_asked()
            await server.settled()
            assert [each["frm_payload"] for each in meters[1].queue] == ["wQE="]
            await server.uplink("sleepy")
            assert meters[1].switched == [False, True, True]
            assert [state for _, state in await commands_of(world, unit=1)] == [
                "confirmed",
                "confirmed",
                "failed",
                "confirmed",
            ]
    assert {how for how, _ in server.requests} == {"replace"}
    ids = {str(each) for (each,) in admin.execute("SELECT command_id FROM supply_command").fetchall()}
    sent = [down["correlation_ids"][0] for _, body in server.requests for down in body["downlinks"]]
    assert sorted(sent) == sorted(ids)
    assert set(answers) == {200}
    assert admin.execute("SELECT count(*) FROM rejected_reading").fetchone() == (0,)
    assert await world.verified()


async def test_a_message_is_for_the_estate_of_its_key_only(
    app: FastAPI, client: httpx.AsyncClient, place: Place, database: Database, admin: psycopg.Connection
) -> None:
    world = await wired_world(database, Wired("tts", LIVELY, DeviceTerms(fields=FIELDS)))
    theirs = f"/api/v1/estates/{world.estate_id}/ingest/things-stack"
    mine = f"{place.base}/ingest/things-stack"

    def body(dev_eui: str = LIVELY, **event: Any) -> str:
        ids = {"device_id": "m", "dev_eui": dev_eui.upper()}
        return json.dumps({"end_device_ids": ids, **event})

    uplink = {"uplink_message": {"decoded_payload": {"energy_wh": 4_000}}}
    async with signed_in(app, await webhook_key(client, place.estate_id)) as hook:
        assert (await hook.post(theirs, content=body(**uplink))).status_code == 404
        # what another estate has, and what nobody has, is the same to who asks; each is listed once
        for dev_eui in (LIVELY, LIVELY, "00" * 8):
            answer = await hook.post(mine, content=body(dev_eui, **uplink))
            assert (answer.status_code, answer.json()["is_known"]) == (200, False)
            assert answer.json()["device"] == f"tts:{dev_eui.upper()}"
        listed = "SELECT estate_id, code, detail FROM rejected_reading ORDER BY rejected_reading_id"
        assert admin.execute(listed).fetchall() == [
            (place.estate_id, "unknown_device", f"the estate has no device 'tts:{each}'")
            for each in (LIVELY.upper(), "00" * 8)
        ]
        for odd in ("", "[]", "{}", '{"end_device_ids": {"dev_eui": 5}}', "\xff", "9" * 70_000):
            refused = await hook.post(mine, content=odd.encode("latin-1"))
            assert (refused.status_code, refused.json()["code"]) == (422, "invalid"), odd[:20]
    async with (
        signed_in(app, await webhook_key(client, world.estate_id)) as hook,
        closing(app.state.edge.parts[POSTS]),
    ):
        # twice: the same reading is charged once; the register opens with its first value
        for energy_wh in (4_000, 4_000, 5_000, 5_000):
            at = f"2026-03-21T00:00:0{energy_wh // 1_000}Z"
            said = {"received_at": at, "decoded_payload": {"energy_wh": energy_wh}}
            answer = await hook.post(theirs, content=body(uplink_message=said))
            assert answer.json() == {"device": f"tts:{LIVELY}", "is_known": True}
        made_up = body(simulated=True, uplink_message={"decoded_payload": {"energy_wh": 9_000_000}})
        assert (await hook.post(theirs, content=made_up)).status_code == 200
    assert await world.balances() == [23 * RAND - KWH]
    told = "SELECT code, source FROM rejected_reading WHERE estate_id = %s"
    assert admin.execute(told, (world.estate_id,)).fetchall() == [("simulated", "tts")]


async def test_a_server_that_refuses_is_left_alone_and_nobody_gets_another_ones_key(
    database: Database, admin: psycopg.Connection
) -> None:
    lively = DeviceTerms(settings=named("lively", **{"class": "C"}), fields=FIELDS)
    sleepy = DeviceTerms(settings=named("sleepy"), fields=FIELDS)
    world = await wired_world(database, Wired("tts", LIVELY, lively), Wired("tts", SLEEPY, sleepy))

    async def post(body: dict[str, Any]) -> None:
        del body

    waits = Meter("lively", LIVELY, device_class="A")
    async with FakeThingsStack(waits, Meter("sleepy", SLEEPY), post=post) as server:
        # its own server, and no key: the installation's is not for it
        await with_codec(world, f"tts:{SLEEPY}", server_url=server.url, key="\n")
        async with world.unit_of_work() as session:
            for unit_id in world.unit_ids:
                await credit.stop_by_staff(
                    session,
                    estate_id=world.estate_id,
                    unit_id=unit_id,
                    utility="electricity",
                    reason="test",
                    actor="staff:test",
                    now=now_utc(),
                )
        where = {"api": server.url, "key": server.key}
        server.refuses = 403
        async with sending(database, **where) as sender:
            for _ in range(3):
                await sender.send_asked()
        failures = "SELECT state, attempts, failure FROM supply_command ORDER BY unit_id"
        assert admin.execute(failures).fetchall() == [
            ("asked", 0, "The Things Stack refuses it: 403 {}"),
            ("asked", 0, f"no key is known for {server.url}: it is 'api_key' of the device's secret"),
        ]
        # each was tried once, and is left alone for a while
        assert server.asked == 1
        server.refuses = 503
        async with sending(database, **where) as sender:
            for _ in range(3):
                await sender.send_asked()
        assert server.asked == 2
        # an address of the own network is not connected to, unless the settings allow it
        server.refuses = None
        async with sending(database, AddressRules(), **where) as sender:
            await sender.send_asked()
        assert server.asked == 2
        # a secret that does not open is told of, and nobody else waits for it
        other = Database(database.url, seals=Seals([bytes(31) + b"1"]))
        async with closing(other), sending(other, AddressRules()) as sender:
            await sender.send_asked()
        (_, (_, _, failure)) = admin.execute(failures).fetchall()
        assert failure.startswith("a value of device.secret_sealed was sealed with the key")
        async with sending(database, **where) as sender:
            await sender.send_asked()
        await server.settled()
        assert [state for state, _, _ in admin.execute(failures).fetchall()] == ["queued", "asked"]
        # nobody has heard it within its time: it must not be carried out by whoever wakes up later
        assert len(waits.queue) == 1
        admin.execute(
            "UPDATE supply_command"
            " SET state = 'failed', changed_at = now(), expires_at = now() - interval '1 second'"
        )
        async with sending(database, **where) as sender:
            await sender.send_asked()
            await server.settled()
            assert (waits.queue, len(server.requests)) == ([], 2)
            await sender.send_asked()
        assert server.requests[1:] == [("replace", {"downlinks": []})]
