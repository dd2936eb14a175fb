"""Limits as drivers write and read them: never more than was asked, and no more than the device says."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.credit.domain import is_held_to
from mita.drivers.dlms.limiter import Limiter, held_w, threshold_of
from mita.drivers.known import driver_named
from mita.drivers.lorawan.chirpstack import ChirpStack
from mita.drivers.modbus import maps
from mita.drivers.modbus.setup import BadSettings, setup
from mita.drivers.mqtt.generic import Generic
from mita.drivers.own import Own, decode_ack
from mita.drivers.wire import Arrival, Device, LimitOrder, LimitState, Order
from mita.metering.domain import Rejection

ID = UUID("01930000-0000-7000-8000-000000000001")
METERS = [("E1", "electricity")]


def order(limit_w: int | None) -> Order:
    return Order(ID, is_on=True, expires_s=2_000_000_000, meter="E1", limit=LimitOrder(limit_w))


# ── our own convention ──


def test_our_own_convention_says_limit_and_no_relay():
    device = Device("plug", METERS, settings={"limit": True})
    (message,) = Own().encode(order(2_000), device)
    assert json.loads(message.payload) == {
        "id": str(ID),
        "limit": 2_000,
        "meter": "E1",
        "exp": 2_000_000_000,
    }
    assert json.loads(Own().encode(order(None), device)[0].payload)["limit"] is None
    assert Own().abilities(device).limits
    assert not Own().abilities(Device("plug", METERS)).limits
    assert Own().check(device) == []
    assert Own().check(Device("plug", METERS, settings={"limit": 2_000})) != []


@pytest.mark.parametrize(("said", "limit_w"), [("2000", 2_000), ("0", 0), ("null", None), ("2e3", 2_000)])
def test_an_answer_to_a_limit(said: str, limit_w: int | None):
    payload = f'{{"id": "{ID}", "limit": {said}, "relay": "on"}}'.encode()
    assert decode_ack(payload, source="test") == LimitState(limit_w, command_id=ID)


@pytest.mark.parametrize("said", ['"2000"', "-1", "1.5", "true", "[]", "NaN", "1e999999", "10000001"])
def test_what_is_no_limit_is_rejected(said: str):
    found = decode_ack(f'{{"id": "{ID}", "limit": {said}}}'.encode(), source="test")
    assert isinstance(found, Rejection)
    assert found.code in {"bad_limit", "not_json"}
    item = f'{{"r": {{"kwh": 1}}, "limit": {said}}}'.encode()
    decoded = Own().decode(Arrival("up", item, 1_000), Device("plug", METERS))
    assert [each for each in decoded.reports if isinstance(each, LimitState)] == []
    assert {each.code for each in decoded.rejections} <= {"bad_limit", "not_json"}
    assert decoded.rejections != []


# ── Modbus ──


def limit_of(**more: Any) -> maps.Limit:
    settings = {"url": "tcp://127.0.0.1:502", "map": "eastron_sdm120"}
    found = setup({**settings, "limit": {"fn": 6, "address": 1, "none": 65_535, **more}}).limit
    assert found is not None
    return found


@given(
    st.integers(1, 10_000_000),
    st.integers(1, 1_000),
    st.integers(1, 1_000),
    st.sampled_from([None, 230, 690]),
    st.sampled_from([0, 65_535, 20]),
)
def test_a_register_never_holds_more_than_was_asked(
    watts: int, scale: int, factor: int, volts: int | None, none: int
):
    limit = maps.Limit(6, 1, none, scale=scale, factor=factor, volts=volts)
    raw = limit.raw_of(watts)
    assert 0 <= raw <= 65_535
    held = limit.watts_of(raw)
    # what is too small to be written at all would be no limit: then it says so, and confirms nothing
    assert held is None or held <= watts
    if held is None:
        assert (none, raw) == (0, 0)
    # unless what was asked does not fit, or lies beside what means that there is none
    if held is not None and raw < 65_535 and raw != none - 1:
        assert is_held_to(watts, said_w=held, step_w=limit.step_w)
    assert limit.watts_of(limit.raw_of(None)) is None


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"none": 65_536}, "does not fit"),
        ({"type": "uint32"}, "writes one word"),
        ({"type": "uint32", "fn": 16, "address": 65_535}, "beyond the last address"),
        ({"volts": 0}, "limit"),
    ],
)
def test_a_limit_register_that_cannot_be_is_refused(more: dict[str, Any], words: str):
    with pytest.raises(BadSettings, match=words):
        limit_of(**more)


def test_two_words_go_in_the_order_of_the_map():
    device = Device(
        "modbus:1",
        METERS,
        settings={
            "url": "tcp://127.0.0.1:502",
            "map": "eastron_sdm120",
            "word_order": "little",
            "limit": {"fn": 16, "address": 8, "none": 4_000_000_000, "type": "uint32", "unit": 3},
        },
    )
    driver = driver_named("modbus")
    assert driver is not None
    assert driver.abilities(device).limits
    (message,) = driver.encode(order(70_000), device)
    assert json.loads(message.payload) == {"fn": 16, "address": 8, "values": [4_464, 1], "unit": 3}
    said = json.dumps({"blocks": [], "limit": [4_464, 1]}).encode()
    decoded = driver.decode(Arrival("modbus", said, 1_000), device)
    assert LimitState(70_000, taken_s=1_000) in decoded.reports


# ── DLMS ──


@given(st.integers(1, 10_000_000), st.integers(-3, 4), st.sampled_from([(27, None), (33, 230)]))
def test_a_threshold_never_holds_more_than_was_asked(watts: int, power: int, unit: tuple[int, int | None]):
    limiter = Limiter("0.0.17.0.0.255", 20_000_000, unit[1])
    threshold = threshold_of(power, unit[0], limiter=limiter)
    held = held_w(threshold.raw_of(watts), threshold, limiter=limiter)
    assert held is not None
    assert is_held_to(watts, said_w=held, step_w=threshold.step_w)


# ── what codecs and servers encode ──

LORA = {
    "application_id": "a",
    "codec": "x",
    "limit": {
        "f_port": 50,
        "limit": {"set": [{"powerLimit": "%watts%"}]},
        "lift": "ff00",
        "path": "powerLimit",
        "none": [0],
        "scale_w": 100,
    },
}


def test_a_codec_is_given_the_power_in_steps():
    from mita.drivers.lorawan.downlink import encoder_input

    device = Device("chirpstack:0101010101010101", METERS, settings=LORA)
    assert [each for each in ChirpStack().check(device) if "limit" in each] == []
    assert ChirpStack().abilities(device).limits
    given_ = encoder_input(order(2_050), device)
    assert given_ == {"data": {"set": [{"powerLimit": 20}]}, "fPort": 50, "variables": {}}
    (message,) = ChirpStack().encode_with(order(2_050), device, payload=b"\x01\x02")
    sent = json.loads(message.payload)
    assert (sent["fPort"], sent["data"], sent["id"]) == (50, "AQI=", str(ID))
    # bytes lift it without an encoder
    assert encoder_input(order(None), device) is None
    (message,) = ChirpStack().encode(order(None), device)
    assert json.loads(message.payload)["data"] == "/wA="
    # it has no relay: a switch has nothing to be told with
    assert ChirpStack().encode(Order(ID, is_on=False, expires_s=2_000_000_000), device) == []


@pytest.mark.parametrize(("said", "limit_w"), [(20, 2_000), (0, None), ("x", "nothing")])
def test_an_uplink_says_its_limit(said: object, limit_w: int | str | None):
    device = Device("chirpstack:0101010101010101", METERS, settings=LORA)
    event = {
        "deviceInfo": {"devEui": "0101010101010101", "applicationId": "a"},
        "fPort": 1,
        "data": "AQ==",
        "time": "2026-03-01T10:00:00Z",
    }
    decoded = ChirpStack().decode_with(
        Arrival("up", json.dumps(event).encode(), 1_772_359_200), device, decoded={"powerLimit": said}
    )
    states = [each for each in decoded.reports if isinstance(each, LimitState)]
    assert [each.limit_w for each in states] == ([] if limit_w == "nothing" else [limit_w])
    assert all(each.step_w == 100 for each in states)


@pytest.mark.parametrize(
    "broken", [{"limit": {"a": 1}}, {"limit": "ff"}, {"none": None}, {"f_port": None}, {"path": None}]
)
def test_a_limit_that_cannot_be_encoded_is_told(broken: dict[str, Any]):
    device = Device(
        "chirpstack:0101010101010101", METERS, settings={**LORA, "limit": {**LORA["limit"], **broken}}
    )
    assert any(each.startswith("limit.") for each in ChirpStack().check(device))
    assert not ChirpStack().abilities(device).limits


# ── JSON ──

JSON = {"topic": "plug/%device%/limit", "text": "%watts%", "lift": "off", "path": "limit", "none": "off"}


def test_a_gadget_is_sent_a_text_and_says_what_holds():
    device = Device("json:p7", METERS, settings={"limit": JSON})
    assert [each for each in Generic().check(device) if "limit" in each] == []
    assert Generic().abilities(device).limits
    (message,) = Generic().encode(order(2_000), device)
    assert (message.channel, message.payload) == ("plug/p7/limit", b"2000")
    assert Generic().encode(order(None), device)[0].payload == b"off"
    assert Generic().encode(Order(ID, is_on=True, expires_s=2_000_000_000), device) == []
    for said, limit_w in ((b'{"limit": 1999.9}', 1_999), (b'{"limit": "off"}', None)):
        decoded = Generic().decode(Arrival("", said, 1_000), device)
        assert [each.limit_w for each in decoded.reports if isinstance(each, LimitState)] == [limit_w]
    broken = Device("json:p7", METERS, settings={"limit": {**JSON, "text": "x"}})
    assert [each for each in Generic().check(broken) if "'limit'" in each] != []


@pytest.mark.parametrize("driver", ["tasmota", "shelly", "emop", "mbus", "p1", "homie"])
def test_the_others_cannot(driver: str):
    found = driver_named(driver)
    assert found is not None
    assert not found.abilities(Device(f"{driver}:x", METERS)).limits
