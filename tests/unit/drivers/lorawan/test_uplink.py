"""Times, lists, deltas, alarms and batteries of uplinks that a codec has read."""

from __future__ import annotations

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from mita.drivers.fields import Field
from mita.drivers.lorawan.uplink import decode_object
from mita.drivers.text import parse_json
from mita.drivers.wire import Alarm, Health, Shown, SwitchState

from .setup import NOW_S, device, kwh, rejected, reports, values

# 2026-11-22T06:00:00Z, an hour before the message came
HOUR_AGO_S = NOW_S - 3_600


def decode(text: str, of):
    return decode_object(parse_json(text.encode()), of, received_s=NOW_S, source="test")


@pytest.mark.parametrize(
    ("time", "taken_s"),
    [
        (str(HOUR_AGO_S), HOUR_AGO_S),
        (f"{HOUR_AGO_S}.9", HOUR_AGO_S),
        (f"{HOUR_AGO_S}123", HOUR_AGO_S),
        (f'"{HOUR_AGO_S}"', HOUR_AGO_S),
        ('"2026-11-22T06:00:00.5Z"', HOUR_AGO_S),
        ('"2026-11-22T08:00:00+02:00"', HOUR_AGO_S),
        # local time of the device's zone, two hours east
        ('"2026-11-22 08:00:00"', HOUR_AGO_S),
    ],
)
def test_a_device_may_tell_its_time(time: str, taken_s: int) -> None:
    of = device(kwh(), time_path="t", zone=ZoneInfo("Africa/Johannesburg"))
    decoded = decode(f'{{"t": {time}, "kwh": 1}}', of)
    assert values(decoded) == [("import", taken_s, 1_000_000, True)]
    assert reports(decoded, Health)[0].clock_s == taken_s


def test_an_hour_that_repeats_is_the_later_one_unless_that_is_still_to_come() -> None:
    # Berlin, 2026-10-25: 02:30 is 00:30Z and again 01:30Z
    of = device(kwh(), time_path="t", zone=ZoneInfo("Europe/Berlin"))
    obj = parse_json(b'{"t": "2026-10-25T02:30:00", "kwh": 1}')
    first_s = 1_792_888_200
    early = decode_object(obj, of, received_s=first_s + 60, source="test")
    late = decode_object(obj, of, received_s=first_s + 3_660, source="test")
    assert [each.taken_s for each in (*early.readings, *late.readings)] == [first_s, first_s + 3_600]


@pytest.mark.parametrize("time", ["true", "[1]", '"noon"', "-5", "1e30", '"2026-11-22T08:00:00"', "{}"])
def test_a_time_that_is_none_makes_no_reading(time: str) -> None:
    decoded = decode(f'{{"t": {time}, "kwh": 1, "w": 2}}', device(kwh(), time_path="t"))
    assert rejected(decoded) == ["bad_time"]
    assert decoded.readings == []
    # it is heard all the same
    assert Shown("w", Decimal(2), None, NOW_S) in decoded.reports


@pytest.mark.parametrize("clock_s", [1_000, NOW_S + 100_000])
def test_a_clock_that_is_wrong_counts_as_none_and_is_complained_of(clock_s: int) -> None:
    of = device(kwh(), time_path="t", list_path="log")
    text = f'{{"t": {clock_s}, "kwh": 3, "log": [{{"ts": {clock_s - 600}, "kwh": 2}}]}}'
    decoded = decode(text, of)
    # how far its own times lie apart still holds
    assert values(decoded) == [
        ("import", NOW_S, 3_000_000, False),
        ("import", NOW_S - 600, 2_000_000, False),
    ]
    (alarm,) = reports(decoded, Alarm)
    assert (alarm.alarm, alarm.taken_s) == ("clock_invalid", NOW_S)


def test_one_uplink_may_hold_many_readings() -> None:
    of = device(kwh("value"), kwh("out", "export"), list_path="data.log", list_time="at")
    text = f"""{{"data": {{"log": [
        {{"at": {HOUR_AGO_S}, "value": 1.5}},
        {{"at": {HOUR_AGO_S + 900}, "value": 1.75, "out": 0.25}},
        {{"at": 5, "value": 9}},
        {{"value": 9}},
        {{"at": {HOUR_AGO_S + 1800}, "value": null}},
        7
    ]}}}}"""
    decoded = decode(text, of)
    assert values(decoded) == [
        ("import", HOUR_AGO_S, 1_500_000, True),
        ("import", HOUR_AGO_S + 900, 1_750_000, True),
        ("export", HOUR_AGO_S + 900, 250_000, True),
    ]
    assert rejected(decoded) == ["bad_time"] * 3
    assert reports(decoded, Shown) == []
    assert rejected(decode('{"data": {"log": 3}}', of)) == ["bad_shape"]


def test_what_no_field_asks_for_in_a_list_needs_no_time() -> None:
    of = device(kwh("Energy"), list_path="values", list_time="at", list_name="Type", list_value="Value")
    text = f"""{{"values": [
        {{"Type": "Energy", "Value": 1.5, "at": {HOUR_AGO_S}}},
        {{"Type": "Module number", "Value": 7, "at": null}},
        {{"Type": "Energy", "Value": null, "at": null}},
        {{"Type": "Energy", "Value": 2, "at": null}}
    ]}}"""
    decoded = decode(text, of)
    assert values(decoded) == [("import", HOUR_AGO_S, 1_500_000, True)]
    # that one was asked for
    assert rejected(decoded) == ["bad_time"]


def water(**deltas):
    """A meter that tells a volume in cubic metres and litres that were added hour by hour."""
    settings = {"base_path": "log.volume", "list_path": "log.litres", "step_s": 3_600, "scale": "0.001"}
    settings.update(deltas)
    fields = (Field("log.volume", "import", "m3"), Field("now", "import", "m3"))
    return device(
        *fields,
        meters=[("W-1", "water")],
        time_path="t",
        temperature_path="temp",
        deltas=settings,
    )


def test_a_base_and_its_deltas_are_registers() -> None:
    text = f"""{{"t": {NOW_S}, "now": 310.2, "temp": 12.345,
        "log": {{"volume": 310.007, "litres": [1, 0, 12], "at": {HOUR_AGO_S - 7_200}}}}}"""
    decoded = decode(text, water(time_path="log.at"))
    assert [(each.taken_s, each.value_micro, each.is_timed) for each in decoded.readings] == [
        (NOW_S, 310_200_000, True),
        (HOUR_AGO_S - 7_200, 310_007_000, True),
        (HOUR_AGO_S - 3_600, 310_008_000, True),
        (HOUR_AGO_S, 310_008_000, True),
        (NOW_S, 310_020_000, True),
    ]
    # the water's temperature belongs to now
    assert [each.temperature_centi for each in decoded.readings] == [1_235, None, None, None, None]
    # backwards from the newest
    back = decode(text, water(step_s=-900, time_path="log.at"))
    assert [(each.taken_s, each.value_micro) for each in back.readings[1:]] == [
        (HOUR_AGO_S - 7_200, 310_007_000),
        (HOUR_AGO_S - 8_100, 310_006_000),
        (HOUR_AGO_S - 9_000, 310_006_000),
        (HOUR_AGO_S - 9_900, 309_994_000),
    ]


def test_what_hangs_on_a_delta_that_is_missing_is_not_guessed() -> None:
    decoded = decode(f'{{"t": {NOW_S}, "log": {{"volume": 5, "litres": [1, null, 12]}}}}', water())
    assert [each.value_micro for each in decoded.readings] == [5_000_000, 5_001_000]
    assert rejected(decoded) == ["not_a_number"]
    assert decode(f'{{"t": {NOW_S}, "log": {{"litres": [1]}}}}', water()).readings == []
    huge = decode('{"log": {"volume": 5, "litres": [1e999999]}}', water(scale="1e9"))
    assert rejected(huge) == ["not_a_number"]
    objects = decode(f'{{"t": {NOW_S}, "log": {{"volume": 5, "litres": [{{"d": 2}}]}}}}', water(value="d"))
    assert [each.value_micro for each in objects.readings] == [5_000_000, 5_002_000]


def test_noise_of_floating_point_goes_where_the_device_knows_no_better() -> None:
    decoded = decode('{"kwh": 0.30000000000000004}', device(kwh(places=3)))
    assert values(decoded) == [("import", NOW_S, 300_000, False)]
    assert rejected(decode('{"kwh": 0.30000000000000004}', device(kwh()))) == ["too_many_decimals"]


def test_several_meters_and_a_key_that_stands_there_twice() -> None:
    of = device(
        kwh("a", meter="E-1"),
        kwh("b", meter="E-2"),
        kwh("c"),
        meters=[("E-1", "electricity"), ("E-2", "electricity")],
    )
    decoded = decode('{"a": 1, "b": 2, "c": 3}', of)
    assert [(each.meter, each.value_micro) for each in decoded.readings] == [
        ("E-1", 1_000_000),
        ("E-2", 2_000_000),
    ]
    assert rejected(decoded) == ["ambiguous_meter"]
    assert rejected(decode('{"a": 1, "a": 2}', of)) == ["repeated_key"]


@pytest.mark.parametrize(
    ("unit", "level", "percent", "mv"),
    [
        ("percent", "87.5", "87.5", None),
        ("percent", "101", None, None),
        ("V", "2.993", None, 2_993),
        ("mV", "3600", None, 3_600),
        ("V", '"full"', None, None),
    ],
)
def test_batteries_are_told_in_three_ways(unit, level, percent, mv) -> None:
    (health,) = reports(
        decode(f'{{"b": {level}}}', device(kwh(), battery={"path": "b", "unit": unit})), Health
    )
    assert health.battery_percent == (None if percent is None else Decimal(percent))
    assert health.battery_mv == mv


def test_words_raise_alarms_and_end_them() -> None:
    rules = [
        {"path": "power", "alarm": "power_lost", "words": ["off"], "over": ["on"]},
        {"path": "fault", "alarm": "tamper", "words": [1]},
        {"path": "fault", "alarm": "device_fault"},
    ]
    of = device(kwh(), alarms=rules)

    def alarms(text: str) -> list[tuple[str, bool]]:
        return [(each.alarm, each.is_over) for each in reports(decode(text, of), Alarm)]

    assert alarms('{"power": "off", "fault": 1}') == [("power_lost", False), ("tamper", False)]
    assert alarms('{"power": "on", "fault": 7}') == [("power_lost", True), ("device_fault", False)]
    assert alarms('{"power": "maybe"}') == []


def test_a_word_that_is_not_known_is_no_state() -> None:
    of = device(kwh(), switch={"path": "s", "on": [1], "off": [0], "meter": "E-1"})
    assert reports(decode('{"s": 1}', of), SwitchState) == [
        SwitchState(is_on=True, meter="E-1", taken_s=NOW_S)
    ]
    for text in ('{"s": 2}', '{"s": "1"}', '{"s": null}', "{}", '{"s": [1]}'):
        assert reports(decode(text, of), SwitchState) == [], text
