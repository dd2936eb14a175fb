"""Whatever comes over the wire, a driver answers, and says no more than a person can read."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mita.drivers.fields import Field
from mita.drivers.mqtt.discovery import CONVENTIONS
from mita.drivers.mqtt.telling import SHOWN_MAX
from mita.drivers.wire import Arrival, Order, Shown
from mita.kit.quantity import VALUE_MICRO_MAX

from .says import RECEIVED_S, device

if TYPE_CHECKING:
    from mita.drivers.wire import Decoded

COMMAND = "0199f7a2-1b2c-7d3e-8f40-51627384a5b6"
CHANNELS = {
    "tasmota": ["tele/SENSOR", "tele/STATE", "tele/LWT", "stat/RESULT", "stat/POWER1", "stat/STATUS10"],
    "shelly": ["events/rpc", "status/switch:0", "status/emdata:0", "online", f"{COMMAND}/rpc", "x/rpc"],
    "shelly1": ["relay/0", "relay/0/energy", "emeter/0/total", "announce", "info", "online"],
    "esphome": ["sensor/energy", "switch/relay", "status", "sensor/wifi_signal", "binary_sensor/tamper"],
    "zigbee2mqtt": ["", "availability", "devices", "state"],
    "homie": [
        "$state",
        "energy/total",
        "switch/power",
        "$description",
        "$stats/battery",
        "energy/total/$unit",
    ],
    "json": ["", "energy", "energy/total"],
}
RELAYS = {"esphome": "relay", "homie": "switch/power", "json": False}
PATHS = ("ENERGY.Total", "sensor.energy", "energy", "energy.total", "value", "a.0", "switch:0.aenergy.total")
# what the conventions know, in any place
KEYS = st.sampled_from(
    ["ENERGY", "Total", "Time", "POWER", "Wifi", "Signal", "Info1", "StatusSNS", "params", "ts",
     "switch:0", "id", "output", "aenergy", "total", "errors", "result", "error", "code", "message",
     "method", "src", "energy", "state", "last_seen", "battery", "voltage", "tamper", "nodes",
     "properties", "unit", "definition", "exposes", "features", "property", "ieee_address",
     "friendly_name", "type", "a", "", ".", "\x00", "ключ"]
)  # fmt: skip
NUMBERS = st.sampled_from(
    ["0", "-1", "1e400", "1E-400", "1e-999999999", "123456789012345678901234567890", "1.5", "1795330799",
     "NaN", "Infinity", "true", "null", '"ON"', '"2026-10-25T02:30:00"', '"9999-12-31T23:59:59-23:59"',
     '"0x00158d0001b79111"', '"NotifyStatus"', '"kWh"', '"\\u0000\\ud800"', '"sNaN"']
)  # fmt: skip


def _object(pairs: list[tuple[str, str]]) -> str:
    return "{" + ",".join(f"{json.dumps(key)}:{value}" for key, value in pairs) + "}"


DOCUMENTS = st.recursive(
    NUMBERS,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: "[" + ",".join(items) + "]")
        | st.lists(st.tuples(KEYS, inner), max_size=5).map(_object)
    ),
    max_leaves=12,
)


def _ask(driver: str, payload: bytes, *, is_retained: bool = False) -> list[Decoded]:
    own: dict[str, Any] = {"relay": RELAYS[driver]} if driver in RELAYS else {}
    plain = device(f"{driver}:x", **own)
    mapped = device(f"{driver}:x", fields=[Field(path, "import", "kWh", places=6) for path in PATHS], **own)
    told = []
    for channel in CHANNELS[driver]:
        convention = CONVENTIONS[driver]
        said = Arrival(channel, payload, RECEIVED_S, is_retained)
        told += [convention.decode(said, each) for each in (plain, mapped)]
        convention.suggest("x", channel=channel, payload=payload)
    for decoded in told:
        assert all(0 <= reading.value_micro <= VALUE_MICRO_MAX for reading in decoded.readings)
        assert all(0 < reading.taken_s <= RECEIVED_S + 300 for reading in decoded.readings)
        assert all(len(rejection.raw) <= 500 for rejection in decoded.rejections)
        assert sum(isinstance(each, Shown) for each in decoded.reports) <= SHOWN_MAX
    return told


@pytest.mark.parametrize("driver", CHANNELS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    payload=st.binary(max_size=60) | st.text(max_size=60).map(str.encode) | DOCUMENTS.map(str.encode),
    is_retained=st.booleans(),
)
def test_any_payload_has_an_answer(driver: str, payload: bytes, is_retained: bool) -> None:  # noqa: FBT001
    for decoded in _ask(driver, payload, is_retained=is_retained):
        assert not is_retained or all(reading.is_timed for reading in decoded.readings)


@pytest.mark.parametrize("driver", CHANNELS)
def test_the_worst_payloads_have_an_answer(driver: str) -> None:
    for payload in (
        b"",
        b"\xff\x00\xfe",
        b"[" * 100_000,
        b'{"a":' * 30_000,
        b'{"ENERGY":' * 900 + b"1" + b"}" * 900,
        b'{"x":"' + b"x" * 10_000_000 + b'"}',
        b"9" * 10_000_000,
        json.dumps({f"v{place}": place for place in range(5_000)}).encode(),
        json.dumps([[[0] * 50] * 50] * 5).encode(),
        b'{"\x00":1}',
        b"\xef\xbb\xbf{}",
    ):
        _ask(driver, payload)


def test_every_driver_is_asked_and_none_of_its_promises_is_missing() -> None:
    assert set(CHANNELS) == set(CONVENTIONS)
    order = Order(UUID(COMMAND), is_on=False, expires_s=0, meter="not behind it")
    for name, convention in CONVENTIONS.items():
        assert convention.name == name
        for wild in (
            {},
            {"relay": []},
            {"relays": {"E-1": {}}},
            {"relays": 7},
            {"relay": "\x00", "prefixes": 1},
        ):
            strange = device(f"{name}:x", meters=(), **wild)
            assert isinstance(convention.check(strange), list)
            assert convention.abilities(strange).cut in {"relay", "none"}
            for message in convention.encode(order, strange):
                assert "\x00" not in message.channel
        # a broker hangs up on who publishes to a wildcard
        wildcard = device(f"{name}:+/#", relay=RELAYS.get(name, 1))
        assert convention.encode(replace(order, meter=None), wildcard) == []
        assert "the address cannot stand in a topic" in convention.check(wildcard)


def test_a_field_with_a_unit_that_is_none_is_a_rejection() -> None:
    wrong = device("tasmota:x", fields=[Field("ENERGY.Total", "import", "furlong")])
    decoded = CONVENTIONS["tasmota"].decode(
        Arrival("tele/SENSOR", b'{"ENERGY":{"Total":1}}', RECEIVED_S), wrong
    )
    assert [each.code for each in decoded.rejections] == ["unknown_unit"]
