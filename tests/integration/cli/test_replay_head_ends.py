"""`mita replay` of files of head-ends: charged once whatever comes again, refused if money were wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import psycopg
    from click.testing import Result

    Run = Callable[..., Result]

POWER = """\
rate_table: 1
name: Flat power
utility: electricity
currency: AUD
effective_from: 2003-01-01
tax: {name: GST, percent: "10", prices: exclusive}
charges: [{name: Energy, kind: usage, price: "0.30"}]
"""
ZONE = ("--timezone", "Australia/Brisbane", "--estate", "Oak", "--json")


@pytest.fixture
def power(tmp_path: Path) -> Path:
    path = tmp_path / "power.yaml"
    path.write_text(POWER, encoding="utf-8")
    return path


@pytest.fixture
def replay(run: Run, power: Path) -> Callable[..., Result]:
    def replay(file: Path, layout: str, *options: str) -> Result:
        return run("replay", file, "--format", layout, "--rate-table", power, *ZONE, *options)

    return replay


def report(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    assert found["ledger"]["verified"] is True
    return found


def nem12(*days: tuple[int, str, str]) -> str:
    """A file of days of March 2024: (day, kWh of each half hour, quality)."""
    rows = [
        f"300,202403{day:02d}," + ",".join([value] * 48) + f",{quality},,," for day, value, quality in days
    ]
    return "\n".join(["100,NEM12,202403010000,,", "200,NMI1,E1,1,E1,N1,S,kWh,30,", *rows, "900", ""])


def test_files_of_one_meter_in_every_order(replay: Run, tmp_path: Path, admin: psycopg.Connection) -> None:
    path = tmp_path / "march.csv"

    def load(*days: tuple[int, str, str], options: tuple[str, ...] = ()) -> Result:
        path.write_text(nem12(*days), encoding="utf-8")
        return replay(path, "nem12", *options)

    # 24 kWh, and an estimate that waits
    first = report(load((1, "0.5", "A"), (2, "0.7", "E64")))
    assert first["quantity"] == {"electricity": "24.000000"}
    assert first["charges"]["net"] == "7.200000"
    assert first["readings"]["total"] == 49
    why = "line 4: NMI1 import waits from 2024-03-01T14:00:00Z on: its value is an estimate"
    assert [each.partition(",")[0] for each in first["file"]["waiting"]] == [why]
    # the same again moves nothing; what replaced the estimate overlaps and goes on
    again = report(load((1, "0.5", "A"), (2, "0.7", "E64")))
    assert (again["readings"]["total"], again["readings"]["duplicate"]) == (49, 49)
    more = report(load((1, "0.5", "A"), (2, "1", "S14"), (3, "0.25", "A")))
    assert more["quantity"] == {"electricity": "60.000000"}
    assert more["file"]["known"] == 49
    # a day that was charged cannot become another: nothing is taken, not even the new day
    refused = load((2, "1.5", "F14"), (4, "1", "A"))
    assert refused.exit_code == 2
    assert "line 3: the interval from 2024-03-01T14:00:00Z is 1.500000 kWh here, and was charged as" in (
        refused.stderr
    )
    # a day is missing: the rest waits until it comes
    assert report(load((5, "1", "A")))["readings"]["total"] == 0
    assert report(load((4, "1", "A"), (5, "1", "A")))["quantity"] == {"electricity": "96.000000"}
    # 1, 2, 3, 4 and 5 March, to the millionth of the clean run
    values = admin.execute("SELECT max(value_micro), count(*) FROM reading").fetchone()
    assert values == (180_000_000, 5 * 48 + 1)
    kept = report(load((2, "1.5", "F14"), (3, "0.25", "A"), (6, "1", "A"), options=("--keep-past",)))
    # the days between are known, so the sixth goes on from the fifth
    assert (kept["quantity"]["electricity"], len(kept["file"]["contradictions"])) == ("48.000000", 1)


def test_a_file_with_faults_is_taken_whole_or_as_asked(
    replay: Run, tmp_path: Path, fixtures_path: Path, admin: psycopg.Connection
) -> None:
    folder = fixtures_path / "metering" / "nem12" / "examples" / "invalid"
    for name, line in (("Example_NEM12_incomplete_interval.csv", 3), ("Example_NEM12_missing_header.csv", 2)):
        result = replay(folder / name, "nem12")
        assert result.exit_code == 2
        assert f"line {line}: " in result.stderr
    assert admin.execute("SELECT count(*) FROM estate").fetchone() == (0,)
    partial = replay(folder / "Example_NEM12_incomplete_interval.csv", "nem12", "--partial")
    assert partial.exit_code == 1
    found = json.loads(partial.stdout)
    assert found["quantity"] == {"electricity": "53.328000"}
    assert found["readings"]["rejected"] == 1
    assert admin.execute("SELECT code, raw FROM rejected_reading").fetchall() == [("wrong_count", "line 3")]
    # options that do not fit, and files in which nothing counts kilowatt-hours
    (gas,) = (fixtures_path / "metering" / "greenbutton").glob("ngma*")
    for arguments, reason in (
        ((gas, "greenbutton"), "nothing in it is electricity in kWh; found were: uom 169 (therm)"),
        ((gas, "csv"), "needs --profile: a YAML file, or one of ausgrid, daiad"),
        ((gas, "p1", "--profile", "ausgrid"), "--profile belongs to --format csv"),
        ((gas, "readings", "--partial"), "is read row by row"),
        ((gas, "p1", "--opening", "-1"), "--opening must not be negative"),
        ((gas, "nem12", "--file-zone", "Mars/Base"), "is not a time zone"),
    ):
        result = replay(*arguments)
        assert (result.exit_code, reason in result.stderr) == (2, True), result.stderr


def test_other_formats_are_charged(replay: Run, fixtures_path: Path) -> None:
    folder = fixtures_path / "metering"
    # the days of this file are those of New York, so none lies in two months
    elsewhere = ("--meter", "H1", "--estate", "Elm", "--timezone", "America/New_York")
    path = folder / "greenbutton" / "TestGBDataOneYearDailyBinnedMonthly.xml"
    year = report(replay(path, "greenbutton", *elsewhere))
    assert year["quantity"] == {"electricity": "9917.817000"}
    assert year["charges"]["net"] == "2975.345100"
    solar = folder / "ausgrid_c12" / "data_2011-2012.csv"
    homes = report(replay(solar, "csv", "--profile", "ausgrid", "--meter", "12"))
    assert homes["quantity"] == {"electricity": "5938.369000"}
    # registers as they stand: 1,312.1 kWh between two reads
    (nem13,) = (folder / "nem12" / "examples" / "unzipped").glob("*NEM13_consumption*")
    assert report(replay(nem13, "nem13"))["quantity"] == {"electricity": "1312.100000"}
