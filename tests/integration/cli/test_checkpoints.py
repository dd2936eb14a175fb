"""`mita ledger checkpoint`, and what `mita verify` makes of what it published."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from mita.ledger.domain import parse_key, read_note
from tests.integration.cli.conftest import HEADER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import psycopg
    from click.testing import Result

    Run = Callable[..., Result]

FORMAT = ("--format", "readings", "--timezone", "Europe/Madrid", "--credit", "10.00", "--json")


@pytest.fixture
def data(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The installation's directory; asked for after ``run``, which points elsewhere."""
    path = tmp_path / "installation"
    monkeypatch.setenv("MITA_DATA", str(path))
    return path


@pytest.fixture
def estates(run: Run, data: Path, rates: Path, tmp_path: Path) -> None:
    """Two estates with two wallets each."""
    path = tmp_path / "readings.csv"
    lines = [f"{m},import,2026-03-01T{h:02}:00:00Z,{h},m3" for h in range(6) for m in ("A", "B")]
    path.write_text(HEADER + "\n".join(lines), encoding="utf-8")
    for name in ("Willow", "Oak"):
        assert run("replay", path, "--rate-table", rates, "--estate", name, *FORMAT).exit_code == 0


def report(run: Run, *arguments: str) -> tuple[int, dict[str, object]]:
    result = run("verify", "--json", *arguments)
    return result.exit_code, json.loads(result.stdout)


def accounts_of(admin: psycopg.Connection, estate_id: int) -> int:
    (count,) = admin.execute("SELECT count(*) FROM account WHERE estate_id = %s", (estate_id,)).fetchone()
    assert count >= 5
    return count


@pytest.mark.usefixtures("estates")
def test_checkpoints_are_taken_published_and_verified(
    run: Run, data: Path, admin: psycopg.Connection
) -> None:
    before = run("verify")
    assert before.exit_code == 0
    assert before.stdout.count("there is no signed checkpoint to compare it with") == 2
    result = run("ledger", "checkpoint", "--json")
    assert result.exit_code == 0
    assert result.stdout.count("\n") == 1
    told = json.loads(result.stdout)
    key = parse_key(told["key"])
    assert [each["estate"] for each in told["checkpoints"]] == ["Willow", "Oak"]
    for number, each in enumerate(told["checkpoints"], start=1):
        published = data / "checkpoints" / f"{each['place']}.note"
        assert published.read_text(encoding="utf-8") == each["note"]
        summary = read_note(each["note"], keys=[key])
        assert (summary.origin, summary.kind, summary.size) == (
            f"mita/{number}",
            "manual",
            accounts_of(admin, number),
        )
        assert each["root"] == summary.root.hex()
    status, found = report(run)
    assert status == 0
    assert [each["checkpoints"] for each in found["estates"]] == [{"checked": 1}, {"checked": 1}]
    assert run("verify").stdout.count("against 1 signed checkpoint") == 2


@pytest.mark.usefixtures("estates")
def test_one_estate_and_plain_words(run: Run, data: Path, admin: psycopg.Connection) -> None:
    result = run("ledger", "checkpoint", "--estate", "Oak")
    assert result.exit_code == 0
    assert f"Oak: {accounts_of(admin, 2)} accounts signed in {data}/checkpoints/mita/2/" in result.stdout
    assert "Willow" not in result.stdout
    key = (data / "checkpoints" / "key.pub").read_text(encoding="utf-8").strip()
    assert f"Public key: {key}" in result.stdout
    _, found = report(run)
    assert [each["checkpoints"] for each in found["estates"]] == [{"checked": 0}, {"checked": 1}]


@pytest.mark.usefixtures("estates")
def test_a_rewritten_ledger_is_told_by_the_checkpoints_verifier(run: Run, admin: psycopg.Connection) -> None:
    run("ledger", "checkpoint")
    wallet = admin.execute("SELECT min(account_id) FROM wallet_account WHERE estate_id = 2").fetchone()[0]
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        # a thief who takes the last hash for his own; chains and heads agree again
        for table, column, place in (("entry", "hash", "seq = 6"), ("account", "head_hash", "true")):
            done = admin.execute(
                f"UPDATE {table} SET {column} = sha256({column}) WHERE account_id = {wallet} AND {place}"
            )
            assert done.rowcount == 1
    status, found = report(run)
    assert status == 1
    oak = found["estates"][1]
    assert {each["verifier"] for each in oak["broken"]} == {"chain", "checkpoints"}
    assert found["estates"][0]["verified"]
    assert (
        f"checkpoints: account {wallet}: entry 6 is not the one that the checkpoint of"
        in run("verify").stdout
    )


@pytest.mark.usefixtures("estates")
def test_an_estate_that_is_gone_is_told(run: Run, admin: psycopg.Connection) -> None:
    run("ledger", "checkpoint")
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        admin.execute("DELETE FROM estate WHERE estate_id = 2")
    status, found = report(run)
    assert status == 1
    assert found["first_broken"] == {
        "verifier": "checkpoints",
        "place": "estate 2",
        "detail": "it has checkpoints, and it is gone",
    }
    # who asks for one estate is told of that one
    assert report(run, "--estate", "Willow")[0] == 0


@pytest.mark.usefixtures("estates")
def test_a_forged_note_is_no_checkpoint(run: Run, data: Path) -> None:
    run("ledger", "checkpoint")
    (note,) = (data / "checkpoints" / "mita" / "1").glob("*.note")
    text, _, signature = note.read_text(encoding="utf-8").partition("\n\n")
    lines = text.split("\n")
    lines[2] = base64.b64encode(bytes(32)).decode()
    note.unlink()
    note.write_text("\n".join(lines) + "\n\n" + signature, encoding="utf-8")
    status, found = report(run)
    assert status == 1
    assert found["first_broken"]["place"] == f"mita/1/{note.stem}"
    assert "does not fit the text" in found["first_broken"]["detail"]


@pytest.mark.parametrize("command", [("ledger", "checkpoint"), ("verify",)])
def test_a_key_that_cannot_be_read_is_one_sentence(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("MITA_CHECKPOINT_KEY", str(data / "missing.key"))
    result = run(*command)
    assert result.exit_code != 0
    assert "the key of checkpoints cannot be read" in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_estate_that_is_not_there_is_used_wrongly(run: Run, data: Path) -> None:
    result = run("ledger", "checkpoint", "--estate", "[/red]")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "there is no estate called '[/red]'" in result.stderr


def test_nothing_is_signed_where_nothing_is(run: Run, data: Path) -> None:
    result = run("ledger", "checkpoint")
    assert result.exit_code == 0
    assert "no estate yet" in result.stdout
