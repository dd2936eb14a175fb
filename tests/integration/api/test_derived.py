"""Pulse counters, factors and virtual meters through the API, the last by a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.entrypoints.worker.app import create_worker_app

from .place import made

if TYPE_CHECKING:
    import httpx

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres
    from mita.kit.db import Database

    from .place import Place


def hour(number: int) -> str:
    return f"2025-03-01T{number:02}:00:00Z"


async def test_how_registers_come_about(
    client: httpx.AsyncClient,
    member: httpx.AsyncClient,
    place: Place,
    database: Database,
    postgres: EmbeddedPostgres,
    database_name: str,
) -> None:
    path = f"{place.base}/registers/{place.register_id}"
    factor = {"factor": "200/5", "reason": "transformers"}
    # a preview keeps nothing
    preview = await made(client, f"{path}/factors", {**factor, "dry_run": True})
    assert (preview["factor"], preview["shown"]["amount"]) == ("200/5", "0.000000")
    assert (await client.get(f"{path}/factors")).json()["factors"] == []
    await made(client, f"{path}/factors", factor)
    assert (await client.delete(f"{path}/factors")).status_code == 204
    await made(client, f"{path}/factors", factor)
    meter = (await client.get(f"{place.base}/meters/{place.meter_id}")).json()
    assert meter["registers"][0]["factor"] == "200/5"
    # who lives there sees it too, and changes nothing
    assert (await member.get(f"{place.base}/meters/{place.meter_id}")).json() == meter
    assert (await member.get(f"{path}/factors")).status_code in (403, 404)
    await place.send((hour(0), "10"), (hour(1), "10.25"))
    assert await place.balance() == "-23.000000"
    for refused in (
        await client.post(f"{path}/factors", json={**factor, "from_at": hour(1), "shown": "11"}),
        await client.delete(f"{path}/factors"),
        await client.post(f"{path}/pulse-counter", json={"weight": "1000 imp/kWh"}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "read_since")
    bad = await client.post(f"{path}/factors", json={**factor, "factor": "1:40"})
    assert (bad.status_code, bad.json()["problems"][0]["path"]) == (422, "body.factor")

    body = {"unit_id": place.unit_id, "utility": "electricity", "registers": ["import", "export"]}
    pulses = await made(client, f"{place.base}/meters", {**body, "serial": "P1"})
    counted, virtual = (each["register_id"] for each in pulses["registers"])
    counter = f"{place.base}/registers/{counted}/pulse-counter"
    assert (await client.post(f"{counter}/restarts", json={"cause": "reset"})).status_code == 404
    span = await made(
        client, counter, {"weight": "1000 imp/kWh", "width_bits": 16, "count": 65_000, "value": "7.5"}
    )
    assert (span["count"], span["value"]["amount"]) == (65_000, "7.500000")
    readings = [
        {"meter": "P1", "taken_at": hour(number), "value": value, "unit": "imp"}
        for number, value in ((0, "65000"), (2, "464"), (3, "464.5"))
    ]
    sent = (await client.post(f"{place.base}/readings", json={"readings": readings})).json()
    assert [each["class"] for each in sent["readings"]] == ["first", "charged", "rejected"]
    assert sent["readings"][2]["code"] == "too_many_decimals"
    spans = (await client.get(counter)).json()["spans"]
    assert [(each["cause"], each["count"], each["value"]["amount"]) for each in spans] == [
        ("rolled_over", 464, "8.500000"),
        ("set", 65_000, "7.500000"),
    ]

    wanted = {
        "of": [place.register_id, counted],
        "into": [{"register_id": virtual, "share": "1/2"}],
        "step_minutes": 60,
        "from_at": hour(0),
    }
    seen = (await client.post(f"{place.base}/virtual-meters/preview", json=wanted)).json()["values"]
    # a half of 10 kWh, and of half a kWh, which lies on the line between two readings
    assert [(each["value"]["amount"], each["is_estimated"]) for each in seen] == [
        ("0.000000", False),
        ("5.250000", True),
    ]
    made_of = await made(client, f"{place.base}/virtual-meters", wanted)
    assert (made_of["kind"], made_of["is_waiting"], made_of["opened_at"]) == ("share", True, None)
    twice = await client.post(f"{place.base}/virtual-meters", json=wanted)
    assert (twice.status_code, twice.json()["code"]) == (409, "made_twice")
    app = create_worker_app(postgres.app_url(database_name))
    async with app.open_async():
        await app.run_worker_async(wait=False, additional_context={"database": database})
        stored = (await client.get(f"{place.base}/readings", params={"register_id": virtual})).json()
        assert [each["value"]["amount"] for each in stored["items"]] == ["5.250000", "0.000000"]
        # the next reading of a part asks for it by itself
        await place.send((hour(2), "10.5"))
        await app.run_worker_async(wait=False, additional_context={"database": database})
    stored = (await client.get(f"{place.base}/readings", params={"register_id": virtual})).json()
    assert stored["items"][0]["value"]["amount"] == "10.500000"
    assert [(each["meter"], each["register"]) for each in made_of["registers"]] == [
        ("E1", "import"),
        ("P1", "import"),
        ("P1", "export"),
    ]
    one = f"{place.base}/virtual-meters/{made_of['virtual_meter_id']}"

    # changed: the next one begins where this one is over, which it is not before its own beginning
    changed = {**wanted, "of": [counted], "from_at": hour(2), "replaces": made_of["virtual_meter_id"]}
    path = f"{place.base}/virtual-meters"
    early = await client.post(path, json={**changed, "from_at": hour(0)})
    assert (early.status_code, early.json()["problems"][0]["path"]) == (422, "body.from_at")
    nobody = await client.post(path, json={**changed, "replaces": 999_999})
    assert (nobody.status_code, nobody.json()["code"]) == (404, "not_found")
    seen = await client.post(f"{path}/preview", json=changed)
    assert seen.json()["values"][0]["value"]["amount"] == "10.500000"
    assert (await client.get(one)).json()["until_at"] is None
    next_one = await made(client, path, changed)
    assert (await client.get(one)).json()["until_at"] == next_one["from_at"] == hour(2)
    late = await client.post(path, json={**changed, "from_at": hour(3)})
    assert (late.status_code, late.json()["problems"][0]["path"]) == (422, "body.from_at")
    ended = await client.post(f"{one}/end", json={"until_at": hour(2)})
    assert ended.json()["until_at"] == hour(2)
    assert (await client.get(path)).json()["items"][0] == ended.json()
    assert ended.json() == (await client.get(one)).json()
