"""CSV by profiles: those that come with Mita on real data, and what a profile may say."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from mita.drivers.files import Channel, ProfileInvalid, UnreadableFile, built_in_profiles, parse_profile
from tests.unit.drivers.files.reading import content, gathered, totals

if TYPE_CHECKING:
    from pathlib import Path

OWN = """\
profile: 1
name: own
kind: interval
delimiter: ";"
encoding: cp1252
decimal: ","
time: {columns: [Datum], format: "%d.%m.%Y %H:%M", means: end, zone: Europe/Berlin}
minutes: 15
values: [{columns: ["*"], unit: kW}]
"""


def test_every_built_in_profile_names_its_source() -> None:
    found = built_in_profiles()
    assert set(found) == {"ausgrid", "daiad", "n3rgy", "n3rgy_gas", "readings", "smip"}
    assert all(profile.source and profile.licence for profile in found.values())


def test_average_kilowatts_of_ausgrid(fixtures_path: Path) -> None:
    path = fixtures_path / "metering" / "ausgrid_c12" / "data_2011-2012.csv"
    found = gathered(content(path), "csv", profile=built_in_profiles()["ausgrid"], meter="12")
    assert found.faults == []
    # half of 11,876.738 and of 2,592.808
    assert totals(found) == {("12", "import"): 5_938_369_000, ("12", "generation"): 1_296_404_000}
    line = found.intervals[Channel("12", "import", "kWh")]
    assert len(line) == 17_568
    # 2011-07-01T00:00 ten hours east; no hour is missing or doubled
    assert line.start_s[0] == 1309442400
    assert line.end_s[-1] - line.start_s[0] == 366 * 86_400


def test_registers_of_the_water_trial() -> None:
    text = (
        "user key;datetime;meter reading;diff\n"
        "k1;30/10/2016 02:30:00;2e+05;0\nk1;30/10/2016 02:10:00;200001;1\nk1;27/03/2016 02:30:00;5;0\n"
    )
    found = gathered(text, "csv", profile=built_in_profiles()["daiad"], zone=ZoneInfo("Europe/Madrid"))
    assert [(fault.code, fault.line) for fault in found.faults] == [("no_such_local_time", 4)]
    line = found.values[Channel("k1", "import", "m3")]
    # the second run of the repeated hour
    assert list(line.taken_s) == [1477787400, 1477789800]
    assert list(line.value_micro) == [200_000_000, 200_001_000]


def test_smart_meters_of_great_britain() -> None:
    head = " Consumption (kwh), Estimated Cost Inc. Tax (p), Start, End\n"
    rows = (
        "0.028000, 0.71, 2024-10-27T01:00:00+01:00, 2024-10-27T01:30:00+01:00\n"
        "0.5, 0.71, 2024-10-27T01:00:00+00:00, 2024-10-27T01:30:00+00:00\n"
        ", 0.71, 2024-10-27T01:30:00+00:00, 2024-10-27T02:00:00+00:00\n"
    )
    profiles = built_in_profiles()
    found = gathered(head + rows, "csv", profile=profiles["smip"], meter="1200012345678")
    line = found.intervals[Channel("1200012345678", "import", "kWh")]
    assert list(line.start_s) == [1729987200, 1729990800, 1729992600]
    assert list(line.quantity_micro) == [28_000, 500_000, 0]
    assert list(line.quality) == [0, 0, 2]
    with pytest.raises(UnreadableFile, match="--meter"):
        gathered(head + rows, "csv", profile=profiles["smip"])
    # UTC, at the end of the half hour
    text = "timestamp (UTC),energyConsumption (kWh)\n2023-06-01 00:30,0.2\n"
    line = gathered(text, "csv", profile=profiles["n3rgy"], meter="m").intervals.popitem()[1]
    assert (line.start_s[0], line.end_s[0]) == (1685577600, 1685579400)


def test_a_profile_of_ones_own() -> None:
    text = "Datum;Wohnung Süd;W2\n01.06.2024 00:15;1.234,5;\n01.06.2024 00:30;0,001;x\n"
    found = gathered(text.encode("cp1252"), "csv", profile=parse_profile(OWN))
    south = found.intervals[Channel("Wohnung Süd", "import", "kWh")]
    # 2024-05-31T22:00Z; a quarter of 1,234.5, and of 0.001 the nearest millionth
    assert list(south.start_s) == [1717192800, 1717193700]
    assert list(south.quantity_micro) == [308_625_000, 250]
    assert list(found.intervals[Channel("W2", "import", "kWh")].quality) == [2]
    assert [(fault.code, fault.line, fault.meter) for fault in found.faults] == [("not_a_number", 3, "W2")]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("kind: interval", "kind: both", r"\$.kind"),
        ("minutes: 15", "minutes: 0", "minutes must be 1 to 1440"),
        ("minutes: 15\n", "", "an interval needs minutes"),
        ("unit: kW", "unit: furlong", "unit 'furlong'"),
        ("unit: kW", "unit: kW, colour: red", "colour"),
        ("Europe/Berlin", "Berlin/Europe", "time.zone"),
        ("cp1252", "hex", "encoding 'hex'"),
        ("means: end", "means: instant", "time.means"),
        ('decimal: ","', 'decimal: ";"', "decimal"),
        ("profile: 1", "profile: 2", "profile"),
        ("name: own", "name: [", "while parsing"),
    ],
)
def test_what_is_wrong_with_a_profile(old: str, new: str, reason: str) -> None:
    assert parse_profile(OWN).name == "own"
    with pytest.raises(ProfileInvalid, match=reason):
        parse_profile(OWN.replace(old, new, 1))
