"""`mita verify`: a clean ledger is status 0; one altered byte is status 1, and its place is named."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from mita.identity.operations import seal_audit
from mita.kit.db import Database
from tests.integration.cli.conftest import HEADER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import psycopg
    from click.testing import Result

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres

    Run = Callable[..., Result]

LEDGER = ("account", "journal", "entry")
FORMAT = ("--format", "readings", "--timezone", "Europe/Madrid", "--credit", "10.00", "--json")


@pytest.fixture
def wallets(run: Run, rates: Path, tmp_path: Path, admin: psycopg.Connection) -> list[int]:
    """Two estates with two wallets each; the accounts of the second estate's, six entries on each."""
    path = tmp_path / "readings.csv"
    lines = [f"{m},import,2026-03-01T{h:02}:00:00Z,{h},m3" for h in range(6) for m in ("A", "B")]
    path.write_text(HEADER + "\n".join(lines), encoding="utf-8")
    for name in ("Willow", "Oak"):
        done = run("replay", path, "--rate-table", rates, "--estate", name, *FORMAT)
        assert json.loads(done.stdout)["readings"]["charged"] == 10
    rows = admin.execute(
        "SELECT account_id FROM wallet_account WHERE estate_id = 2 AND utility = 'water' ORDER BY account_id"
    )
    found = [row[0] for row in rows.fetchall()]
    assert len(found) == 2
    return found


def attack(admin: psycopg.Connection, *statements: str) -> None:
    """What somebody with the database's own password can do: no trigger speaks."""
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            assert admin.execute(statement).rowcount == 1, statement


def backed_up(admin: psycopg.Connection) -> Callable[[], None]:
    """Copy the ledger; what is returned puts the copy back."""
    for table in LEDGER:
        admin.execute(f"CREATE TABLE copy_of_{table} AS TABLE {table}")

    def restore() -> None:
        with admin.transaction():
            admin.execute("SET LOCAL session_replication_role = replica")
            for table in LEDGER:
                admin.execute(f"DELETE FROM {table}")
                admin.execute(f"INSERT INTO {table} SELECT * FROM copy_of_{table}")

    return restore


def test_a_clean_ledger(run: Run, wallets: list[int]) -> None:
    result = run("verify", "--json")
    assert result.exit_code == 0
    assert result.stdout.count("\n") == 1
    # two receipts of two lines, ten charges, income and tax;
    # two wallets with a general account and one for water each, clearing, income, tax
    none = {"checked": 0}
    one = {"accounts": 7, "entries": 16, "checkpoints": none, "audit": {"sealed": 0}}
    one |= {"verified": True, "broken": []}
    assert json.loads(result.stdout) == {
        "verified": True,
        "first_broken": None,
        "estates": [{"estate": "Willow"} | one, {"estate": "Oak"} | one],
    }
    told = run("verify")
    assert told.exit_code == 0
    assert "Oak: 16 entries on 7 accounts: verified" in told.stdout


ACCOUNT = "WHERE estate_id = 2 AND account_id = {account}"
ENTRY = "WHERE estate_id = 2 AND account_id = {account} AND seq = "
# name: statements, and (verifier, place) of the first break
ATTACKS = {
    "one bit of an amount": (
        ["UPDATE entry SET amount_micro = amount_micro # 1 " + ENTRY + "3"],
        ("chain", "account {account} entry 3"),
    ),
    "one byte of a hash": (
        ["UPDATE entry SET hash = set_byte(hash, 0, get_byte(hash, 0) # 1) " + ENTRY + "6"],
        ("chain", "account {account} entry 6"),
    ),
    "the time of a reading": (
        ["UPDATE entry SET event_at = event_at - interval '1 microsecond' " + ENTRY + "2"],
        ("chain", "account {account} entry 2"),
    ),
    "the quantity": (
        ["UPDATE entry SET quantity_micro = 0 " + ENTRY + "2"],
        ("chain", "account {account} entry 2"),
    ),
    "an entry deleted": (["DELETE FROM entry " + ENTRY + "4"], ("chain", "account {account} entry 5")),
    "the first entry deleted": (["DELETE FROM entry " + ENTRY + "1"], ("chain", "account {account} entry 2")),
    "the last entry deleted": (["DELETE FROM entry " + ENTRY + "6"], ("identities", "account {account}")),
    "two entries swapped": (
        [
            "UPDATE entry SET seq = 99 " + ENTRY + "3",
            "UPDATE entry SET seq = 3 " + ENTRY + "4",
            "UPDATE entry SET seq = 4 " + ENTRY + "99",
        ],
        ("chain", "account {account} entry 3"),
    ),
    "a balance": (
        ["UPDATE account SET posted_micro = posted_micro + 1000000 " + ACCOUNT],
        ("identities", "account {account}"),
    ),
    "a head": (
        ["UPDATE account SET head_hash = set_byte(head_hash, 31, get_byte(head_hash, 31) # 128) " + ACCOUNT],
        ("identities", "account {account}"),
    ),
}


def test_an_attack_is_status_1_and_its_place_is_named(
    run: Run, wallets: list[int], admin: psycopg.Connection
) -> None:
    restore = backed_up(admin)
    for name, (statements, expected) in ATTACKS.items():
        attack(admin, *(statement.format(account=wallets[1]) for statement in statements))
        verifier, place = expected[0], expected[1].format(account=wallets[1])
        result = run("verify", "--json")
        assert (name, result.exit_code) == (name, 1)
        report = json.loads(result.stdout)
        assert report["verified"] is False
        first = report["first_broken"]
        assert (name, first["verifier"], first["place"]) == (name, verifier, place)
        assert [one["verified"] for one in report["estates"]] == [True, False]
        told = run("verify")
        assert told.exit_code == 1
        assert f"{verifier}: {place}: " in told.stdout
        # the other estate is not in doubt
        assert run("verify", "--estate", "Willow").exit_code == 0
        assert run("verify", "--estate", "Oak").exit_code == 1
        restore()
        assert run("verify").exit_code == 0, name


def test_a_journal_that_is_not_what_its_digest_says_is_named(
    run: Run, wallets: list[int], admin: psycopg.Connection
) -> None:
    restore = backed_up(admin)
    journal = admin.execute(
        "SELECT journal_id FROM entry WHERE estate_id = 2 AND account_id = %s AND seq = 1", (wallets[0],)
    ).fetchone()[0]
    for change in (
        "digest = set_byte(digest, 7, get_byte(digest, 7) # 1)",
        "memo = 'eft: somebody else'",
        "actor = 'staff:nobody'",
        "kind = 1",
        "booked_at = booked_at + interval '1 microsecond'",
        "idempotency_key = 'another'",
    ):
        attack(admin, f"UPDATE journal SET {change} WHERE journal_id = '{journal}'")
        result = run("verify", "--json")
        assert (change, result.exit_code) == (change, 1)
        broken = json.loads(result.stdout)["estates"][1]["broken"]
        places = {(one["verifier"], one["place"]) for one in broken}
        expected = {("identities", f"journal {journal}")}
        if "digest" in change:
            # its lines carry the digest, so they break only if the digest itself is another
            (clearing,) = admin.execute(
                "SELECT account_id FROM account WHERE estate_id = 2 AND code LIKE 'clearing:%'"
            ).fetchone()
            expected |= {("chain", f"account {wallets[0]} entry 1"), ("chain", f"account {clearing} entry 1")}
        assert places == expected, change
        restore()


def test_an_estate_that_is_not_there_is_used_wrongly(run: Run, wallets: list[int]) -> None:
    result = run("verify", "--estate", "[/red]", "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "there is no estate called '[/red]'" in result.stderr


def test_an_altered_audit_log_is_named(
    run: Run, wallets: list[int], admin: psycopg.Connection, postgres: EmbeddedPostgres, database_name: str
) -> None:
    async def seal() -> None:
        database = Database(postgres.app_url(database_name))
        async with database.unit_of_work(estates=[0, 1, 2]) as session:
            assert await seal_audit(session, estates=[0, 1, 2], now=datetime(2026, 3, 2, tzinfo=UTC)) > 0
        await database.close()

    asyncio.run(seal())
    counted = dict(admin.execute("SELECT estate_id, count(*) FROM audit_link GROUP BY 1").fetchall())
    clean = json.loads(run("verify", "--json").stdout)
    assert clean["verified"]
    assert [each["audit"]["sealed"] for each in clean["estates"]] == [counted[1], counted[2]]
    attack(admin, "UPDATE audit_change SET new = '{}' WHERE estate_id = 2 AND subject = 'estate'")
    result = run("verify", "--json")
    assert result.exit_code == 1
    first = json.loads(result.stdout)["first_broken"]
    assert (first["verifier"], first["place"].split()[0]) == ("audit", "change")
    admin.execute("ALTER TABLE unit DISABLE TRIGGER audited")
    places = [each["place"] for each in json.loads(run("verify", "--json").stdout)["estates"][-1]["broken"]]
    assert places == ["unit.audited"]


@pytest.mark.parametrize("table", ["audit_entry", "consent"])
def test_an_audit_log_that_can_be_changed_is_named(
    run: Run, wallets: list[int], admin: psycopg.Connection, table: str
) -> None:
    assert run("verify", "--json").exit_code == 0
    admin.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
    result = run("verify", "--json")
    assert result.exit_code == 1
    first = json.loads(result.stdout)["first_broken"]
    assert (first["verifier"], first["place"]) == ("guards", f"{table}.append_only")
    admin.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only")
    admin.execute(f"DROP TRIGGER no_truncate ON {table}")
    assert json.loads(run("verify", "--json").stdout)["first_broken"]["place"] == f"{table}.no_truncate"


def test_nothing_is_verified_where_nothing_is(run: Run) -> None:
    result = run("verify", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"verified": True, "first_broken": None, "estates": []}
    assert "no estate yet" in run("verify").stdout
