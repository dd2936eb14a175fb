"""NEM12 and NEM13: real and invalid files of the market, and what the format allows."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from mita.drivers.files import Channel, Rules, UnreadableFile, settled
from tests.unit.drivers.files.reading import content, gathered, totals

if TYPE_CHECKING:
    from pathlib import Path

DAY = ",".join(["0.5"] * 48)
HEAD = "100,NEM12,202401010000,MDP,RET\n"


def stream(suffix: str = "E1", unit: str = "kWh", minutes: int = 30) -> str:
    return f"200,6001,E1B1,1,{suffix},N1,SER,{unit},{minutes},\n"


def test_the_corpus(fixtures_path: Path) -> None:
    """The counts were taken from the files by a script of a few lines that knows nothing of this reader."""
    folder = fixtures_path / "metering" / "nem12" / "examples"
    paths = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "invalid" not in path.parts and "nem13" not in path.name.lower()
    ]
    assert len(paths) == 19
    found = [gathered(content(path), "nem12") for path in paths]
    assert [each.faults for each in found] == [[]] * 19
    # with the reactive energy and volts that carry no money
    assert sum(each.count + sum(each.left_out.values()) for each in found) == 90_432
    sums = {path.name: totals(each) for path, each in zip(paths, found, strict=True)}
    assert sums["Example_NEM12_month_solar.csv"] == {
        ("NMI1234567", "export"): 589_172_000,
        ("NMI1234567", "import"): 270_738_000,
    }
    # two meters behind one NMI, in watt-hours
    assert sums["Example_NEM12_multiple_meters.csv"][("NCDE001111/2", "import")] == 19_200_000
    # a row over three lines: its 48 values with those of the days before
    assert sums["NEM12#Scenario10#ETSAMDP#NEMMCO.zip"] == {
        ("NEM1210191", "import"): 1_762_000_000,
        ("NEM1210191/2", "import"): 3_894_000_000,
        ("NEM1210191/2", "export"): 4_071_000_000,
    }
    many = sums["Example_NEM12_ManyNMIs.zip"]
    assert len({meter.split("/")[0] for meter, _ in many}) == 99
    # the interval's length changes from 15 to 30 minutes after two days
    (changing,) = found[
        [path.name.startswith("NEM12#000000000000005") for path in paths].index(True)
    ].intervals.values()
    lengths = [end - start for start, end in zip(changing.start_s, changing.end_s, strict=True)]
    assert lengths == [900] * 192 + [1800] * 96


INVALID = {
    "Example_NEM12_15min_200_30min_300.csv": "line 3: there are 48 values, and a day of 15 minutes (line 2)",
    "Example_NEM12_15min_200_30min_400.csv": "line 3: the quality of interval 49 of 96 is told by no 400 row",
    "Example_NEM12_30min_200_15min_300.csv": "line 3: there are 96 values, and a day of 30 minutes (line 2)",
    "Example_NEM12_30min_200_15min_400.csv": "line 3: there are 96 values, and a day of 30 minutes (line 2)",
    "Example_NEM12_incomplete_interval.csv": "line 3: there are 0 values, and a day of 30 minutes (line 2)",
    "Example_NEM12_empty.csv": "f: line 2: there is no row of values (300) in the file",
    "Example_NEM12_missing_header.csv": "f: line 2: the file must begin with a 100 row that says NEM12,"
    " and not with '200'",
    "Example_NEM12_powercor.csv": "f: line 2: the file must begin with a 100 row",
    "Example_NEM12_powercor.csv.zip": "f: line 2: the file must begin with a 100 row",
    "Example_NEM12_powercor_missing_fields.csv": "f: line 2: the file must begin with a 100 row",
    "Example_empty_file.csv": "f: the file is empty",
}


def test_each_invalid_file_says_line_and_reason(fixtures_path: Path) -> None:
    folder = fixtures_path / "metering" / "nem12" / "examples" / "invalid"
    assert {path.name for path in folder.iterdir()} == set(INVALID)
    for name, reason in INVALID.items():
        try:
            found = [str(fault) for fault in gathered(content(folder / name), "nem12").faults]
        except UnreadableFile as error:
            found = [str(error)]
        assert len(found) == 1, name
        assert found[0].startswith(reason), name


def test_an_interval_ends_ten_hours_east_of_utc() -> None:
    found = gathered(f"{HEAD}{stream()}300,20240301,{DAY},A,,,\n900\n", "nem12")
    (line,) = found.intervals.values()
    # 2024-02-29T14:00Z to 14:30Z
    assert (line.start_s[0], line.end_s[0], line.end_s[-1]) == (1709215200, 1709217000, 1709301600)
    west = gathered(
        f"{HEAD}{stream()}300,20240301,{DAY},A,,,\n900\n", "nem12", file_zone=ZoneInfo("Australia/Perth")
    )
    assert next(iter(west.intervals.values())).start_s[0] == 1709215200 + 7200


def test_case_byte_order_mark_line_ends_and_qualities() -> None:
    text = (
        f"\ufeff100,nem12,202401010000,,\r\n200,6001,,1,e1,,SER,kwh,30\r\n300,20240301,{DAY},v,,,\r\n"
        "400,1,20,A,,\r\n400,21,40,e52,,\r\n400,41,48,N,,\r\n500,O,S1,20240301000000,100\r\n900\r\n"
    )
    found = gathered(text, "nem12")
    assert found.faults == []
    line = found.intervals[Channel("6001", "import", "kWh")]
    assert list(line.quality) == [0] * 20 + [1] * 20 + [2] * 8
    assert sum(line.quantity_micro) == 24_000_000


@pytest.mark.parametrize(
    ("rows", "code", "number"),
    [
        (f"{stream()}300,20240230,{DAY},A\n", "bad_time", 3),
        (f"{stream()}300,20240301,{DAY.replace('0.5', '-1', 1)},A\n", "negative_value", 3),
        (f"{stream()}300,20240301,{DAY.replace('0.5', 'x', 1)},A\n", "not_a_number", 3),
        (f"{stream()}300,20240301,{DAY},A\n400,1,49,A\n", "bad_range", 4),
        (f"{stream()}300,20240301,{DAY},V\n400,1,48,Z\n", "bad_quality", 4),
        (f"{stream()}400,1,48,A\n", "stray_row", 3),
        (f"{stream(unit='furlong')}300,20240301,{DAY},A\n", "unknown_unit", 2),
        (f"{stream(unit='L')}300,20240301,{DAY},A\n", "wrong_unit", 2),
        (f"{stream(minutes=7)}300,20240301,{DAY},A\n", "bad_interval", 2),
        (f"{stream(suffix='import')}300,20240301,{DAY},A\n", "bad_suffix", 2),
        ("200,6001\n", "missing_fields", 2),
        (f"{stream()}300,20240301,{DAY},A\n777,x\n", "unknown_row", 4),
        (f"{stream()}300,20240301,{DAY}\n300,20240302,{DAY},A\n", "missing_fields", 3),
        (f"{stream()}300,19700101,{DAY},A\n", "time_out_of_range", 3),
    ],
)
def test_a_fault_has_its_line(rows: str, code: str, number: int) -> None:
    # a second, sound day of another meter: one fault is one fault
    other = f"200,6002,E1,1,E1,N1,S2,kWh,30,\n300,20240301,{DAY},A,,,\n"
    found = gathered(f"{HEAD}{rows}{other}900\n", "nem12")
    assert [(fault.code, fault.line) for fault in found.faults] == [(code, number)]
    assert totals(found)[("6002", "import")] == 24_000_000


def test_a_file_that_was_cut_off() -> None:
    found = gathered(f"{HEAD}{stream()}300,20240301,{DAY},A,,,\n", "nem12")
    assert [(fault.code, fault.line) for fault in found.faults] == [("no_end", 3)]


def test_nem13(fixtures_path: Path) -> None:
    folder = fixtures_path / "metering" / "nem12" / "examples"
    found = gathered(content(folder / "nem13" / "NEM13#000000000000018#CNRGYMDP#NEMMCO.zip"), "nem13")
    assert found.faults == []
    peak = found.values[Channel("NEM1318142/41", "import", "kWh")]
    assert list(peak.value_micro) == [each * 1_000_000 for each in (6100, 6427, 6427, 6858, 6858, 7462)]
    # 2004-12-12T07:31:07 ten hours east
    assert peak.taken_s[0] == 1102800667
    # the last one is an estimate
    done = settled(peak, Channel("NEM1318142/41", "import", "kWh"), rules=Rules())
    assert list(done.value_micro) == [6_100_000_000, 6_427_000_000, 6_858_000_000]
    assert done.waiting is not None
    taken = settled(peak, Channel("NEM1318142/41", "import", "kWh"), rules=Rules(takes_estimates=True))
    assert list(taken.value_micro)[-1] == 7_462_000_000
    # a consumption that is no difference: money would be wrong by a factor
    plain = (folder / "unzipped" / "Example_NEM13_consumption_data.csv").read_text()
    assert gathered(plain, "nem13").faults == []
    wrong = gathered(plain.replace(",1312.1,", ",13121,"), "nem13")
    assert [(fault.code, fault.line) for fault in wrong.faults] == [("quantity_differs", 2)]
    with pytest.raises(UnreadableFile, match="read it with --format nem13"):
        gathered(plain, "nem12")
