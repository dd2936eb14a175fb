"""The other commands: bench, openapi, migrate, as processes of their own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import psycopg
import pytest

from mita.migrations.runner import newest_revision
from tests.integration.cli.command import mita

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres


@pytest.mark.slow
def test_bench_charge_prints_one_object_with_its_ratios(tmp_path: Path) -> None:
    arguments = ("--readings", "200", "--meters", "50", "--batch", "100", "--json")
    done = mita("bench", "charge", *arguments, settings={"MITA_DATA": str(tmp_path / "data")})
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    report = json.loads(done.stdout)
    assert {name: set(part) for name, part in report.items() if isinstance(part, dict)} == {
        "charge": {"per_second", "p50_ms", "p99_ms", "bytes_per_reading"},
        "raw_copy": {"per_second"},
        "orm": {"per_second"},
    }
    assert set(report) == {"charge", "raw_copy", "orm", "of_raw_copy", "times_orm"}
    rates = {name: report[name]["per_second"] for name in ("charge", "raw_copy", "orm")}
    assert min(rates.values()) > 0
    # medians of whole numbers, cut: as near as the digits that are shown
    assert report["of_raw_copy"] == pytest.approx(rates["charge"] / rates["raw_copy"], abs=0.01)
    assert report["times_orm"] == pytest.approx(rates["charge"] / rates["orm"], rel=0.02, abs=0.1)
    assert report["charge"]["p50_ms"] <= report["charge"]["p99_ms"]
    assert not (tmp_path / "data").exists(), "it measures on a throw-away database"


def test_openapi_needs_no_database(tmp_path: Path) -> None:
    done = mita("openapi", settings={"MITA_DATA": str(tmp_path / "data")})
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["openapi"].startswith("3.")
    assert document["info"]["title"] == "Mita"
    assert "post" in document["paths"]["/api/v1/readings"]
    assert not (tmp_path / "data").exists()


@pytest.fixture
def empty_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    postgres.create_database("cli_migrate")
    yield "cli_migrate"
    postgres.drop_database("cli_migrate")


def test_migrate_takes_an_empty_database_to_the_newest_schema(
    postgres: EmbeddedPostgres, empty_database: str
) -> None:
    app = {"MITA_DATABASE_URL": postgres.app_url(empty_database)}
    owner = {"MITA_DATABASE_ADMIN_URL": postgres.admin_url(empty_database)}
    refused = mita("migrate", settings=app)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "MITA_DATABASE_ADMIN_URL" in refused.stderr
    newest = newest_revision()
    first = mita("migrate", settings=app | owner)
    assert (first.returncode, first.stdout) == (0, f"empty -> {newest}\n"), first.stderr
    again = mita("migrate", settings=app | owner)
    assert (again.returncode, again.stdout) == (0, f"{newest} -> {newest}\n"), again.stderr
    with psycopg.connect(postgres.app_url(empty_database)) as connection:
        assert connection.execute("SELECT count(*) FROM estate").fetchone() == (0,)
    assert json.loads(mita("verify", "--json", settings=app).stdout)["verified"] is True


def test_a_command_that_is_none_is_used_wrongly() -> None:
    done = mita("replya", settings={})
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["verify", "migrate", "replay"])
def test_a_database_that_is_away_is_one_sentence(command: str, tmp_path: Path) -> None:
    readings, rates = tmp_path / "readings.csv", tmp_path / "rates.yaml"
    readings.write_text("meter,register,taken_at,value,unit\nA,import,2026-03-01T00:00:00Z,1,kWh\n")
    rates.write_text(
        "{rate_table: 1, name: F, utility: electricity, currency: ZAR, effective_from: 2020-01-01,"
        ' charges: [{name: E, kind: usage, price: "1"}]}'
    )
    more = ["--format", "readings", "--rate-table", rates, "--timezone", "Africa/Johannesburg"]
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    ran = mita(
        command,
        *([readings, *more] if command == "replay" else []),
        settings={"MITA_DATABASE_URL": nowhere, "MITA_DATABASE_ADMIN_URL": nowhere},
    )
    assert ran.returncode == 2
    # what showed the progress leaves an empty line
    assert ran.stderr.lstrip().startswith("error: the database cannot be used")
    assert "Traceback" not in ran.stderr


@pytest.mark.slow
def test_bench_api_lets_users_ask_and_compares_a_balance(tmp_path: Path) -> None:
    arguments = ("--users", "6", "--units", "20", "--seconds", "2", "--think-ms", "50", "--json")
    done = mita("bench", "api", *arguments, settings={"MITA_DATA": str(tmp_path / "data")})
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert {"users", "requests_per_second", "mean_ms", "p99_ms", "errors", "balance_of_bare"} <= set(report)
    assert (report["users"], report["errors"]) == (6, 0)
    assert 0 < report["mean_ms"] <= report["p99_ms"]
    assert report["requests_per_second"] > 0
    assert 0 < report["balance_of_bare"] < 1
    assert not (tmp_path / "data").exists(), "it measures on a throw-away database"


@pytest.mark.slow
def test_bench_portfolio_compares_many_estates_with_one(tmp_path: Path) -> None:
    arguments = ("--estates", "3", "--units", "2", "--json")
    done = mita("bench", "portfolio", *arguments, settings={"MITA_DATA": str(tmp_path / "data")})
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert set(report) == {"estates", "units", "portfolio", "one", "list", "times_one"}
    assert (report["estates"], report["units"]) == (3, 2)
    assert all(0 < report[name]["p50_ms"] <= report[name]["p95_ms"] for name in ("portfolio", "one", "list"))
    assert not (tmp_path / "data").exists(), "it measures on a throw-away database"
