"""M-Bus telegrams: recorded frames against the values of another program, and telegrams made by hand."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from mita.drivers.fields import Field
from mita.drivers.mbus import MbusDriver, telegram
from mita.drivers.wire import Alarm, Arrival, Decoded, Device, Health, Shown, Told

if TYPE_CHECKING:
    from pathlib import Path

_BERLIN = ZoneInfo("Europe/Berlin")
_KEY = bytes(range(16))
# how the other program writes units, in Wh and m³
_FACTORS = {
    "Energy (mWh)": "0.001",
    "Energy (Wh)": "1",
    "Energy (10 Wh)": "10",
    "Energy (100 Wh)": "100",
    "Energy (kWh)": "1000",
    "Energy (10 kWh)": "10000",
    "Energy (0.1 MWh)": "100000",
    "Energy (MJ)": "1000000",
    "Volume (my m^3)": "0.000001",
    "Volume (m m^3)": "0.001",
    "Volume (1e-4  m^3)": "0.0001",
    "Volume (1e-2  m^3)": "0.01",
    "Volume (1e-1  m^3)": "0.1",
    "Volume ( m^3)": "1",
    "l": "0.001",
    "kWh": "1000",
}


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def expected(xml: Path) -> list[tuple[int, int, int, Decimal]]:
    """Return storage, tariff, subunit and value of what counts energy or volume, from the other program."""
    found = []
    # the headers say ISO-8859-1, and the files are UTF-8
    text = re.sub(r"<\?xml.*?\?>", "", xml.read_text(encoding="utf-8"))
    for record in ET.fromstring(text).iter("DataRecord"):  # noqa: S314 - recorded data
        unit = record.findtext("Unit") or ""
        if unit in _FACTORS:
            place = [int(record.findtext(name) or 0) for name in ("StorageNumber", "Tariff", "Device")]
            value = Decimal(record.findtext("Value") or "0") * Decimal(_FACTORS[unit])
            found.append((place[0], place[1], place[2], value))
    return found


def test_every_recorded_frame_agrees_with_another_program(fixtures_path: Path) -> None:
    frames = sorted((fixtures_path / "metering" / "mbus_frames").glob("*.hex"))
    assert len(frames) == 76
    values = 0
    for path in frames:
        raw = bytes.fromhex("".join(path.read_text().split()))
        found = telegram(raw)
        assert not found.is_partial, path.stem
        counted = [
            (each.storage, each.rate, each.subunit, each.value)
            for each in found.records
            if each.quantity in {"Energy", "Volume"}
        ]
        if raw[6] == 0x73:
            # that program knows no subunits in the old format, nor what its second counter counts
            counted = [(0, 0, 0, value) for storage, _, _, value in counted if storage == 0]
        assert counted == expected(path.with_suffix(".xml")), path.stem
        values += len(counted)
        identity = re.search(r"<Id>(\w+)<", path.with_suffix(".xml").read_text(encoding="utf-8"))
        if identity and identity[1].isdecimal() and (found.identification or "").isdecimal():
            assert found.identification == identity[1].zfill(8), path.stem
    assert values > 250


def decode(raw: bytes, device: Device, *, received: str = "2024-07-01T12:00:00") -> Decoded:
    return MbusDriver().decode(Arrival("telegram", raw, seconds(received)), device)


def told(decoded: Decoded) -> list[tuple[str, str, str, int]]:
    return [(each.meter, each.register, each.unit, each.value_micro) for each in decoded.readings]


def wired(records: str, *, medium: int = 7, status: int = 0, signature: bytes = bytes(2)) -> bytes:
    """Return a long frame with the identification 12345678 of ELS."""
    head = bytes([8, 1, 0x72]) + bytes.fromhex("785634129315") + bytes([0x33, medium, 1, status]) + signature
    body = head + bytes.fromhex(records)
    return bytes([0x68, len(body), len(body), 0x68]) + body + bytes([sum(body) & 0xFF, 0x16])


def wireless(records: str, *, key: bytes | None, status: int = 0) -> bytes:
    """Return a telegram of a gas meter heard by radio; encrypted in mode 5."""
    sender = bytes.fromhex("9315785634123303")
    inner = b"\x2f\x2f" + bytes.fromhex(records)
    inner += b"\x2f" * (-len(inner) % 16)
    configuration = bytes(2)
    if key is not None:
        configuration = bytes([len(inner) // 16 << 4, 5])
        cipher = Cipher(algorithms.AES(key), modes.CBC(sender + bytes([0x2A] * 8))).encryptor()
        inner = cipher.update(inner) + cipher.finalize()
    body = b"\x44" + sender + bytes([0x7A, 0x2A, status]) + configuration + inner
    return bytes([len(body)]) + body


def test_a_water_meter_from_the_wire_to_the_register() -> None:
    device = Device("mbus:1", [("W1", "water"), ("H1", "hot_water"), ("E1", "electricity")], zone=_BERLIN)
    # 101 L; history of 999 m³; a maximum; another subunit; the clock 2024-07-01 14:00, no word of summer
    records = "0C1301010000 4C1699090000 1C1305000000 8C401307000000 046D000E0137"
    decoded = decode(wired(records, status=0x14), device)
    assert told(decoded) == [("W1", "import", "m3", 101_000)]
    # summer time is meant, which is nearer
    assert decoded.readings[0].taken_s == seconds("2024-07-01T12:00:00")
    assert decoded.readings[0].is_timed
    assert decoded.rejections == []
    assert [each.alarm for each in decoded.reports if isinstance(each, Alarm)] == [
        "low_battery",
        "device_fault",
    ]
    health = next(each for each in decoded.reports if isinstance(each, Health))
    assert (health.model, health.clock_s) == (
        "ELS 12345678 version 51, Water Meter",
        seconds("2024-07-01T12:00:00"),
    )
    shown = {each.path for each in decoded.reports if isinstance(each, Shown)}
    assert {"volume", "volume_storage_1", "volume_max", "volume_subunit_1"} <= shown
    # one that says water where only hot water is metered, and none for the wrong medium
    hot = Device("mbus:1", [("H1", "hot_water"), ("G1", "gas")])
    assert told(decode(wired(records), hot)) == [("H1", "import", "m3", 101_000)]
    assert told(decode(wired(records, medium=3), device)) == []
    # the same, to the hot meter by its medium, and as hex
    assert told(decode(wired(records, medium=6).hex().encode(), device)) == [("H1", "import", "m3", 101_000)]


@pytest.mark.parametrize(
    ("clock", "received", "taken", "is_timed"),
    [
        # 01:30 on standard time all year, received two minutes later
        ("1E010137", "2024-07-01T00:32:00", "2024-07-01T00:30:00", True),
        # the repeated hour of 2023-10-29, 02:30: first with the summer flag, then without
        ("1E82FD2A", "2023-10-29T01:31:00", "2023-10-29T00:30:00", True),
        ("1E02FD2A", "2023-10-29T01:31:00", "2023-10-29T01:30:00", True),
        # a clock that says it is invalid, one that runs ahead, one of the past century
        ("9E010137", "2024-07-01T12:00:00", "2024-07-01T12:00:00", False),
        ("00140137", "2024-07-01T12:00:00", "2024-07-01T12:00:00", False),
        ("100905C5", "2024-07-01T12:00:00", "2024-07-01T12:00:00", False),
    ],
)
def test_the_meters_clock(clock: str, received: str, taken: str, is_timed: bool) -> None:  # noqa: FBT001
    device = Device("mbus:1", [("W1", "water")], zone=_BERLIN)
    (reading,) = decode(wired(f"0413E8030000 046D{clock}"), device, received=received).readings
    assert (reading.taken_s, reading.is_timed) == (seconds(taken), is_timed)
    ours = Device("mbus:1", [("W1", "water")], zone=_BERLIN, settings={"clock": "ours"})
    (reading,) = decode(wired(f"0413E8030000 046D{clock}"), ours, received=received).readings
    assert (reading.taken_s, reading.is_timed) == (seconds(received), False)


def test_units_signs_and_floats() -> None:
    device = Device("mbus:1", [("E1", "electricity")])
    # 5 kWh in, 2 kWh out, a float of 1389.8173 (times 10 kWh), and tariff 1 that is no total
    assert told(decode(wired("04863B05000000 04863C02000000", medium=2), device)) == [
        ("E1", "import", "kWh", 5_000_000),
        ("E1", "export", "kWh", 2_000_000),
    ]
    (reading,) = decode(wired("0507 27BAAD44", medium=2), device).readings
    assert reading.value_micro == 13_898_173_000
    assert told(decode(wired("8C100452120000", medium=2), device)) == []
    tariffs = Device("mbus:1", [("E1", "electricity")], [Field("energy_tariff_1", "import_1", "Wh")])
    assert told(decode(wired("8C100452120000", medium=2), tariffs)) == [("E1", "import_1", "kWh", 12_520_000)]
    # the energy of heat has no utility, in joule or not; nor has what flows through a heating
    for medium in (4, 0x0C):
        decoded = decode(wired("040F01000000 040601000000 041401000000", medium=medium), device)
        assert (told(decoded), decoded.rejections) == ([], [])
        shown = {each.path: (each.value, each.unit) for each in decoded.reports if isinstance(each, Shown)}
        assert shown["energy_j"] == (10_000_000, "J")
        assert shown["energy"] == (1_000, "Wh")


def test_doubtful_values_are_rejected_not_guessed() -> None:
    device = Device("mbus:1", [("W1", "water")], settings={"secondary": "12345678"})
    codes = {
        wired("041301000000 041302000000"): "ambiguous_value",
        wired("0413FFFFFFFF"): "negative_value",
        wired("041301000000")[:-1]: "no_telegram",
        b"\xe5": "no_telegram",
        b"abc": "no_telegram",
        wired("041301000000").replace(bytes.fromhex("78563412"), bytes.fromhex("78563413")): "no_telegram",
        bytes(70_000): "too_large",
    }
    for raw, code in codes.items():
        decoded = decode(raw, device)
        assert ([each.code for each in decoded.rejections], decoded.readings) == ([code], []), code
    # the same value twice is one; a record that cannot be read leaves the others
    decoded = decode(wired("0C130A000000 041301000000 041301000000"), device)
    assert told(decoded) == [("W1", "import", "m3", 1_000)]
    assert ("unread", "0c130a000000") in {
        (each.path, each.value) for each in decoded.reports if isinstance(each, Shown)
    }
    other = Device("mbus:1", [("W1", "water")], settings={"secondary": "12345679"})
    assert [each.code for each in decode(wired("041301000000"), other).rejections] == ["unknown_meter"]


def test_encrypted_telegrams() -> None:
    records = "0C1427048502 046D32371F15 02FD170000"
    meters = [("G1", "gas")]
    with_key = Device("mbus:1", meters, zone=_BERLIN, settings={"secret": _KEY.hex()})
    decoded = decode(wireless(records, key=_KEY, status=4), with_key, received="2008-05-31T22:00:00")
    assert told(decoded) == [("G1", "import", "m3", 28_504_270_000)]
    assert decoded.readings[0].taken_s == seconds("2008-05-31T21:50:00")
    assert "low_battery" in [each.alarm for each in decoded.reports if isinstance(each, Alarm)]
    wrong = Device("mbus:1", meters, settings={"secret": bytes(16).hex()})
    cases = [
        (wireless(records, key=_KEY), Device("mbus:1", meters), "key_missing"),
        (wireless(records, key=_KEY), wrong, "wrong_key"),
        # who has a key takes nothing in clear: anybody could have sent it
        (wireless(records, key=None), with_key, "not_encrypted"),
    ]
    for raw, device, code in cases:
        decoded = decode(raw, device)
        assert ([each.code for each in decoded.rejections], decoded.readings) == ([code], [])
    assert len(decode(wireless(records, key=None), Device("mbus:1", meters)).readings) == 1


@given(records=st.binary(max_size=80), medium=st.sampled_from([2, 3, 6, 7]))
def test_nothing_that_arrives_raises(records: bytes, medium: int) -> None:
    device = Device("mbus:1", [("W1", "water"), ("E1", "electricity")], zone=_BERLIN)
    for raw in (records, wired(records.hex(), medium=medium)):
        decoded = decode(raw, device)
        assert all(isinstance(each, Told) for each in decoded.readings)


def test_settings_are_checked() -> None:
    good = {"url": "serial:///dev/ttyUSB0?baud=2400", "address": 1, "secret": _KEY.hex()}
    assert MbusDriver().check(Device("mbus:1", [], settings=good)) == []
    second = {"url": "tcp://10.0.0.7:10001", "secondary": "1234567893153307"}
    assert MbusDriver().check(Device("mbus:1", [], settings=second)) == []
    bad = {
        "url": "serial:///dev/x?baud=fast",
        "address": 253,
        "secret": "00",
        "clock": "x",
        "odd": 1,
        "telegrams": 0,
    }
    assert len(MbusDriver().check(Device("mbus:1", [], settings=bad))) == 6
