"""Codecs over the API: kept, tried, and not able to stop anything."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.integration.api.place import Place

GOOD = """
function decodeUplink(input) {
  var b = input.bytes;
  if (b.length === 0) { throw new Error("no bytes"); }
  console.log("got " + b.length);
  return {data: {energy_wh: b[0] * 256 + b[1]}};
}
"""
EXAMPLES = [
    {"input": {"bytes": [4, 178], "fPort": 2}, "output": {"data": {"energy_wh": 1202}}},
    {"name": "wrong", "input": {"bytes": "0001"}, "output": {"data": {"energy_wh": 2}}},
]


async def test_a_codec_is_kept_changed_used_and_deleted(place: Place) -> None:
    base = f"{place.base}/codecs"
    made = await place.client.post(base, json={"name": "acme", "body": GOOD})
    assert made.status_code == 201, made.text
    codec_id = made.json()["codec_id"]
    again = await place.client.post(base, json={"name": "acme", "body": "1"})
    assert (again.status_code, again.json()["code"]) == (409, "codec_in_use")
    listed = (await place.client.get(base)).json()["items"]
    assert [(each["name"], "body" in each) for each in listed] == [("acme", False)]
    device = {"driver": "chirpstack", "address": "a84041d4f1aa0001", "codec_id": codec_id}
    device["fields"] = [{"path": "energy_wh", "register": "import", "unit": "Wh"}]
    registered = await place.client.post(f"{place.base}/devices", json=device)
    assert registered.status_code == 201, registered.text
    used = await place.client.delete(f"{base}/{codec_id}")
    assert (used.status_code, used.json()["code"]) == (409, "codec_in_use")
    changed = await place.client.put(f"{base}/{codec_id}", json={"name": "acme-2", "body": GOOD + "//2"})
    assert (changed.json()["name"], changed.json()["sha256"] != made.json()["sha256"]) == ("acme-2", True)
    assert (await place.client.get(f"{base}/{codec_id}")).json()["body"] == GOOD + "//2"
    spare = (await place.client.post(base, json={"name": "spare", "body": "1"})).json()["codec_id"]
    assert (await place.client.delete(f"{base}/{spare}")).status_code == 204
    assert (await place.client.get(f"{base}/{spare}")).status_code == 404


async def test_examples_tell_what_differs(place: Place) -> None:
    made = await place.client.post(f"{place.base}/codecs", json={"name": "acme", "body": GOOD})
    path = f"{place.base}/codecs/{made.json()['codec_id']}/test"
    stored = await place.client.post(path, json={"examples": EXAMPLES})
    tried = await place.client.post(f"{place.base}/codec-tests", json={"body": GOOD, "examples": EXAMPLES})
    assert (
        stored.json()
        == tried.json()
        == {
            "passed": 1,
            "failed": [
                {
                    "place": "2",
                    "name": "wrong",
                    "reason": "differs",
                    "differs": [{"path": "data.energy_wh", "expected": "2", "given": "1"}],
                    "console": ["got 2"],
                }
            ],
            "left_out": 0,
        }
    )
    answer = await place.client.post(path, json={"examples": [{"input": 1}]})
    assert (answer.status_code, answer.json()["problems"][0]["path"]) == (422, "body.examples")
    many = await place.client.post(path, json={"examples": EXAMPLES * 26})
    assert many.status_code == 422


async def test_a_hostile_codec_stops_nothing(place: Place) -> None:
    async def hang() -> Any:
        body = {"body": "function decodeUplink() { for (;;) {} }", "examples": EXAMPLES[:1] * 50}
        return await place.client.post(f"{place.base}/codec-tests", json=body)

    began = time.monotonic()
    hanging = [asyncio.create_task(hang()) for _ in range(3)]
    await asyncio.sleep(0.3)
    assert (await place.client.get("/healthz")).status_code == 200
    answers = await asyncio.gather(*hanging)
    assert time.monotonic() - began < 15
    assert sorted(each.status_code for each in answers) == [200, 200, 429]
    for each in (each.json() for each in answers if each.status_code == 200):
        assert each["passed"] == 0
        assert len(each["failed"]) + each["left_out"] == 50
        assert each["failed"][0]["reason"].startswith("codec_timeout")
    # gives what is no text, and too much of it
    body = "function decodeUplink() { throw new Error('\\ud800' + 'x'.repeat(100000)); }"
    answer = await place.client.post(
        f"{place.base}/codec-tests", json={"body": body, "examples": EXAMPLES[:1]}
    )
    assert (answer.status_code, len(answer.json()["failed"][0]["reason"])) == (200, 500)


async def test_a_frame_is_decoded_before_a_codec_is_kept(place: Place) -> None:
    path = f"{place.base}/codec-frames"
    body = (
        "function decodeUplink(input) { console.log('port', input.fPort);"
        " if (input.bytes.length < 2) { throw new Error('too short'); }"
        " return {data: {energy_wh: input.bytes[0] * 256 + input.bytes[1]}, warnings: ['old']}; }"
    )
    for frame in ("04 b2", "0x04,0xB2", "04:b2", "BLI="):
        answer = await place.client.post(path, json={"body": body, "frame": frame, "f_port": 2})
        assert answer.status_code == 200, answer.text
        assert json.loads(answer.json()["data"]) == {"energy_wh": 1202}
        assert (answer.json()["errors"], answer.json()["warnings"]) == ([], ["old"])
        assert "2" in answer.json()["console"][0]
    short = (await place.client.post(path, json={"body": body, "frame": "04"})).json()
    assert short["data"] is None
    assert "too short" in short["errors"][0]
    for wrong in ("04b", "hello!", ""):
        answer = await place.client.post(path, json={"body": body, "frame": wrong})
        assert (answer.status_code, answer.json()["problems"][0]["path"]) == (422, "body.frame")
    assert (await place.client.get(f"{place.base}/codecs")).json()["items"] == []


async def test_who_uses_a_codec(place: Place) -> None:
    body = {"name": "acme", "body": "function decodeUplink() { return {data: {}}; }"}
    codec = (await place.client.post(f"{place.base}/codecs", json=body)).json()
    device = {"driver": "chirpstack", "address": "a84041d4f1aa0001", "codec_id": codec["codec_id"]}
    field = {"path": "energy_kwh", "register": "import", "unit": "kWh"}
    device |= {"settings": {"application_id": "meters"}, "fields": [field]}
    made = await place.client.post(f"{place.base}/devices", json=device)
    assert made.status_code == 201, made.text
    params = {"codec_id": codec["codec_id"]}
    users = (await place.client.get(f"{place.base}/devices", params=params)).json()["items"]
    assert [each["name"] for each in users] == [made.json()["name"]]
    assert (await place.client.get(f"{place.base}/devices", params={"codec_id": 999})).json()["items"] == []


async def test_fields_are_suggested(place: Place) -> None:
    said = {"data": {"energy_kwh": 1204.51, "power_w": 310}}
    answer = await place.client.post(f"{place.base}/suggested-fields", json=said)
    (found,) = answer.json()["items"]
    assert (found["path"], found["register"], found["unit"]) == ("energy_kwh", "import", "kWh")
    assert (found["scale"], found["value"], found["is_unit_told"]) == ("1", "1204.51", True)


async def test_drivers_are_listed(place: Place) -> None:
    items = (await place.client.get("/api/v1/drivers")).json()["items"]
    found = {each["name"]: each for each in items}
    assert {name: found[name]["transport"] for name in ("mita", "chirpstack", "modbus", "tts")} == {
        "mita": "mqtt",
        "chirpstack": "mqtt",
        "modbus": "polled",
        "tts": "http",
    }
    takes = {each["name"]: each for each in found["modbus"]["takes"]}
    assert (takes["unit"]["kind"], takes["unit"]["default"], takes["unit"]["most"]) == ("whole", 1, 255)
    assert "eastron_sdm120" in takes["map"]["choices"]
    assert "sync_clock" not in takes
    assert [each["name"] for each in found["emop"]["takes"]][-2:] == ["sync_clock", "follow_rate_table"]
    assert found["tasmota"]["cut"] == "relay"
