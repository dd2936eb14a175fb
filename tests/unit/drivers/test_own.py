"""``m/<device>/up``: bytes into readings and rejections."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.drivers.own import FIELDS, ITEMS_MAX, Own, decode, decode_ack, wires
from mita.drivers.text import PAYLOAD_BYTES_MAX
from mita.drivers.wire import Arrival, Decoded, Device, Health, Order, SwitchState, Told

RECEIVED = 1_795_255_999
ONE = [("E1", "electricity")]
# a gateway: two flats' electricity, one water meter, solar on the roof
MANY = [("E1", "electricity"), ("E2", "electricity"), ("W1", "water"), ("S1", "solar")]


def decoded(payload: bytes | str, meters: list[tuple[str, str]] = ONE) -> Decoded:
    raw = payload.encode() if isinstance(payload, str) else payload
    return decode(raw, device="dev", meters=meters, received_s=RECEIVED, source="mqtt:m/dev/up")


def expected_of(row: tuple[Any, ...]) -> Told:
    return Told(*row, is_timed=row[3] != RECEIVED)


def kwh(value: str) -> str:
    return f'{{"ts": 1795255200, "r": {{"kwh": {value}}}}}'


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (kwh("123.456"), ("E1", "import", "kWh", 1_795_255_200, 123_456_000)),
        (kwh("0"), ("E1", "import", "kWh", 1_795_255_200, 0)),
        (kwh("-0.0"), ("E1", "import", "kWh", 1_795_255_200, 0)),
        (kwh("1e3"), ("E1", "import", "kWh", 1_795_255_200, 1_000_000_000)),
        (kwh("12E-6"), ("E1", "import", "kWh", 1_795_255_200, 12)),
        (kwh("1.5000000000000"), ("E1", "import", "kWh", 1_795_255_200, 1_500_000)),
        # a float would say 0.30000000000000004 of 0.1 + 0.2, and lose the last digit of this one
        (kwh("999999999.999999"), ("E1", "import", "kWh", 1_795_255_200, 999_999_999_999_999)),
        (kwh("1000000000"), ("E1", "import", "kWh", 1_795_255_200, 10**15)),
        (
            '{"ts":1795255200,"seq":812,"r":{"kwh":1,"w":737.6},"relay":1}',
            ("E1", "import", "kWh", 1_795_255_200, 10**6),
        ),
        ('{"ts":1795255200.999,"r":{"kwh":1}}', ("E1", "import", "kWh", 1_795_255_200, 10**6)),
        ('{"ts":1.7952552e9,"r":{"wh":1}}', ("E1", "import", "kWh", 1_795_255_200, 1_000)),
        ('{"r":{"wh":0.001}}', ("E1", "import", "kWh", RECEIVED, 1)),
        ('{"r":{"kwh_export":2}}', ("E1", "export", "kWh", RECEIVED, 2_000_000)),
        ('{"r":{"wh_export":2}}', ("E1", "export", "kWh", RECEIVED, 2_000)),
        ('[{"r":{"kwh":2}}]', ("E1", "import", "kWh", RECEIVED, 2_000_000)),
        (
            '{"meter":"E1","r":{"kwh":2,"v_l1":230,"temperature":-3}}',
            ("E1", "import", "kWh", RECEIVED, 2_000_000),
        ),
        ('{"meter":null,"r":{"kwh":2}}', ("E1", "import", "kWh", RECEIVED, 2_000_000)),
    ],
)
def test_a_reading(payload: str, expected: tuple[Any, ...]):
    found = decoded(payload)
    assert (found.readings, found.rejections) == ([expected_of(expected)], [])


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ('{"meter":"E2","r":{"kwh":5}}', ("E2", "import", "kWh", RECEIVED, 5_000_000)),
        ('{"meter":"S1","r":{"kwh":5}}', ("S1", "import", "kWh", RECEIVED, 5_000_000)),
        ('{"r":{"m3":5.25}}', ("W1", "import", "m3", RECEIVED, 5_250_000)),
        ('{"r":{"l":5}}', ("W1", "import", "m3", RECEIVED, 5_000)),
    ],
)
def test_a_gateways_reading(payload: str, expected: tuple[Any, ...]):
    assert decoded(payload, MANY) == Decoded([expected_of(expected)])


def test_a_solar_meter_does_not_make_kwh_ambiguous():
    found = decoded('{"r":{"kwh":5}}', [("S1", "solar"), ("E1", "electricity")])
    assert [told.meter for told in found.readings] == ["E1"]


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"\xef\xbb\xbf{}", "not_json"),
        (b"\xff", "not_utf8"),
        (b"[" * 60_000, "not_json"),
        (b" " * (PAYLOAD_BYTES_MAX + 1), "too_large"),
        (b"[" + b"0," * ITEMS_MAX + b"0]", "too_many_items"),
        (b"[]", "bad_shape"),
        (b"7", "bad_shape"),
        (b'"kwh"', "bad_shape"),
        (b"{}", "bad_shape"),
        (b'{"r":null}', "bad_shape"),
        (b'{"r":null,"relay":1}', "bad_shape"),
        (b'{"ts":1,"ts":2,"r":{"kwh":1}}', "repeated_key"),
        (b'{"r":{"kwh":1,"kwh":1}}', "repeated_key"),
        (b'{"r":{"kwh":1},"meter":""}', "bad_meter"),
        (b'{"r":{"kwh":1},"meter":["E1"]}', "bad_meter"),
        (b'{"r":{"kwh":1},"meter":"a\\u0000b"}', "bad_meter"),
        (b'{"r":{"kwh":1},"meter":"E2"}', "unknown_meter"),
        (b'{"r":{"kwh":1},"ts":null}', "bad_time"),
        (b'{"r":{"kwh":1},"ts":true}', "bad_time"),
        (b'{"r":{"kwh":1},"ts":"1795255200"}', "bad_time"),
        (b'{"r":{"kwh":1},"ts":Infinity}', "bad_time"),
        (b'{"r":{"kwh":1},"ts":-0.5}', "time_out_of_range"),
        (b'{"r":{"kwh":1},"ts":1795255200000}', "time_out_of_range"),
        (b'{"r":{"kwh":1},"ts":1e999999999}', "time_out_of_range"),
        (b'{"r":{"m3":1}}', "wrong_unit"),
        (b'{"r":{"kWh":1}}', "unknown_field"),
        (b'{"r":{"kwh":"1"}}', "not_a_number"),
        (b'{"r":{"kwh":false}}', "not_a_number"),
        (b'{"r":{"kwh":{}}}', "not_a_number"),
        (b'{"r":{"kwh":NaN}}', "not_a_number"),
        (b'{"r":{"kwh":1e-400000000}}', "not_a_number"),
        (b'{"r":{"kwh":' + b"1" * 29 + b"}}", "not_a_number"),
        (b'{"r":{"kwh":1e99}}', "value_out_of_range"),
        (b'{"r":{"kwh":1000000000.000001}}', "value_out_of_range"),
        (b'{"r":{"kwh":-0.000001}}', "negative_value"),
        (b'{"r":{"kwh":0.0000015}}', "too_many_decimals"),
        (b'{"r":{"wh":0.0015}}', "too_many_decimals"),
    ],
)
def test_a_rejection(payload: bytes, code: str):
    found = decoded(payload)
    assert found.readings == []
    (rejection,) = found.rejections
    assert rejection.code == code
    assert rejection.detail
    assert rejection.source == "mqtt:m/dev/up"
    assert len(rejection.raw) <= 500
    assert "\x00" not in rejection.raw


def test_nobody_guesses_between_meters():
    found = decoded('{"r":{"kwh":5}}', MANY)
    assert (found.readings, [rejection.code for rejection in found.rejections]) == ([], ["ambiguous_meter"])


def test_what_is_wrong_in_one_item_leaves_the_others():
    message = (
        '[{"ts":60,"r":{"kwh":1}}, 5, {"ts":120,"r":{"kwh":-1,"kwh_export":7,"beer":1}},'
        ' {"ts":180,"r":{"kwh":3}}]'
    )
    found = decoded(message)
    assert [(s.register, s.taken_s, s.value_micro) for s in found.readings] == [
        ("import", 60, 1_000_000),
        ("export", 120, 7_000_000),
        ("import", 180, 3_000_000),
    ]
    assert [rejection.code for rejection in found.rejections] == [
        "bad_shape",
        "unknown_field",
        "negative_value",
    ]


def test_a_message_without_registers_is_nothing():
    assert decoded('{"relay":1}') == Decoded([], [SwitchState(True)])
    assert decoded('{"r":{"w":5,"v_l2":230}}') == Decoded()


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["r", "ts", "meter", "relay", *FIELDS, "w"]) | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)
_payload = st.binary(max_size=200) | _json.map(lambda value: json.dumps(value).encode())


@given(_payload)
def test_it_never_raises_and_says_something_storable(payload: bytes):
    for meters in (ONE, MANY, []):
        found = decoded(payload, meters)
        for told in found.readings:
            assert 0 <= told.value_micro <= 10**15
            assert 0 <= told.taken_s < 10**11
            assert told.meter in {serial for serial, _ in meters}
        for rejection in found.rejections:
            assert rejection.code
            for text in (rejection.raw, rejection.detail, rejection.meter or "", rejection.register or ""):
                text.encode("utf-8")
                assert "\x00" not in text


@given(_payload)
def test_an_answer_never_raises(payload: bytes):
    found = decode_ack(payload, source="mqtt:m/dev/ack")
    if not isinstance(found, SwitchState):
        assert found.code
        found.raw.encode("utf-8")


_item = st.fixed_dictionaries(
    {"r": st.fixed_dictionaries({"kwh": _json})},
    optional={"ts": _json, "meter": _json, "relay": _json, "seq": _json},
)


@given(st.lists(_item | _json.filter(lambda value: not isinstance(value, dict)), min_size=1, max_size=8))
def test_every_item_becomes_one_reading_or_one_rejection(items: list[Any]):
    found = decoded(json.dumps(items))
    assert len(found.readings) + len(found.rejections) == len(items)


@given(st.integers(0, 10**15), st.integers(0, 10**11 - 1))
def test_values_and_times_are_exact(value_micro: int, taken_s: int):
    whole, millionths = divmod(value_micro, 10**6)
    found = decoded(f'{{"ts":{taken_s},"r":{{"kwh":{whole}.{millionths:06}}}}}')
    assert found == Decoded([Told("E1", "import", "kWh", taken_s, value_micro)])


def test_a_relay_in_a_message_is_the_state_of_the_switch():
    found = decoded(
        '[{"ts":1795255200,"relay":"off"},{"meter":"E1","r":{"kwh":1},"relay":1},{"relay":"maybe"}]'
    )
    assert found.reports == [SwitchState(False, taken_s=1_795_255_200), SwitchState(True, "E1")]
    assert [each.value_micro for each in found.readings] == [1_000_000]


OWN = Own()
DEVICE = Device("dev", ONE)
COMMAND = UUID("01890000-0000-7000-8000-000000000001")


def test_what_comes_by_other_channels():
    ack = Arrival("ack", f'{{"id":"{COMMAND}","relay":"off"}}'.encode(), RECEIVED)
    assert OWN.decode(ack, DEVICE).reports == [SwitchState(False, command_id=COMMAND)]
    assert [each.code for each in OWN.decode(Arrival("ack", b"{}", RECEIVED), DEVICE).rejections] == [
        "bad_relay"
    ]
    assert OWN.decode(Arrival("state", b"offline", RECEIVED), DEVICE).reports == [Health(is_online=False)]
    assert OWN.decode(Arrival("state", b"\xff", RECEIVED), DEVICE) == Decoded()
    assert OWN.decode(Arrival("other", b"{}", RECEIVED), DEVICE) == Decoded()


def test_a_command_names_the_meter_and_when_it_ends():
    (message,) = OWN.encode(Order(COMMAND, False, 1_795_258_800, "E1"), DEVICE)
    assert message.channel == "m/dev/down"
    assert json.loads(message.payload) == {
        "id": str(COMMAND), "relay": "off", "meter": "E1", "exp": 1_795_258_800,
    }  # fmt: skip


def test_it_takes_no_settings():
    assert OWN.check(Device("dev", ONE, settings={"every_s": 60})) == []
    assert OWN.check(Device("dev", ONE, settings={"url": "x"})) != []
    assert OWN.abilities(DEVICE).cut == "relay"


@pytest.mark.parametrize(
    ("settings", "mqtt_s", "post_s", "found"),
    [
        ({}, None, None, {"mqtt", "post"}),
        ({}, 1_000_000, None, {"mqtt"}),
        ({}, None, 1_000_000, {"post"}),
        ({}, 1_000_000, 1_000_000 + 7 * 86_400, {"mqtt", "post"}),
        ({}, 1_000_000, 1_000_001 + 7 * 86_400, {"post"}),
        ({"wire": "mqtt"}, None, 1_000_000, {"mqtt"}),
        ({"wire": "both"}, None, 1_000_000, {"mqtt", "post"}),
    ],
)
def test_commands_go_over_the_wires_that_a_device_uses(
    settings: dict[str, str], mqtt_s: int | None, post_s: int | None, found: set[str]
) -> None:
    assert wires(settings, mqtt_s=mqtt_s, post_s=post_s) == found
