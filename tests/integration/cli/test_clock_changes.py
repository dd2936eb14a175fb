"""Days of 23, 24½ and 25 hours, from a file to the bill: hand-computed totals."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from tests.integration.cli.conftest import HEADER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]

# hours 0 and 1 cost a tenth, hour 2 ten, the others one; and a tenth on top as tax
RATES = """\
rate_table: 1
name: By the hour
utility: electricity
currency: EUR
effective_from: 2025-01-01
tax: {name: VAT, percent: "10", prices: exclusive}
clocks:
  weekday: OOPSSSSSSSSSSSSSSSSSSSSS
  saturday: OOPSSSSSSSSSSSSSSSSSSSSS
  sunday: OOPSSSSSSSSSSSSSSSSSSSSS
charges: [{name: Energy, kind: usage, price: {O: "0.10", P: "10.00", S: "1.00"}}]
"""
HALF_HOUR = timedelta(minutes=30)

# zone, local date, half hours, net, tax, gross; one kWh each half hour
DAYS = [
    # no 02:00 to 03:00: 4 x 0.10 + 42 x 1
    ("Europe/Madrid", date(2025, 3, 30), 46, "42.400000", "4.240000", "46.640000"),
    # 02:00 to 03:00 twice: 4 x 0.10 + 4 x 10 + 42 x 1
    ("Europe/Madrid", date(2025, 10, 26), 50, "82.400000", "8.240000", "90.640000"),
    ("Australia/Sydney", date(2025, 4, 6), 50, "82.400000", "8.240000", "90.640000"),
    ("Australia/Sydney", date(2025, 10, 5), 46, "42.400000", "4.240000", "46.640000"),
    # no 01:00 to 02:00: 2 x 0.10 + 2 x 10 + 42 x 1
    ("Europe/London", date(2025, 3, 30), 46, "62.200000", "6.220000", "68.420000"),
    # 01:00 to 02:00 twice: 6 x 0.10 + 2 x 10 + 42 x 1
    ("Europe/London", date(2025, 10, 26), 50, "62.600000", "6.260000", "68.860000"),
    # 01:30 to 02:00 twice: 5 x 0.10 + 2 x 10 + 42 x 1
    ("Australia/Lord_Howe", date(2025, 4, 6), 49, "62.500000", "6.250000", "68.750000"),
    # an ordinary Sunday: 4 x 0.10 + 2 x 10 + 42 x 1
    ("Africa/Johannesburg", date(2025, 3, 30), 48, "62.400000", "6.240000", "68.640000"),
]


def instants(zone: ZoneInfo, day: date) -> list[datetime]:
    """Every half hour from one local midnight to the next."""
    midnights = [
        datetime(one.year, one.month, one.day, tzinfo=zone).astimezone(UTC)
        for one in (day, day + timedelta(days=1))
    ]
    found = [midnights[0]]
    while found[-1] < midnights[1]:
        found.append(found[-1] + HALF_HOUR)
    return found


def replayed(run: Run, tmp_path: Path, zone: str, lines: list[str]) -> dict[str, object]:
    (tmp_path / "rates.yaml").write_text(RATES, encoding="utf-8")
    (tmp_path / "readings.csv").write_text(HEADER + "\n".join(lines), encoding="utf-8")
    options = ("--rate-table", tmp_path / "rates.yaml", "--format", "readings", "--timezone", zone, "--json")
    result = run("replay", tmp_path / "readings.csv", *options)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize(("zone", "day", "count", "net", "tax", "gross"), DAYS)
def test_a_day_costs_what_its_hours_cost(
    run: Run, tmp_path: Path, zone: str, day: date, count: int, net: str, tax: str, gross: str
) -> None:
    local = ZoneInfo(zone)
    times = instants(local, day)
    assert len(times) == count + 1
    spellings = {
        "zulu": [at.strftime("%Y-%m-%dT%H:%M:%SZ") for at in times],
        "offset": [at.astimezone(local).isoformat() for at in times],
        # the wall clock alone: the repeated hour is told apart by the order of a meter's rows
        "wall": [at.astimezone(local).replace(tzinfo=None).isoformat() for at in times],
    }
    # two meters side by side in the file: each has an order of its own
    for name, texts in spellings.items():
        lines = [f"{m},import,{at},{i},kWh" for i, at in enumerate(texts) for m in (name + "1", name + "2")]
        report = replayed(run, tmp_path, zone, lines)
        assert report["readings"]["first"] == 2, name
        assert report["readings"]["charged"] == 2 * count, name
        assert report["charges"] == {
            "net": twice(net),
            "tax": twice(tax),
            "gross": twice(gross),
            "currency": "EUR",
        }, name
    # one consumption over the whole day is spread over its seconds
    ends = [
        f"long,import,{spellings['offset'][0]},0,kWh",
        f"long,import,{spellings['offset'][-1]},{count},kWh",
    ]
    report = replayed(run, tmp_path, zone, ends)
    assert report["charges"] == {"net": net, "tax": tax, "gross": gross, "currency": "EUR"}
    assert report["ledger"]["verified"] is True


def twice(amount: str) -> str:
    micro = 2 * int(amount.replace(".", ""))
    return f"{micro // 10**6}.{micro % 10**6:06d}"


def test_the_repeated_hour_of_a_file_is_its_second_run_once_the_time_does_not_advance(
    run: Run, tmp_path: Path
) -> None:
    # 02:10 comes once before and once after the clock went back; 02:50 only after
    walls = ["01:30", "02:10", "02:10", "02:50", "03:10"]
    lines = [f"A,import,2025-10-26T{wall}:00,{i},kWh" for i, wall in enumerate(walls)]
    report = replayed(run, tmp_path, "Europe/Madrid", lines)
    assert report["readings"]["charged"] == 4
    # 01:30 to 02:10: 30 minutes of O, 10 of P; an hour of P; 40 minutes of P; 10 minutes of P and 10 of S
    assert report["charges"]["net"] == "28.075000"


def test_a_file_that_names_a_skipped_time_loses_that_row_alone(run: Run, tmp_path: Path) -> None:
    walls = ["01:30", "02:00", "02:59:59", "03:00", "03:30"]
    lines = [f"A,import,2025-03-30T{wall},{i},kWh" for i, wall in enumerate(walls)]
    report = replayed(run, tmp_path, "Europe/Madrid", lines)
    assert report["readings"]["rejected"] == 2
    # three kWh in the half hour before three o'clock, all of it before the change; one after
    assert report["charges"]["net"] == "1.300000"
