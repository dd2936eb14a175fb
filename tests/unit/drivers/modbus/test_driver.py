"""The Modbus driver: settings checked in plain words, blocks into readings, orders into writes."""

from __future__ import annotations

import json
import uuid
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.drivers.fields import Field
from mita.drivers.modbus import maps
from mita.drivers.modbus.driver import Modbus
from mita.drivers.modbus.probing import probe_problem
from mita.drivers.modbus.setup import BadSettings, setup
from mita.drivers.wire import Abilities, Arrival, Device, Order, Outgoing, Shown, SwitchState, Told

DRIVER = Modbus()
RELAY = {
    "fn": 6,
    "address": 16,
    "on": 85,
    "off": 170,
    "readback": {"fn": 3, "address": 17, "on": 1, "off": 0},
}
SDM120 = {"url": "tcp://10.0.0.7:502", "unit": 1, "map": "eastron_sdm120", "every_s": 900}
# 1234.567 kWh and 0.25 kWh
ENERGY = [4, 0x48, [0x449A, 0x5225, 0x3E80, 0x0000]]


def device(*, fields: list[Field] | None = None, **settings: Any) -> Device:
    return Device("modbus:e17", [("E-17", "electricity")], fields or [], settings={**SDM120, **settings})


def arrival(**payload: Any) -> Arrival:
    return Arrival("modbus", json.dumps(payload).encode(), 1_795_255_200)


def test_blocks_are_readings_of_the_maps_registers_and_values_to_look_at() -> None:
    decoded = DRIVER.decode(arrival(blocks=[ENERGY, [4, 0, [0x4366, 0x199A]]]), device())
    assert decoded.readings == [
        Told("E-17", "import", "kWh", 1_795_255_200, 1_234_567_000, is_timed=False),
        Told("E-17", "export", "kWh", 1_795_255_200, 250_000, is_timed=False),
    ]
    assert decoded.reports == [Shown("voltage", Decimal("230.1"), "V", 1_795_255_200)]
    assert decoded.rejections == []


def test_what_cannot_be_a_reading_is_rejected_with_its_reason() -> None:
    refused = DRIVER.decode(arrival(blocks=[], refused=[[4, 0x46, 10, 2]]), device())
    assert [(each.register, each.code, each.detail) for each in refused.rejections] == [
        ("import", "not_read", "import: refused: illegal data address"),
        ("export", "not_read", "export: refused: illegal data address"),
    ]
    negative = [4, 0x48, [0xC49A, 0x5225, 0x7F80, 0]]
    wrong = DRIVER.decode(arrival(blocks=[negative]), device())
    assert [each.code for each in wrong.rejections] == ["negative_value", "not_a_number"]
    assert wrong.rejections[0].raw == "[50330, 21029]"
    none = DRIVER.decode(arrival(blocks=[[4, 0x48, [0x7FC0, 0, 0x7FC0, 0]]]), device())
    assert [each.code for each in none.rejections] == ["missing_value"]
    no_meter = Device("modbus:e17", [("W-1", "water")], settings=SDM120)
    assert {each.code for each in DRIVER.decode(arrival(blocks=[ENERGY]), no_meter).rejections} == {
        "wrong_unit"
    }


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b'{"blocks": 1}',
        b'{"blocks": [[4, 72]]}',
        b'{"blocks": [[4, 72, [1.5]]]}',
        b'{"blocks": [[4, 72, [65536]]]}',
        b'{"blocks": [[true, 72, [1]]]}',
        b'{"blocks": [], "relay": "on"}',
        b'{"blocks": [], "refused": [[1]]}',
        b"[" * 5000,
    ],
)
def test_a_payload_of_another_shape_is_rejected(payload: bytes) -> None:
    decoded = DRIVER.decode(Arrival("modbus", payload, 1), device())
    assert [each.code for each in decoded.rejections] == ["bad_shape"]


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(
        lambda value: json.dumps({"blocks": value}).encode()
    )
)
def test_decoding_never_raises(payload: bytes) -> None:
    DRIVER.decode(Arrival("modbus", payload, 1), device(relay=RELAY))


def test_transformers_multiply_what_they_divide_and_fields_choose() -> None:
    behind = device(ct_ratio="0.5")
    decoded = DRIVER.decode(arrival(blocks=[ENERGY, [4, 0, [0x4366, 0x199A]]]), behind)
    assert [told.value_micro for told in decoded.readings] == [617_283_500, 125_000]
    assert decoded.reports == [Shown("voltage", Decimal("230.1"), "V", 1_795_255_200)]
    chosen = device(fields=[Field("export", "import", "kWh", scale=Decimal(2))])
    decoded = DRIVER.decode(arrival(blocks=[ENERGY]), chosen)
    assert [(told.register, told.value_micro) for told in decoded.readings] == [("import", 500_000)]
    assert [report.path for report in decoded.reports if isinstance(report, Shown)] == ["import"]


def test_a_relay_is_written_and_believed_only_when_read_back() -> None:
    switched = device(relay=RELAY)
    assert DRIVER.abilities(switched) == Abilities(cut="relay", proves=True, answer_s=20)
    assert DRIVER.abilities(device()) == Abilities(answer_s=20)
    blind = device(relay={key: value for key, value in RELAY.items() if key != "readback"})
    assert not DRIVER.abilities(blind).proves
    order = Order(uuid.UUID(int=1), is_on=False, expires_s=1)
    assert DRIVER.encode(order, switched) == [Outgoing("modbus", b'{"fn": 6, "address": 16, "value": 170}')]
    beside = DRIVER.encode(order, device(relay={**RELAY, "unit": 9}))
    assert json.loads(beside[0].payload)["unit"] == 9
    assert DRIVER.encode(order, device()) == []
    for said, wanted in (
        (1, [SwitchState(is_on=True, taken_s=1_795_255_200)]),
        (0, [SwitchState(is_on=False, taken_s=1_795_255_200)]),
    ):
        decoded = DRIVER.decode(arrival(blocks=[ENERGY], relay=said), switched)
        assert [each for each in decoded.reports if isinstance(each, SwitchState)] == wanted
    unclear = DRIVER.decode(arrival(blocks=[ENERGY], relay=7), switched)
    assert Shown("relay", Decimal(7), None, 1_795_255_200) in unclear.reports
    assert not any(isinstance(each, SwitchState) for each in unclear.reports)
    # a read-back of a device that has no relay in its settings says nothing
    assert DRIVER.decode(arrival(blocks=[ENERGY], relay=1), device()).reports == []


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"map": "eastron_sdm12"}, "there is no map 'eastron_sdm12': did you mean eastron_sdm120"),
        ({"map": 3}, "map must be the id of a map, or a whole map"),
        ({"map": {"id": "x"}}, "map: .*vendor"),
        ({"url": None}, "url must be a text"),
        ({"url": "http://10.0.0.7"}, "must begin with tcp://, rtu:// or rtu\\+tcp://"),
        ({"url": "tcp://"}, "must be a host and a port"),
        ({"url": "tcp://10.0.0.7:99999"}, "url"),
        ({"url": "tcp://10.0.0.7/path"}, "must be a host and a port"),
        ({"url": "rtu:///etc/passwd"}, "a serial port is such as"),
        ({"url": "rtu:///dev/../etc/x"}, "a serial port is such as"),
        ({"url": "rtu:///dev/ttyUSB0?baud=fast"}, "baud 'fast'"),
        ({"url": "rtu:///dev/ttyUSB0?parity=X&stop=3"}, "parity is N, E or O; url: stop is 1 or 2"),
        ({"url": "rtu:///dev/ttyUSB0?speed=1"}, "unknown parameter 'speed'"),
        ({"unit": 256}, "unit must be a whole number from 0 to 255"),
        ({"unit": 0, "url": "rtu:///dev/ttyUSB0"}, "unit must be from 1 to 247 on a serial line"),
        ({"unit": True}, "unit must be a whole number"),
        ({"every_s": 5}, "every_s must be a whole number from 10 to 86400"),
        ({"ct_ratio": 1.5}, "ct_ratio must be a whole number, or a decimal number in quotes"),
        ({"ct_ratio": "0"}, "ct_ratio must be above 0"),
        ({"ct_ratio": "x"}, "ct_ratio 'x' is not a number"),
        ({"baud": 9600}, "unknown setting 'baud'"),
        ({"word_order": "middle"}, "middle"),
        ({"relay": {"fn": 5}}, "relay"),
    ],
)
def test_settings_that_cannot_work_are_said_in_plain_words(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(BadSettings, match=says):
        setup({**SDM120, **settings})
    assert DRIVER.check(device(**settings))
    decoded = DRIVER.decode(arrival(blocks=[ENERGY]), device(**settings))
    assert [each.code for each in decoded.rejections] == ["bad_settings"]


def test_buses_and_fields_are_understood() -> None:
    assert DRIVER.check(device()) == []
    keys = {
        "tcp://10.0.0.7": "tcp://10.0.0.7:502",
        "tcp://Gateway.lan:1502": "tcp://gateway.lan:1502",
        "rtu+tcp://10.0.0.8:4196": "rtu+tcp://10.0.0.8:4196",
        "rtu:///dev/ttyUSB0?baud=19200&parity=E&stop=1": "rtu:///dev/ttyUSB0",
        "rtu://COM3?baud=9600": "rtu://COM3",
    }
    assert {url: setup({**SDM120, "url": url}).address.key for url in keys} == keys
    serial = setup({**SDM120, "url": "rtu:///dev/ttyUSB0?baud=19200&parity=E&stop=2&bits=7"}).address
    assert (serial.baud, serial.parity, serial.stop, serial.bits) == (19_200, "E", 2, 7)
    problems = DRIVER.check(
        device(
            fields=[
                Field("gas", "import", "kWh"),
                Field("import", "import", "Wh"),
                Field("export", "x", "apples"),
            ]
        )
    )
    assert problems == [
        "field 'gas': the map eastron_sdm120 has no point of that name",
        "field 'import': the map counts it in kWh, not Wh",
        "field 'export': unit 'apples' is not one of kWh, Wh, MWh, m3, kL, L, imp",
    ]


def test_a_probe_proposes_the_order_that_makes_sense() -> None:
    found = maps.named("eastron_sdm120")
    assert found.probe is not None
    assert probe_problem(found, found.probe, [0x4366, 0x199A]) is None
    swapped = probe_problem(found, found.probe, [0x6643, 0x9A19])
    assert swapped is not None
    assert swapped.endswith('With "byte_order": "little" it would be 230.1 V.')
    both = probe_problem(found, found.probe, [0x9A19, 0x6643])
    assert both is not None
    assert both.endswith('With "word_order": "little" and "byte_order": "little" it would be 230.1 V.')
    assert probe_problem(found, found.probe, [0x7FC0, 0]) == (
        "it answers, but voltage has no value, which is not from 80 to 300 V: wrong map or wrong unit?"
    )
