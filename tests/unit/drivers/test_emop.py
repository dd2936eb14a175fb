"""EMOP against recorded frames and values; figures written out by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.drivers.emop import EmopDriver, frames, is_supply_on, objects, prices, values
from mita.drivers.wire import Arrival, Device, Health, Shown, SwitchState

if TYPE_CHECKING:
    from pathlib import Path

_READ_SERIAL = bytes.fromhex("7e11000000000021ae42050160010000c02f")
_SERIAL = bytes.fromhex("7e1e0021ae4200000000050160010000454d4c3231333735383038323604c0")
_BALANCE = bytes.fromhex("7e150021ae42000000000501ffc8020087d612002c83")
_US, _METER = frames.Party(0, 0x21AE42), frames.Party(0, 0)


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def test_frames_are_those_of_an_existing_client() -> None:
    assert frames.crc16(b"123456789") == 0x29B1
    assert frames.build(frames.read_frame(objects.SERIAL, to=_METER, by=_US)) == _READ_SERIAL
    token = frames.write_frame(
        objects.TOKEN,
        values.token_payload("7146 6394 6215 8916 1020"),
        to=frames.Party(1, 0xFFFFFF),
        by=frames.Party(0xC0, 0x123456),
        control=1,
    )
    expected = "7e2501ffffffc01234560101ffc8030137313436363339343632313538393136313032300830"
    assert frames.build(token).hex() == expected
    policy = frames.write_frame(objects.BUTTON_RULES, b"\x02", to=_METER, by=_US)
    assert frames.build(policy).hex() == "7e12000000000021ae420501ffff1101020745"
    balance = frames.read_frame(objects.BALANCE, to=_METER, by=_US)
    assert frames.build(balance).hex() == "7e11000000000021ae420501ffc802000c5a"
    assert frames.build(frames.answer_frame(balance, bytes.fromhex("87d61200"))) == _BALANCE
    answer = frames.parse(_SERIAL)
    assert values.text(answer.payload) == "EML2137580826"
    frames.check_answer(frames.parse(_READ_SERIAL), answer)


def test_recorded_vectors(fixtures_path: Path) -> None:
    vectors = json.loads((fixtures_path / "metering" / "emop_vectors.json").read_text())
    for each in vectors["frames"]:
        frame = frames.parse(bytes.fromhex(each["hex"]))
        assert f"{frame.object_id:06x}" == each["object_id"]
        assert (frame.control, frame.layout, int(frame.is_write)) == (
            1 if each["rw"] else frame.control,
            1,
            each["rw"],
        )
        assert frame.payload.hex() == each["payload"]
        assert frames.build(frame).hex() == each["hex"]
    seen = 0
    for each in vectors["values"]:
        seen += _check_value(each["object"], bytes.fromhex(each["hex"]), each)
    assert seen == 12
    known = {int(each["id"], 16): each["name"] for each in vectors["object_ids"]}
    for block in range(1, 9):
        for rate in range(1, 9):
            active = objects.price(block=block, rate=rate)
            assert known[active] == f"tariff_active_block_{block}_rate_{rate}"
            assert objects.block_and_rate(active) == (block, rate)
            future = objects.price(block=block, rate=rate, is_future=True)
            assert known[future] == f"tariff_future_block_{block}_rate_{rate}"
    assert known[objects.PREPAY] == "prepay_enabled_flag"
    assert known[objects.EMERGENCY_CREDIT] == "tariff_active_prepayment_emergency_credit"
    assert known[objects.FUTURE_FROM] == "tariff_future_activation_datetime"


def _check_value(name: str, raw: bytes, each: dict) -> bool:  # noqa: PLR0911 - one for each object
    if name == "serial":
        assert values.text(raw) == each["value"]
        return values.serial_payload(each["value"]) == raw
    if name == "prepay_balance":
        assert values.balance_micro(raw) == each["raw"] * 10
        return values.balance_payload(each["raw"] * 10) == raw
    if name == "instantaneous_voltage":
        return values.voltage_v(raw) == Decimal(each["volts"])
    if name == "csq_net_op":
        return values.signal(raw)[1] == each["csq"]
    if name == "time":
        taken_s = seconds(each["value"])
        assert values.clock_payload(taken_s) == raw
        return values.clock_s(raw) == taken_s
    if name == "threshold_mask":
        assert values.rates_payload(each["rates_set"]) == raw
        return values.rates_set(raw) == each["rates_set"]
    if name == "encode_amount_u4le":
        return values.price_payload(76_500) == raw
    if name == "encode_time_u4le":
        return values.date_payload(seconds(each["value"])) == raw
    assert name == "profile_log_1"
    assert values.log_request(seconds(each["request_time"])) == raw[1:5]
    found = [(each.taken_s, each.import_wh, each.export_wh) for each in values.log_records(raw[1:])]
    return found == [(seconds(at), import_wh, export_wh) for at, import_wh, export_wh in each["records"]]


@given(
    noise=st.binary(max_size=40),
    payload=st.binary(max_size=200),
    object_id=st.integers(0, 0xFFFFFF),
    cuts=st.lists(st.integers(0, 260), max_size=4),
)
def test_a_frame_is_found_in_noise_and_in_pieces(
    noise: bytes, payload: bytes, object_id: int, cuts: list[int]
) -> None:
    sent = frames.answer_frame(frames.read_frame(object_id, to=_METER, by=_US), payload)
    stream = noise + frames.build(sent)
    buffer, found, begin = bytearray(), [], 0
    for end in [*sorted(cuts), len(stream)]:
        buffer += stream[begin:end]
        begin = max(begin, min(end, len(stream)))
        frame = frames.take(buffer)
        if frame is not None:
            found.append(frame)
    assert found == [sent]
    assert not buffer


@given(place=st.integers(0, len(_BALANCE) - 1), bit=st.integers(0, 7))
def test_no_single_wrong_bit_passes(place: int, bit: int) -> None:
    broken = bytearray(_BALANCE)
    broken[place] ^= 1 << bit
    with pytest.raises(frames.BadFrame):
        frames.parse(bytes(broken))
    assert frames.take(broken) is None


def test_what_is_wrong_is_said() -> None:
    request = frames.read_frame(objects.BALANCE, to=_METER, by=_US)
    codes = {
        b"": "silence",
        b"\x00\x01": "no_start",
        _BALANCE[:-1]: "partial",
        _BALANCE[:-1] + b"\x00": "bad_crc",
        bytes.fromhex("7e0201"): "wrong_length",
    }
    assert {stream: frames.problem(stream).code for stream in codes} == codes
    with pytest.raises(frames.BadFrame) as echo:
        frames.check_answer(request, frames.parse(_SERIAL))
    assert echo.value.code == "wrong_echo"
    with pytest.raises(frames.BadFrame) as to_other:
        frames.check_answer(frames.read_frame(objects.BALANCE, to=_METER, by=_METER), frames.parse(_BALANCE))
    assert to_other.value.code == "wrong_echo"
    with pytest.raises(frames.BadFrame) as refusal:
        frames.check_answer(request, frames.answer_frame(request, is_refused=True))
    assert refusal.value.code == "refused"


def test_values_that_do_not_fit_are_refused() -> None:
    for wrong in (
        lambda: values.price_payload(5),
        lambda: values.price_payload(-10),
        lambda: values.token_payload("123"),
        lambda: values.token_payload("²" * 20),
        lambda: values.rates_payload([9]),
        lambda: values.flag(b"\x02"),
        lambda: values.voltage_v(b"\x01"),
        lambda: values.clock_s(bytes.fromhex("17130615000100")),
        lambda: values.date_payload(0),
    ):
        with pytest.raises(values.BadPayload):
            wrong()


def test_a_clock_that_shows_local_time() -> None:
    london = ZoneInfo("Europe/London")
    assert values.clock_s(bytes.fromhex("17080615000100"), zone=london) == seconds("2023-08-06T20:00:01")
    assert values.clock_payload(seconds("2023-08-06T20:00:01"), zone=london).hex() == "17080615000100"
    assert values.true_s(seconds("2023-08-06T21:00:00"), zone=london) == seconds("2023-08-06T20:00:00")


def test_what_was_read_becomes_readings_and_reports() -> None:
    device = Device("emop:10.0.0.9", [("EML1", "electricity"), ("W1", "water")])
    said = {
        "010800": "40e20100",  # 123,456 Wh
        "020800": "e8030000",  # 1,000 Wh
        "fffffc": "0100000002000000030000000400000000"[:32],
        "ffc802": "c07a03fe",
        "ffff0d": "01",
        "ffc805": "00000000",
        "0c0700": "5209",
        "010700": "18fcffff",  # -1,000 W
        "800800": "17080615000100",
        "fffd1d": "30",
        "000201": "33303230",
        "fff90a": "e21d0000",
        "d79600": "abcd",
        "0c": "00",
        "600100": "fff",
        "fff8ff": "",
        "fffff8": "01",
    }
    payload = json.dumps({"objects": said}).encode()
    decoded = EmopDriver().decode(Arrival("poll", payload, 1_700_000_000), device)
    assert [(each.meter, each.register, each.unit, each.value_micro) for each in decoded.readings] == [
        ("EML1", "import", "kWh", 123_456_000),
        ("EML1", "export", "kWh", 1_000_000),
        ("EML1", "import_a", "kWh", 1_000),
        ("EML1", "export_a", "kWh", 2_000),
    ]
    assert {(each.taken_s, each.is_timed) for each in decoded.readings} == {(1_700_000_000, False)}
    assert {each.code for each in decoded.rejections} == {"bad_shape", "bad_payload"}
    assert len(decoded.rejections) == 3
    health = next(each for each in decoded.reports if isinstance(each, Health))
    assert health == Health(
        is_online=True, rssi_dbm=-81, clock_s=seconds("2023-08-06T21:00:01"), firmware="3020"
    )
    shown = {each.path: (each.value, each.unit) for each in decoded.reports if isinstance(each, Shown)}
    assert shown["balance"] == (Decimal("-333.264"), None)
    assert shown["price.block_2.rate_2"] == (Decimal("0.0765"), None)
    assert shown["voltage"] == (Decimal("238.6"), "V")
    assert shown["power"] == (Decimal(-1000), "W")
    assert shown["element_a.import_reactive"] == (Decimal("0.003"), "kvarh")
    assert shown["object.d79600"] == ("abcd", None)
    assert shown["prepay"] == (True, None)
    assert SwitchState(is_on=False) in decoded.reports


def test_whatever_arrives_nothing_is_raised() -> None:
    device = Device("emop:x", [("EML1", "electricity")])
    for payload in (
        b"",
        b"[]",
        b'{"objects": 3}',
        b'{"log": {}}',
        b'{"log": [3]}',
        b'{"log": ["00"]}',
        b"\xff",
    ):
        decoded = EmopDriver().decode(Arrival("poll", payload, 0), device)
        assert [each.source for each in decoded.rejections] == ["emop"], payload
        assert not decoded.readings


def test_mode_and_balance_tell_whether_the_supply_is_on() -> None:
    def told(*, prepay: bool | None, balance: int | None, emergency: int | None = 0) -> bool | None:
        return is_supply_on(is_prepay=prepay, balance_micro=balance, emergency_micro=emergency)

    assert told(prepay=False, balance=-5) is True
    assert told(prepay=True, balance=1) is True
    assert told(prepay=True, balance=0) is False
    # inside the emergency credit it depends on a button at the meter
    assert told(prepay=True, balance=-3, emergency=5) is None
    assert told(prepay=True, balance=-5, emergency=5) is False
    assert told(prepay=True, balance=0, emergency=None) is None
    assert told(prepay=None, balance=0) is None


def test_settings_are_checked_in_plain_words() -> None:
    good = Device("emop:x", [], settings={"url": "tcp://10.0.0.9", "objects": ["FFC802"]})
    assert EmopDriver().check(good) == []
    bad = Device(
        "emop:x",
        [],
        settings={"url": "udp://x", "objects": ["12"], "clock": "local", "restore": "relay", "color": 1},
    )
    assert len(EmopDriver().check(bad)) == 5


def test_prices_are_written_with_the_time_last() -> None:
    wanted = prices.MeterPrices(
        seconds("2024-02-29T12:34:56"),
        {(2, 1): 200_000, (1, 1): 76_500},
        standing_charge_micro=450_000,
        emergency_credit_micro=0,
        threshold_rates=[1, 6],
    )
    assert [(f"{key:06x}", payload.hex()) for key, payload in prices.to_write(wanted)] == [
        ("fff801", "e21d0000"),
        ("fff809", "204e0000"),
        ("ffff23", "c8af0000"),
        ("ffc808", "00000000"),
        ("ffff21", "21"),
        ("ffff24", "7036732d"),
    ]
