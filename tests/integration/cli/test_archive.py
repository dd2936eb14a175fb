"""`mita ledger archive`: a locked month leaves for files that verify; what stays verifies without it."""

from __future__ import annotations

import csv
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import psycopg
import pytest

from mita.ledger import queries
from mita.ledger.operations import close_month, lock_month
from tests.integration.world import World, at, new_world

from .test_export import bean_check, data

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres
    from mita.kit.db import Database

    Run = Callable[..., Result]

__all__ = ["data"]
MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
MARCH_20 = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
APRIL_10 = datetime(2026, 4, 10, 12, 0, tzinfo=UTC)
MAY_5 = datetime(2026, 5, 5, 12, 0, tzinfo=UTC)
NAME = "entries-2026-03-estate-1.csv"


@pytest.fixture
def run(run: Run) -> Run:
    """Run `mita` beside the test's event loop: a command has a loop of its own."""

    def run_apart(*arguments: str | Path) -> Result:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(run, *arguments).result()

    return run_apart


@pytest.fixture(autouse=True)
def owner(
    data: Path, postgres: EmbeddedPostgres, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MITA_DATABASE_ADMIN_URL", postgres.admin_url(database_name))


@pytest.fixture
async def world(database: Database) -> World:
    """Entries in March and April; two units, of which the second one only moved in March."""
    world = await new_world(database, meters=2)
    await world.top_up("10.00", key="a", now=MARCH_20)
    await world.top_up("7.00", key="b", unit=1, now=MARCH_20)
    await world.charge([("M1", at(0), "0"), ("M1", at(1), "1"), ("M1", at(2), "2")], now=MARCH_20)
    await world.top_up("5.00", key="c", now=APRIL_10)
    await world.charge([("M1", at(3), "3")], now=APRIL_10)
    return world


async def lock(world: World, month: date) -> None:
    async with world.unit_of_work() as session:
        await close_month(session, estate_id=world.estate_id, period=month, actor="staff:test", now=MAY_5)
    async with world.unit_of_work() as session:
        await lock_month(session, estate_id=world.estate_id, period=month, now=MAY_5)


def archive(run: Run, path: Path, *more: str, month: str = "2026-03") -> Result:
    return run("ledger", "archive", "--month", month, "--out", path, *more)


def rows_in(admin: psycopg.Connection, table: str) -> int:
    row = admin.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert row is not None
    return row[0]


async def test_a_locked_month_leaves_and_everything_goes_on(
    run: Run, world: World, tmp_path: Path, admin: psycopg.Connection, data: Path
) -> None:
    # an earlier checkpoint signs heads that will be archived, a later one signs what stays
    assert run("ledger", "checkpoint").exit_code == 0
    await lock(world, MARCH)
    before = await world.balances()
    in_march = rows_in(admin, "entry_2026_03")
    done = archive(run, tmp_path / "out")
    assert done.exit_code == 0, done.output
    path = tmp_path / "out" / NAME
    assert done.stdout == f"{path}\n"
    # the files are whole, and what is in them is what left
    with path.open(encoding="utf-8", newline="") as file:
        archived = list(csv.DictReader(file))
    assert len(archived) == in_march == rows_in(admin, "entry_2026_03_detached")
    assert {row["period"] for row in archived} == {"2026-03-01"}
    assert json.loads(run("fsck", path, "--json").stdout)["verified"] is True
    assert rows_in(admin, "entry WHERE period = '2026-03-01'") == 0
    # the ledger goes on: it verifies, balances stand, a new charge follows the chain
    report = json.loads(run("verify", "--json").stdout)
    assert report["verified"] is True, report
    assert report["estates"][0]["checkpoints"]["checked"] == 1
    assert await world.balances() == before
    await world.charge([("M1", at(4), "4"), ("M2", at(4), "0"), ("M2", at(5), "1")], now=MAY_5)
    assert await world.verified()
    assert run("ledger", "checkpoint").exit_code == 0
    assert run("verify").exit_code == 0


async def test_statements_and_books_begin_where_the_month_ended(
    run: Run, world: World, tmp_path: Path, database: Database
) -> None:
    await lock(world, MARCH)
    assert archive(run, tmp_path).exit_code == 0
    async with world.unit_of_work() as session:
        chart = await queries.chart(session, estate_id=world.estate_id)
        by_code = {account.code: account.account_id for account in chart}
        found = await queries.statement(
            session,
            estate_id=world.estate_id,
            account_id=by_code["wallet:1:electricity"],
            since=datetime(2026, 1, 1, tzinfo=UTC),
            until=MAY_5,
        )
        # 10.00 less two units of 2.30
        assert (found.is_archived, found.opening_micro, found.closing_micro) == (True, 5_400_000, 8_100_000)
        assert [(each.seq, each.amount_micro) for each in found.entries] == [(4, 5_000_000), (5, -2_300_000)]
        second = await queries.statement(
            session,
            estate_id=world.estate_id,
            account_id=by_code["wallet:2:electricity"],
            since=datetime(2026, 1, 1, tzinfo=UTC),
            until=MAY_5,
        )
        assert (second.is_archived, second.opening_micro, second.closing_micro) == (
            True,
            7_000_000,
            7_000_000,
        )
        april = await queries.trial_balance(session, estate_id=world.estate_id, period=APRIL)
        opening = {line.code: line.opening_micro for line in april if line.opening_micro}
        assert opening == {
            "wallet:1:electricity": 5_400_000,
            "wallet:2:electricity": 7_000_000,
            "clearing:cash": -17_000_000,
            "income:electricity": 4_000_000,
            "tax": 600_000,
        }
        with pytest.raises(queries.MonthArchived):
            await queries.trial_balance(session, estate_id=world.estate_id, period=MARCH)
    # the next export begins there too, and both judges accept it
    for layout in ("csv", "beancount"):
        out = tmp_path / f"rest.{layout}"
        done = run("ledger", "export", "--estate", "Test estate", "--format", layout, "--out", out)
        assert done.exit_code == 0, done.output
    assert run("fsck", tmp_path / "rest.csv").exit_code == 0
    judged = bean_check(tmp_path / "rest.beancount")
    assert (judged.returncode, judged.stderr) == (0, "")


async def test_month_after_month(run: Run, world: World, tmp_path: Path) -> None:
    """The second unit has no entry in April: where it stood is carried from close to close."""
    await lock(world, MARCH)
    assert archive(run, tmp_path).exit_code == 0
    await lock(world, APRIL)
    assert archive(run, tmp_path, month="2026-04").exit_code == 0
    assert run("verify").exit_code == 0
    assert run("fsck", tmp_path / "entries-2026-04-estate-1.csv").exit_code == 0
    await world.top_up("1.00", key="d", unit=1, now=MAY_5)
    assert run("verify").exit_code == 0
    assert {8_100_000, 8_000_000} <= set(await world.balances())


async def test_a_month_closed_with_a_later_one(run: Run, world: World, tmp_path: Path) -> None:
    """April's close locks March too, without a row of March's own."""
    await lock(world, APRIL)
    assert archive(run, tmp_path).exit_code == 0
    assert run("verify").exit_code == 0
    assert archive(run, tmp_path, month="2026-04").exit_code == 0
    assert run("verify").exit_code == 0


async def test_what_is_not_ready_stays(
    run: Run, world: World, tmp_path: Path, admin: psycopg.Connection, database: Database
) -> None:
    def refused(sentence: str, *more: str, month: str = "2026-03", status: int = 1) -> None:
        done = archive(run, tmp_path, *more, month=month)
        assert (done.exit_code, done.stdout) == (status, ""), done.output
        assert sentence in done.stderr

    refused("2026-03 is not locked in estate 1")
    other = await new_world(database, name="Other")
    await other.top_up("1.00", key="x", now=MARCH_20)
    await lock(world, MARCH)
    refused(f"2026-03 is not locked in estate {other.estate_id}")
    await lock(other, APRIL)
    await lock(world, APRIL)
    refused("archive 2026-03 first", month="2026-04")
    refused("2031-01 has no partition", month="2031-01")
    refused("'March' is no month such as 2026-10", month="March", status=2)
    (tmp_path / NAME).write_text("mine", encoding="utf-8")
    refused("is there already: --force replaces it", status=2)
    assert (tmp_path / NAME).read_text(encoding="utf-8") == "mine"
    # one altered entry of a later month
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        admin.execute(
            "UPDATE entry SET amount_micro = amount_micro + 1 WHERE seq = 4 AND period = '2026-04-01'"
        )
    refused("estate 1 does not verify: account", "--force")
    assert rows_in(admin, "entry_2026_03") > 0
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        admin.execute(
            "UPDATE entry SET amount_micro = amount_micro - 1 WHERE seq = 4 AND period = '2026-04-01'"
        )
    assert archive(run, tmp_path, "--force").exit_code == 0
    assert run("verify").exit_code == 0


async def test_an_attack_after_the_archive_is_still_seen(
    run: Run, world: World, tmp_path: Path, admin: psycopg.Connection
) -> None:
    await lock(world, MARCH)
    assert run("ledger", "checkpoint").exit_code == 0
    assert archive(run, tmp_path).exit_code == 0
    assert run("verify").exit_code == 0
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        # the balance that the close wrote down
        admin.execute(
            "UPDATE account_opening SET opening_micro = opening_micro + 1"
            " WHERE seq = 3 AND period = '2026-04-01'"
        )
    report = json.loads(run("verify", "--json").stdout)
    assert report["verified"] is False
    assert report["first_broken"]["verifier"] == "chain"
    # and what left refuses change as the ledger does
    for change in ("UPDATE entry_2026_03_detached SET line = 9", "DELETE FROM entry_2026_03_detached"):
        with pytest.raises(psycopg.errors.RestrictViolation):
            admin.execute(change)
    with pytest.raises(psycopg.errors.RestrictViolation):
        admin.execute("TRUNCATE entry_2026_03_detached")


def test_it_needs_the_owner(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MITA_DATABASE_ADMIN_URL")
    done = archive(run, tmp_path)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "set MITA_DATABASE_ADMIN_URL" in done.stderr
