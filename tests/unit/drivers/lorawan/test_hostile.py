"""Whatever a server or a device sends, decoding ends with readings, reports and rejections."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from mita.drivers.lorawan.chirpstack import ChirpStack
from mita.drivers.lorawan.things_stack import Tts
from mita.drivers.lorawan.uplink import decode_object
from mita.drivers.text import parse_json
from mita.drivers.wire import Arrival, Decoded

from .setup import EUI, NOW_S, device, kwh, rejected

CHANNELS = ["up", "join", "ack", "txack", "log", "status", "location", "integration", "x"]
WILD = device(
    kwh("a", places=3),
    kwh("b.value", "export"),
    kwh("base"),
    zone=ZoneInfo("Europe/Berlin"),
    time_path="t",
    temperature_path="b.value",
    list_path="list",
    list_time="t",
    list_name="a",
    list_value="b",
    deltas={"base_path": "base", "list_path": "list", "step_s": 60, "time_path": "t", "scale": "1e9"},
    switch={"path": "a", "on": [1, "ON"], "off": [0, "OFF"]},
    battery={"path": "base", "unit": "V"},
    alarms=[{"path": "a", "alarm": "leak"}],
    shown=["a", "t"],
    codec="own",
)
NUMBERS = [
    "0",
    "-0.0",
    "1e999999",
    "-1e30",
    "1E-39",
    "NaN",
    "Infinity",
    "0.1",
    "1795330800",
    "1e13",
    "99999999999",
]
TEXTS = [
    '""',
    '"ON"',
    '"2026-10-25T02:30:00"',
    '"9999-12-31T23:59:59-14:00"',
    '"0001-01-01"',
    '"\\u0000"',
    "null",
    "true",
]
LEAVES = st.sampled_from(NUMBERS + TEXTS)
KEYS = st.sampled_from(["a", "b", "t", "base", "list", "value", "unit", "b.value"])


def _object(pairs: list[tuple[str, str]]) -> str:
    return "{" + ",".join(f'"{key}":{value}' for key, value in pairs) + "}"


JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda found: f"[{','.join(found)}]"),
        st.lists(st.tuples(KEYS, inner), max_size=4, unique_by=lambda pair: pair[0]).map(_object),
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(JSON, st.sampled_from(CHANNELS))
def test_any_json_ends_well(text: str, channel: str) -> None:
    assert isinstance(decode_object(parse_json(text.encode()), WILD, received_s=NOW_S, source="t"), Decoded)
    inside = (
        f'{{"deviceInfo":{{"devEui":"{EUI}"}},"time":{text},"object":{text},"rxInfo":{text},"fPort":{text},'
        f'"data":{text},"queueItemId":{text},"context":{text},"code":{text},"level":"ERROR","margin":{text},'
        f'"batteryLevel":{text},"acknowledged":{text}}}'
    )
    arrival = Arrival(channel, inside.encode(), NOW_S)
    ChirpStack().decode(arrival, WILD)
    ChirpStack().codec_input(arrival, WILD)
    for key in ("uplink_message", "downlink_failed", "downlink_ack", "join_accept"):
        body = f'{{"end_device_ids":{{"dev_eui":"{EUI}"}},"received_at":{text},"{key}":{text}}}'
        Tts().decode(Arrival("webhook", body.encode(), NOW_S), WILD)
        Tts().codec_input(Arrival("webhook", body.encode(), NOW_S), WILD)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(CHANNELS))
def test_any_bytes_end_well(payload: bytes, channel: str) -> None:
    arrival = Arrival(channel, payload, NOW_S)
    ChirpStack().decode(arrival, WILD)
    assert rejected(Tts().decode(arrival, WILD))
