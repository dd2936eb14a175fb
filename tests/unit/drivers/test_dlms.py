"""DLMS: times, registers and load profiles off the wire, by hand."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.drivers.dlms import DlmsDriver, clock_bytes, clock_s
from mita.drivers.dlms.data import BadData, value
from mita.drivers.fields import Field
from mita.drivers.wire import Arrival, Decoded, Device, Health, Shown, SwitchState

_BERLIN = ZoneInfo("Europe/Berlin")
_METERS = [("E1", "electricity")]


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def decode(said: object, device: Device) -> Decoded:
    return DlmsDriver().decode(Arrival("poll", json.dumps(said).encode(), 1_700_000_000), device)


def test_values_of_attributes() -> None:
    cases = {
        "00": None,
        "0301": True,
        "0fff": -1,
        "1604": 4,
        "06ffffffff": 4_294_967_295,
        "14ffffffffffffffff": -1,
        "0a03505944": "PYD",
        "0c02c2b0": "°",
        "0900": b"",
        "098103010203": b"\x01\x02\x03",
        "040da5a0": bytes.fromhex("a5a0"),
        "173f9d70a4": Decimal("1.23"),
        "183ff3ae147ae147ae": Decimal("1.23"),
        "02020ffd161e": [-3, 30],
        "01020201110202011103": [[2], [3]],
    }
    assert {raw: value(bytes.fromhex(raw)) for raw in cases} == cases
    for raw in ("", "06ff", "0a05505944", "01820fff", "0000", "63", "0101" * 9 + "00", "0a01ff"):
        with pytest.raises(BadData):
            value(bytes.fromhex(raw))


@given(st.binary(max_size=60))
def test_bytes_that_are_no_value_are_said_to_be_none(raw: bytes) -> None:
    with suppress(BadData):
        value(raw)


def test_times() -> None:
    # 2024-05-01 12:00:00, Wednesday, deviation -120 minutes, summer time
    summer = bytes.fromhex("07e80501030c000000ff8880")
    assert clock_s(summer, zone=None) == seconds("2024-05-01T10:00:00")
    assert clock_bytes(seconds("2024-05-01T10:00:00"), zone=_BERLIN) == summer
    # the sign the other way round
    other = bytes.fromhex("07e80501030c000000007880")
    assert clock_s(other, zone=None, is_reversed=True) == seconds("2024-05-01T10:00:00")
    assert clock_bytes(seconds("2024-05-01T10:00:00"), zone=_BERLIN, is_reversed=True) == other
    # without a deviation: the zone; of the repeated hour (2023-10-29 02:30) the flag tells which
    assert clock_s(bytes.fromhex("07e805010310000000800000"), zone=_BERLIN) == seconds("2024-05-01T14:00:00")
    fold = "07e70a1d07021e0000800080", "07e70a1d07021e0000800000"
    assert [clock_s(bytes.fromhex(each), zone=_BERLIN) for each in fold] == [
        seconds("2023-10-29T00:30:00"),
        seconds("2023-10-29T01:30:00"),
    ]
    # invalid by its own word, not whole, too short, no such day
    for raw in ("07e805010310000000800001", "ffff05010310000000800000", "07e805", "07e8021e0310000000800000"):
        assert clock_s(bytes.fromhex(raw), zone=None) is None


def test_registers_are_scaled_exactly_and_units_are_minded() -> None:
    device = Device(
        "dlms:1",
        _METERS,
        [
            Field("1.0.1.8.0.255", "import", "Wh"),
            Field("1.0.2.8.0.255", "export", "Wh"),
            Field("1.0.3.8.0.255", "reactive", "Wh"),
            Field("1.0.9.8.0.255", "counted", "kWh"),
        ],
    )
    decoded = decode(
        {
            "registers": {
                "1.0.1.8.0.255": ["12345678901234567", -6, 30],
                "1.0.2.8.0.255": ["4321", 1, 30],
                "1.0.3.8.0.255": ["5", 0, 32],
                "1.0.9.8.0.255": ["7", -2, 255],
                "1.0.32.7.0.255": ["2301", -1, 35],
                "1.0.5.5.0.255": ["x", 0, 30],
                "1.0.6.6.0.255": 3,
            },
            "clock": "07e805010310000000800000",
            "texts": {"0.0.96.1.0.255": "50594430"},
            "output": False,
            "control": 2,
        },
        device,
    )
    assert [(each.register, each.value_micro) for each in decoded.readings] == [
        ("export", 43_210_000),
        ("counted", 70_000),
    ]
    # twelve digits after the point of a kWh are finer than what is counted here
    assert sorted(each.code for each in decoded.rejections) == [
        "bad_value",
        "bad_value",
        "too_many_decimals",
        "wrong_unit",
    ]
    assert Shown("1.0.32.7.0.255", Decimal("230.1"), "V") in decoded.reports
    assert Shown("0.0.96.1.0.255", "PYD0") in decoded.reports
    assert Health(is_online=True, clock_s=seconds("2024-05-01T16:00:00")) in decoded.reports
    assert SwitchState(is_on=False) in decoded.reports


def test_a_load_profile_with_what_did_not_change_left_out() -> None:
    profile = {
        "columns": [["1.0.1.8.0.255", 0, 30], ["1.0.2.8.0.255", 1, 30]],
        "period_s": 900,
        "rows": [
            ["07e805010310000000000000", ["1000", "5"]],
            [None, ["1007", None]],
            ["07e805010310000000000001", ["1014", None]],
            [None, ["1021", "6"]],
            ["07e805010311000000000000", ["1028", "6"]],
        ],
    }
    decoded = decode({"profile": profile}, Device("dlms:1", _METERS))
    first = seconds("2024-05-01T16:00:00")
    assert [(each.taken_s - first, each.register, each.value_micro) for each in decoded.readings] == [
        (0, "import", 1_000_000),
        (0, "export", 50_000),
        (900, "import", 1_007_000),
        (900, "export", 50_000),
        (3600, "import", 1_028_000),
        (3600, "export", 60_000),
    ]
    # a row of an invalid time is none, and neither is the one that counts from it
    assert [each.code for each in decoded.rejections] == ["bad_time", "bad_time"]
    assert all(each.is_timed for each in decoded.readings)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["registers", "texts", "clock", "output", "control", "profile"]), _JSON)
)
def test_whatever_arrives_nothing_is_raised(said: dict) -> None:
    decode(said, Device("dlms:1", _METERS))
    columns = {"columns": said.get("registers"), "rows": [said.get("texts")], "period_s": said.get("clock")}
    decode({"profile": columns}, Device("dlms:1", _METERS))


def test_settings_are_checked() -> None:
    keys = "00" * 16 + ":" + "11" * 16
    good = {"url": "tcp://10.0.0.7", "security": "hls_gmac", "secret": keys, "registers": ["1.0.1.8.0.255"]}
    assert DlmsDriver().check(Device("dlms:1", [], settings=good)) == []
    bad = {
        "url": "tcp://",
        "framing": "x",
        "deviation": "x",
        "client": 0,
        "security": "hls_gmac",
        "secret": "short",
        "system_title": "00",
        "registers": ["1.0.1.8.0.256"],
        "odd": 1,
    }
    assert len(DlmsDriver().check(Device("dlms:1", [], settings=bad))) == 8
    assert DlmsDriver().abilities(Device("dlms:1", [], settings={"relay": False})).cut == "none"
