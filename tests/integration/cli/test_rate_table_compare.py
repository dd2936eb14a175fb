"""`mita rate-table compare`: who gains and who loses, on the screen, as JSON and in a file."""

from __future__ import annotations

import asyncio
import csv
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from mita.tariffs import operations as tariffs
from mita.tariffs.domain import parse_document
from tests.integration.world import FLAT, NOW, new_world

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from mita.kit.db import Database

    Run = Callable[..., Result]

# local midnights of 1 March and 1 April 2026 in Johannesburg
START, END = datetime(2026, 2, 28, 22, 0, tzinfo=UTC), datetime(2026, 3, 31, 22, 0, tzinfo=UTC)
LINE = """
rate_table: 1
name: Line
utility: electricity
currency: ZAR
effective_from: 2027-01-01
tax: {name: VAT, percent: "15", prices: exclusive}
charges: [{name: Energy, kind: usage, price: "1.55"}, {name: Line, kind: fixed, per: day, price: "1.00"}]
"""
MARCH = ("--estate", "Test estate", "--from", "2026-03-01", "--to", "2026-04-01")


@pytest.fixture
async def _estate(database: Database) -> None:
    """23 units at 2.00: the first uses 10 kWh, each next one 10 more; the last one has no reading."""
    world = await new_world(database, meters=23)
    rows = [(f"M{meter}", START, "0") for meter in range(1, 23)]
    rows += [(f"M{meter}", END, str(10 * meter)) for meter in range(1, 23)]
    await world.charge(rows, now=END)
    async with world.unit_of_work() as session:
        await tariffs.add_rate_table(
            session, estate_id=world.estate_id, currency="ZAR", table=parse_document(LINE), now=NOW
        )
        await tariffs.add_rate_table(
            session,
            estate_id=world.estate_id,
            currency="ZAR",
            table=parse_document(FLAT.replace("2.00", "1.55").replace("Flat", "Cheap")),
            now=NOW,
        )


@pytest.mark.usefixtures("_estate")
async def test_sums_winners_and_a_row_for_every_unit(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "compared.csv"
    done = await asyncio.to_thread(run, "rate-table", "compare", "2", *MARCH, "--csv", path, "--json")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    # 2,530 kWh at 2.00; at 1.55 and 22 units of 31 days; with 15 %
    assert [report[name] for name in ("old", "new", "difference")] == [
        "5819.000000",
        "5294.025000",
        "-524.975000",
    ]
    # 0.45 a kWh against 31.00: from 69 kWh on the unit gains
    assert [report[name] for name in ("gains", "loses", "same", "not_compared")] == [16, 6, 0, 1]
    assert [row["unit"] for row in report["best"]] == ["U22", "U21", "U20", "U19", "U18"]
    assert [row["unit"] for row in report["worst"]] == ["U1", "U2", "U3", "U4", "U5"]
    assert report["worst"][0]["difference"] == "30.475000"
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert [row["unit"] for row in rows] == [f"U{unit}" for unit in range(1, 24)]
    assert sum(row["outcome"] == "gains" for row in rows) == 16
    assert rows[-1]["reason"] == "there are no readings in that time"
    again = await asyncio.to_thread(run, "rate-table", "compare", "2", *MARCH, "--csv", path)
    assert (again.exit_code, "--force replaces it" in again.stderr) == (2, True)


@pytest.mark.usefixtures("_estate")
async def test_one_unit_and_two_tables_for_people(run: Run) -> None:
    done = await asyncio.to_thread(run, "rate-table", "compare", "2", *MARCH, "--with", "3", "--unit", "U2")
    assert done.exit_code == 0, done.output
    # 20 kWh at 1.55 both ways, and 31 days
    assert "old 35.65, new 71.30, difference 35.65" in done.stdout
    assert "0 gain, 1 lose, 0 stay the same, 0 not compared" in done.stdout


@pytest.mark.usefixtures("_estate")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("9", *MARCH), "rate table 9 does not exist"),
        (("2", *MARCH, "--with", "9"), "rate table 9 does not exist"),
        (("2", *MARCH, "--unit", "U99"), "no unit called 'U99'"),
        (("2", "--estate", "Nowhere", *MARCH[2:]), "no estate called 'Nowhere'"),
        (("2", *MARCH[:3], "yesterday", *MARCH[4:]), "--from: 'yesterday' is not a date"),
        (("2", *MARCH[:3], "2026-04-01", *MARCH[4:]), "must be before"),
        (("2", *MARCH[:3], "0001-01-01", *MARCH[4:]), "does not lie between"),
    ],
)
async def test_what_cannot_be_compared_is_a_sentence(run: Run, arguments: tuple[str, ...], said: str) -> None:
    done = await asyncio.to_thread(run, "rate-table", "compare", *arguments)
    assert (done.exit_code, said in done.stderr) == (2, True), done.stderr
