"""A year of 92 real water meters and a real solar household: the product and an independent judge agree."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.cli.command import mita
from tests.oracle import ausgrid, daiad, tables
from tests.oracle.exact import Bill, bill

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres

pytestmark = pytest.mark.slow

MICRO = 1_000_000
CLASSES = ["first", "charged", "unchanged", "late", "duplicate", "conflict", "backwards", "held", "rejected"]
# the product's word for each of the judge's
WORD = {"opening": "first"}
# a class as the database has it
STORED = {6: "backwards", 7: "held"}

# name: document, the same as constants, are the prices with tax, net and tax frozen from the judge
WATER = {
    "flat": (tables.FLAT_WATER, tables.FLAT_WATER_BLOCKS, False, "14280.318363", "1428.031841"),
    "blocks": (tables.BLOCK_WATER, tables.BLOCK_WATER_BLOCKS, False, None, None),
    "blocks, tax inside": (tables.BLOCK_WATER_INCLUSIVE, tables.BLOCK_WATER_BLOCKS, True, None, None),
}

# sums of a register at its last entry of each local month, and the running state stored then
MONTH_ENDS = """
    SELECT DISTINCT ON (meter, register, month) meter, register, month, quantity, gross, run_quantity_micro
    FROM (
        SELECT m.serial AS meter, g.name AS register, e.event_at, r.run_quantity_micro,
               to_char((e.event_at - interval '1 second') AT TIME ZONE s.time_zone, 'YYYY-MM') AS month,
               sum(e.quantity_micro) OVER line AS quantity, sum(-e.amount_micro) OVER line AS gross
        FROM entry AS e
        JOIN estate AS s USING (estate_id)
        JOIN register AS g ON g.estate_id = e.estate_id AND g.register_id = e.source_id
        JOIN meter AS m ON m.estate_id = g.estate_id AND m.meter_id = g.meter_id
        JOIN reading AS r ON r.estate_id = e.estate_id AND r.register_id = g.register_id
            AND r.taken_at = e.event_at
        WHERE e.source_kind = 1
        WINDOW line AS (PARTITION BY g.register_id ORDER BY e.event_at)
    ) AS lines ORDER BY meter, register, month, event_at DESC
"""
SOLAR_MONTHS = """
    SELECT g.name, to_char((e.event_at - interval '1 second') AT TIME ZONE 'Australia/Sydney', 'YYYY-MM'),
           sum(e.quantity_micro)::bigint, sum(-e.amount_micro)::bigint
    FROM entry AS e JOIN register AS g ON g.estate_id = e.estate_id AND g.register_id = e.source_id
    WHERE e.source_kind = 1 GROUP BY 1, 2
"""
BALANCES = """
    SELECT u.name, a.posted_micro, sum(e.amount_micro), count(*) FROM wallet_account AS w
    JOIN wallet USING (estate_id, wallet_id) JOIN unit AS u USING (estate_id, unit_id)
    JOIN account AS a USING (estate_id, account_id) JOIN entry AS e USING (estate_id, account_id)
    GROUP BY u.name, a.posted_micro
"""


@pytest.fixture(scope="session")
def water_file(fixtures_path: Path) -> Path:
    path = fixtures_path / "metering" / "water_daiad" / "swm_trialA.zip"
    if not path.is_file():
        pytest.skip(f"the water year is not at {path}")
    return path


@pytest.fixture(scope="session")
def usage(water_file: Path) -> daiad.Usage:
    """The judge's classes and quantities; the file is read once for all prices."""
    return daiad.judge_usage(
        water_file, max_rate_micro=5 * MICRO, burst_micro=MICRO // 4, repeated_hour="file_order"
    )


def replay(
    postgres: EmbeddedPostgres, database_name: str, file: Path, document: Path, *more: str
) -> dict[str, Any]:
    done = mita(
        *("replay", file, "--rate-table", document, "--json", *more),
        settings={"MITA_DATABASE_URL": postgres.app_url(database_name)},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def text(micro: int) -> str:
    sign = "-" if micro < 0 else ""
    return f"{sign}{abs(micro) // MICRO}.{abs(micro) % MICRO:06d}"


@pytest.mark.parametrize("name", WATER)
def test_the_water_year_agrees_to_the_litre_and_to_the_micro(
    name: str,
    usage: daiad.Usage,
    water_file: Path,
    tmp_path: Path,
    postgres: EmbeddedPostgres,
    database_name: str,
    admin: psycopg.Connection,
) -> None:
    yaml, blocks, inclusive, net, tax = WATER[name]
    verdict = daiad.price_usage(usage, blocks=blocks, tax=tables.WATER_TAX, inclusive=inclusive)
    total = verdict.total
    if net is not None:
        assert (text(total.net_micro), text(total.tax_micro)) == (net, tax)
    (tmp_path / "rates.yaml").write_text(yaml, encoding="utf-8")
    report = replay(
        postgres,
        database_name,
        water_file,
        tmp_path / "rates.yaml",
        *("--format", "daiad", "--timezone", "Europe/Madrid", "--max-rate", "5", "--burst", "0.25"),
    )

    counts = Counter({WORD.get(label, label): count for label, count in verdict.classes.items()})
    assert report["readings"] == {"total": 674_019} | {one: counts[one] for one in CLASSES}
    assert report["quantity"] == {"water": text(total.quantity_micro)} == {"water": "7719.091000"}
    assert report["charges"] == {
        "net": text(total.net_micro),
        "tax": text(total.tax_micro),
        "gross": text(total.gross_micro),
        "currency": "EUR",
    }
    assert report["wallets"] == {"count": 92, "balance": text(-total.gross_micro), "below_cutoff": 92}
    assert (report["meters"], report["supply_commands"]) == (92, 0)
    assert report["ledger"]["verified"] is True
    assert report["peak_rss_mb"] < 600

    check_set_aside(admin, verdict)
    check_wallets(admin, verdict, entries=report["readings"]["charged"])
    check_system_accounts(admin, {"income:water": total.net_micro, "tax": total.tax_micro})
    check_months(
        admin,
        {(meter, "import", month): one for (meter, month), one in verdict.bills.items()},
        lambda quantity_micro: bill(
            quantity_micro=quantity_micro,
            cost=daiad.cost_of(quantity_micro, blocks=blocks),
            tax=tables.WATER_TAX,
            inclusive=inclusive,
        ),
    )


def check_set_aside(admin: psycopg.Connection, verdict: daiad.Verdict) -> None:
    """The very readings that the judge sets aside, and no others."""
    expected = {
        (one.meter, one.reading.taken_s, one.reading.value_micro, one.label) for one in verdict.labelled
    }
    found = admin.execute(
        "SELECT serial, extract(epoch FROM taken_at)::bigint, value_micro, class"
        " FROM reading JOIN register USING (estate_id, register_id)"
        " JOIN meter USING (estate_id, meter_id) WHERE class >= 4"
    ).fetchall()
    assert len(expected) == len(verdict.labelled) == 947
    assert {(meter, taken_s, value, STORED.get(kind, kind)) for meter, taken_s, value, kind in found} == (
        expected
    )
    assert admin.execute("SELECT count(*) FROM reading").fetchone() == (674_019,)


def check_wallets(admin: psycopg.Connection, verdict: daiad.Verdict, *, entries: int) -> None:
    found = admin.execute(BALANCES).fetchall()
    expected = {meter: -one.gross_micro for meter, one in verdict.meters.items()}
    assert {unit: balance for unit, balance, _, _ in found} == expected
    assert {unit: total for unit, _, total, _ in found} == expected
    assert sum(count for *_, count in found) == entries


def check_system_accounts(admin: psycopg.Connection, expected: dict[str, int]) -> None:
    found = admin.execute("SELECT code, posted_micro FROM account WHERE code = ANY (%s)", ([*expected],))
    assert dict(found.fetchall()) == expected


def check_months(admin: psycopg.Connection, bills: dict[tuple[str, str, str], Bill], price: Any) -> None:
    """Every register's running sums at the end of every month, and what is stored as its running state.

    A consumption over the end of a month is one entry of the next month, so what a month costs shows in the
    sums: all months before as the judge has them, and this one as far as it has come, priced by the judge.
    """
    before: defaultdict[tuple[str, str], Bill] = defaultdict(Bill)
    ends = {row[:3]: row[3:] for row in admin.execute(MONTH_ENDS).fetchall()}
    assert set(ends) <= set(bills)
    assert len(ends) > 0.9 * len(bills)
    for (meter, register, month), one in sorted(bills.items()):
        past = before[meter, register]
        if (meter, register, month) in ends:
            quantity, gross, run_quantity = ends[meter, register, month]
            so_far = quantity - past.quantity_micro
            assert 0 < so_far <= one.quantity_micro, (meter, month)
            assert run_quantity == so_far, (meter, month)
            assert gross == past.gross_micro + price(so_far).gross_micro, (meter, month)
        before[meter, register] = past + one


def test_the_solar_year_agrees_under_time_of_use_with_feed_in(
    fixtures_path: Path,
    tmp_path: Path,
    postgres: EmbeddedPostgres,
    database_name: str,
    admin: psycopg.Connection,
) -> None:
    source = fixtures_path / "metering" / "ausgrid_c12" / "data_2011-2012.csv"
    if not source.is_file():
        pytest.skip(f"the solar year is not at {source}")
    verdict = ausgrid.judge_with_tables(source)
    bought, sold = verdict.register("import"), verdict.register("export")
    rows = ausgrid.write_readings_csv(source, tmp_path / "readings.csv")
    (tmp_path / "rates.yaml").write_text(tables.AUSGRID_TOU, encoding="utf-8")
    report = replay(
        postgres,
        database_name,
        tmp_path / "readings.csv",
        tmp_path / "rates.yaml",
        *("--format", "readings", "--timezone", "Australia/Sydney", "--credit", "1000.00"),
    )

    net, tax = verdict.total_money
    assert report["readings"]["total"] == rows == 2 * (366 * 48 + 1)
    assert report["readings"]["first"] == 2
    assert sum(report["readings"][one] for one in ("first", "charged", "unchanged")) == rows
    assert report["quantity"] == {
        "electricity": text(bought.quantity_micro),
        "electricity_export": text(sold.quantity_micro),
    }
    assert report["charges"] == {
        "net": text(net),
        "tax": text(tax),
        "gross": text(net + tax),
        "currency": "AUD",
    }
    assert sold.net_micro < 0 < bought.net_micro
    balance = 1_000 * MICRO - net - tax
    assert report["wallets"] == {
        "count": 1,
        "balance": text(balance),
        "below_cutoff": int(balance <= 0),
    }
    assert report["ledger"]["verified"] is True
    check_system_accounts(admin, {"income:electricity": net, "tax": tax})

    # half hours never lie over a midnight: each month of each register is a plain sum
    found = admin.execute(SOLAR_MONTHS).fetchall()
    assert {(register, month): (used, gross) for register, month, used, gross in found} == {
        key: (one.quantity_micro, one.gross_micro) for key, one in verdict.bills.items()
    }
    assert len(found) >= 24


def test_the_judge_itself_knows_a_month_by_hand() -> None:
    """Ten and a half m³ in the block table: 6 at 0.50, 4.5 at 1.10, and a tenth of it as tax."""
    one = bill(
        quantity_micro=10_500_000,
        cost=daiad.cost_of(10_500_000, blocks=tables.BLOCK_WATER_BLOCKS),
        tax=Fraction(1, 10),
        inclusive=False,
    )
    assert (one.net_micro, one.tax_micro) == (7_950_000, 795_000)
