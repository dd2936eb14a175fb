"""P1 telegrams: checksums that meters made, times in summer and winter, files, and the driver."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mita.drivers.files import Channel, Rules, settled
from mita.drivers.p1 import DRIVER, BadTelegram, parse_telegram
from mita.drivers.p1.telegram import crc16
from mita.drivers.wire import Arrival, Device, Health, Shown, Told
from tests.unit.drivers.files.reading import gathered

# published telegrams; their last line is the meter's own checksum
DUTCH = rb"""/ISk5\2MT382-1000

1-3:0.2.8(50)
0-0:1.0.0(170102192002W)
0-0:96.1.1(4B384547303034303436333935353037)
1-0:1.8.1(000004.426*kWh)
1-0:1.8.2(000002.399*kWh)
1-0:2.8.1(000002.444*kWh)
1-0:2.8.2(000000.000*kWh)
0-0:96.14.0(0002)
1-0:1.7.0(00.244*kW)
1-0:2.7.0(00.000*kW)
0-0:96.7.21(00013)
0-0:96.7.9(00000)
1-0:99.97.0(0)(0-0:96.7.19)
1-0:32.32.0(00000)
1-0:52.32.0(00000)
1-0:72.32.0(00000)
1-0:32.36.0(00000)
1-0:52.36.0(00000)
1-0:72.36.0(00000)
0-0:96.13.0()
1-0:32.7.0(0230.0*V)
1-0:52.7.0(0230.0*V)
1-0:72.7.0(0229.0*V)
1-0:31.7.0(0.48*A)
1-0:51.7.0(0.44*A)
1-0:71.7.0(0.86*A)
1-0:21.7.0(00.070*kW)
1-0:41.7.0(00.032*kW)
1-0:61.7.0(00.142*kW)
1-0:22.7.0(00.000*kW)
1-0:42.7.0(00.000*kW)
1-0:62.7.0(00.000*kW)
0-1:24.1.0(003)
0-1:96.1.0(3232323241424344313233343536373839)
0-1:24.2.1(170102161005W)(00000.107*m3)
0-2:24.1.0(003)
0-2:96.1.0()
!6EEE
""".replace(b"\n", b"\r\n")
AUSTRIAN = rb"""/EST5\253710000_A

1-3:0.2.8(50)
0-0:1.0.0(221006155014S)
1-0:1.8.0(006545766*Wh)
1-0:1.8.1(005017120*Wh)
1-0:1.8.2(001528646*Wh)
1-0:1.7.0(000000286*W)
1-0:2.8.0(000000058*Wh)
1-0:2.8.1(000000000*Wh)
1-0:2.8.2(000000058*Wh)
1-0:2.7.0(000000000*W)
1-0:3.8.0(000000747*varh)
1-0:3.8.1(000000000*varh)
1-0:3.8.2(000000747*varh)
1-0:3.7.0(000000000*var)
1-0:4.8.0(003897726*varh)
1-0:4.8.1(002692848*varh)
1-0:4.8.2(001204878*varh)
1-0:4.7.0(000000166*var)
!7EF9
""".replace(b"\n", b"\r\n")
# 2017-01-02T19:20:02 an hour east, 2017-01-02T16:10:05 likewise
TAKEN_S, GAS_S = 1483381202, 1483369805


def signed(text: bytes) -> bytes:
    """A telegram with a checksum of its own."""
    body = text[: text.rindex(b"!") + 1]
    return body + f"{crc16(body):04X}\r\n".encode()


def test_the_checksum_is_crc_16_arc() -> None:
    assert crc16(b"123456789") == 0xBB3D


def test_what_telegrams_say() -> None:
    dutch = parse_telegram(DUTCH)
    assert (dutch.serial, dutch.taken_s) == ("K8EG004046395507", TAKEN_S)
    assert dutch.totals == {"import": (Decimal("6.825"), "kWh"), "export": (Decimal("2.444"), "kWh")}
    gas, empty = dutch.behind
    assert (gas.serial, gas.utility, gas.taken_s, gas.value) == (
        "2222ABCD123456789",
        "gas",
        GAS_S,
        Decimal("0.107"),
    )
    assert empty.value is None
    austrian = parse_telegram(AUSTRIAN)
    # two hours east in summer; the total stands there
    assert austrian.taken_s == 1665064214
    assert austrian.totals["import"] == (Decimal(6545766), "Wh")
    # a transport that made other line ends of it
    assert parse_telegram(DUTCH.replace(b"\r\n", b"\n")) == dutch


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (DUTCH.replace(b"4.426", b"4.427"), "bad_checksum"),
        (DUTCH.replace(b"!6EEE", b"!"), "no_checksum"),
        (DUTCH.replace(b"!6EEE", b"!6EEEE"), "no_checksum"),
        (DUTCH[1:], "no_telegram"),
        (b"", "no_telegram"),
        (signed(DUTCH.replace(b"170102192002W", b"170102192002X")), "bad_time"),
        (signed(DUTCH.replace(b"170102192002W", b"171302192002W")), "bad_time"),
        (signed(DUTCH.replace(b"0-0:1.0.0", b"0-0:1.0.1")), "no_time"),
        (signed(DUTCH.replace(b"1-0:2.8.1", b"1-0:1.8.1")), "repeated_value"),
    ],
)
def test_what_is_no_telegram(data: bytes, code: str) -> None:
    with pytest.raises(BadTelegram) as raised:
        parse_telegram(data)
    assert raised.value.code == code


def test_one_tariff_alone_is_no_total() -> None:
    assert "import" not in parse_telegram(signed(DUTCH.replace(b"1-0:1.8.2(", b"1-0:1.8.9("))).totals


def test_a_file_of_telegrams() -> None:
    later = signed(DUTCH.replace(b"192002W", b"192012W").replace(b"4.426", b"4.430"))
    broken = DUTCH.replace(b"4.426", b"9.426")
    found = gathered(b"noise\r\n" + DUTCH + later + broken + later[:400], "p1")
    assert [(fault.code, fault.line) for fault in found.faults] == [
        ("bad_checksum", 82),
        ("no_telegram", 122),
    ]
    line = found.values[Channel("K8EG004046395507", "import", "kWh")]
    assert list(line.value_micro) == [6_825_000, 6_829_000]
    assert list(line.taken_s) == [TAKEN_S, TAKEN_S + 10]
    # gas is not charged as water, though both are m³
    gas = Channel("2222ABCD123456789", "import", "m3")
    assert [found.is_of(gas, utility) for utility in ("gas", "water", "electricity")] == [True, False, False]
    # the gas meter's hour stands in both
    channel = Channel("2222ABCD123456789", "import", "m3")
    done = settled(found.values[channel], channel, rules=Rules())
    assert (list(done.taken_s), list(done.value_micro)) == ([GAS_S], [107_000])


def test_the_driver() -> None:
    device = Device("p1:stick", [("E1", "electricity"), ("G1", "gas")])
    assert DRIVER.check(device) == []
    assert DRIVER.abilities(device).cut == "none"
    decoded = DRIVER.decode(Arrival("telegram", DUTCH, received_s=5), device)
    assert decoded.readings == [
        Told("E1", "import", "kWh", TAKEN_S, 6_825_000),
        Told("E1", "export", "kWh", TAKEN_S, 2_444_000),
        Told("G1", "import", "m3", GAS_S, 107_000),
    ]
    assert decoded.rejections == []
    assert Shown("power_import", Decimal("0.244"), "kW", TAKEN_S) in decoded.reports
    assert any(isinstance(report, Health) and report.clock_s == TAKEN_S for report in decoded.reports)
    bad = DRIVER.decode(Arrival("telegram", DUTCH[:-20], received_s=5), device)
    assert (bad.readings, [each.code for each in bad.rejections]) == ([], ["no_telegram"])
    assert DRIVER.check(Device("p1:s", [], settings={"x": 1})) == [
        "setting 'x' is not known: a P1 port has none",
        "the device has no meter",
    ]
