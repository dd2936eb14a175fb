"""`mita fsck`: from the exported files alone, every attack is seen and its place is named."""

from __future__ import annotations

import csv
import hashlib
import json
import struct
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np
import pytest
from typer.testing import CliRunner

from mita.entrypoints.checkpoints import load_key, make_key
from mita.entrypoints.cli.main import app
from mita.ledger.domain import LEAF, CheckpointKind, leaves_root, read_note, sign_checkpoint
from mita.ledger.domain.export import COLUMNS

from .test_export import data, export, willow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]

__all__ = ["data", "willow"]


@pytest.fixture
def exported(run: Run, willow: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An export; from here on there is no database and no setting."""
    path = tmp_path / "willow.csv"
    assert export(run, "csv", path).exit_code == 0
    monkeypatch.delenv("MITA_DATABASE_URL")
    monkeypatch.setenv("MITA_DATA", "/nowhere/mita")
    return path


def fsck(path: Path, *more: str) -> Result:
    result = CliRunner().invoke(app, ["fsck", str(path), *more])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def found(path: Path, *more: str) -> set[tuple[str, str]]:
    """Return (verifier, place) of everything broken."""
    result = fsck(path, "--json", *more)
    assert result.exit_code == 1, result.output
    report = json.loads(result.stdout)
    assert report["verified"] is False
    assert report["first_broken"] == report["broken"][0]
    told = fsck(path, *more)
    assert told.exit_code == 1
    assert "BROKEN" in told.stdout
    return {(each["verifier"], each["place"]) for each in report["broken"]}


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def place(row: dict[str, str]) -> str:
    return f"account {row['account_id']} entry {row['seq']}"


def test_a_good_export(exported: Path) -> None:
    result = fsck(exported, "--json")
    assert result.exit_code == 0, result.output
    key = json.loads(exported.with_name("willow.csv.checkpoint").read_text(encoding="utf-8"))["verifier_key"]
    assert json.loads(result.stdout) == {
        "verified": True,
        "estate_id": 1,
        "accounts": 7,
        "entries": 16,
        "key": key,
        "key_given": False,
        "first_broken": None,
        "broken": [],
    }
    told = fsck(exported)
    assert "16 entries on 7 accounts: verified" in told.stdout
    assert "compare it with the one you were given" in " ".join(told.stdout.split())
    assert "compare" not in fsck(exported, "--key", key).stdout


def test_an_edited_amount(exported: Path) -> None:
    rows = read(exported)
    row = rows[2]
    row["amount_micro"] = "-2035001"
    write(exported, rows)
    assert found(exported) == {("chain", place(row)), ("identities", f"journal {row['journal_id']}")}


def test_an_amount_edited_on_both_sides(exported: Path) -> None:
    rows = read(exported)
    row = rows[2]
    other = next(each for each in rows if each["entry_kind"] == "income")
    row["amount_micro"] = str(int(row["amount_micro"]) + 1)
    other["amount_micro"] = str(int(other["amount_micro"]) - 1)
    write(exported, rows)
    assert found(exported) == {("chain", place(row)), ("chain", place(other))}


def test_a_deleted_row(exported: Path) -> None:
    rows = read(exported)
    row, following = rows.pop(3), rows[3]
    assert row["account_id"] == following["account_id"]
    write(exported, rows)
    assert found(exported) == {("chain", place(following)), ("identities", f"journal {row['journal_id']}")}


def test_swapped_rows(exported: Path) -> None:
    rows = read(exported)
    rows[2], rows[3] = rows[3], rows[2]
    write(exported, rows)
    broken = found(exported)
    assert {verifier for verifier, _ in broken} == {"chain"}
    assert ("chain", place(rows[2])) in broken


def test_swapped_accounts_and_an_account_twice(exported: Path) -> None:
    rows = read(exported)
    numbers = sorted({row["account_id"] for row in rows}, key=int)
    of = [[row for row in rows if row["account_id"] == number] for number in numbers]
    write(exported, [row for group in (of[1], of[0], *of[2:]) for row in group])
    assert found(exported) == {("identities", f"account {numbers[0]}")}
    # every journal still sums to zero, every chain is whole
    write(exported, rows + rows)
    assert ("identities", f"account {numbers[0]}") in found(exported)


def test_an_edited_memo(exported: Path) -> None:
    rows = read(exported)
    row = rows[0]
    assert row["journal_kind"] == "top_up"
    row["memo"] = "cash: somebody else"
    write(exported, rows)
    # the other row of the journal still says what was said
    assert found(exported) == {("chain", place(row)), ("identities", f"journal {row['journal_id']}")}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("period", "2026-02-01"),
        ("line", "7"),
        ("journal_kind", "transfer"),
        ("actor", "staff:nobody"),
        ("idempotency_key", "another"),
        ("booked_at_us", "1"),
        ("entry_kind", "income"),
        ("quantity_micro", "999999"),
        ("event_at_us", "1772323200000001"),
        ("source_kind", "none"),
        ("source_id", "99"),
        ("hash", "00" * 32),
        ("currency", "USD"),
        ("hash_v", "2"),
        ("journal_id", "01930000-0000-7000-8000-000000000001"),
        ("estate_id", "2"),
    ],
)
def test_every_hashed_field_breaks_the_chain(exported: Path, column: str, value: str) -> None:
    rows = read(exported)
    row = rows[2]
    assert row[column] != value
    row[column] = value
    write(exported, rows)
    assert ("chain", place(row)) in found(exported)


@pytest.mark.parametrize("cut", [1, 30, 100])
def test_a_file_cut_off(exported: Path, cut: int) -> None:
    cut_off = read(exported)[9]
    lines = exported.read_bytes().splitlines(keepends=True)
    exported.write_bytes(b"".join(lines[:10]) + lines[10][:cut])
    assert ("chain", "line 11") in found(exported)
    exported.write_bytes(b"".join(lines[:10]))
    # whole rows: what is missing shows in sums and against the checkpoint
    broken = found(exported)
    assert {verifier for verifier, _ in broken} == {"identities", "checkpoints"}
    assert ("checkpoints", f"account {cut_off['account_id']}") in broken


def rehashed(rows: list[dict[str, str]]) -> None:
    """Make every chain and every balance consistent again, as somebody with the specification would."""
    kinds = {"charge": 1, "top_up": 2}
    entry_kinds = {"charge": 1, "income": 3, "tax": 4, "top_up": 5, "clearing": 6}
    last: dict[str, tuple[bytes, int]] = {}
    for row in rows:
        number = row["account_id"]
        genesis = hashlib.sha256(struct.pack(">qq", int(row["estate_id"]), int(number))).digest()
        before, balance = last.get(number, (genesis, 0))
        balance += int(row["amount_micro"])
        digest = hashlib.sha256(
            struct.pack(">h", kinds[row["journal_kind"]])
            + hashlib.sha256(row["actor"].encode()).digest()
            + hashlib.sha256(row["currency"].encode()).digest()
            + hashlib.sha256(row["memo"].encode()).digest()
            + struct.pack(">q", int(row["booked_at_us"]))
            + hashlib.sha256(row["idempotency_key"].encode()).digest()
        ).digest()
        days = (date.fromisoformat(row["period"]) - date(1970, 1, 1)).days
        payload = struct.pack(
            ">hqqqi16siqqqhhqq32s",
            int(row["hash_v"]),
            int(row["estate_id"]),
            int(number),
            int(row["seq"]),
            days,
            UUID(row["journal_id"]).bytes,
            int(row["line"]),
            int(row["amount_micro"]),
            balance,
            int(row["event_at_us"]),
            entry_kinds[row["entry_kind"]],
            {"none": 0, "register": 1}[row["source_kind"]],
            int(row["source_id"]),
            int(row["quantity_micro"]),
            digest,
        )
        link = hashlib.sha256(before + payload).digest()
        row["balance_after_micro"], row["hash"] = str(balance), link.hex()
        last[number] = link, balance


def test_a_rewritten_history(exported: Path) -> None:
    """Amounts, balances and all hashes consistent: only what was signed still knows."""
    rows = read(exported)
    untouched = [dict(row) for row in rows]
    rehashed(rows)
    assert rows == untouched, "the forger's own rules are those of the ledger"
    charge = rows[2]
    income = next(each for each in rows if each["entry_kind"] == "income")
    charge["amount_micro"] = str(int(charge["amount_micro"]) + 500_000)
    income["amount_micro"] = str(int(income["amount_micro"]) - 500_000)
    rehashed(rows)
    write(exported, rows)
    touched = {f"account {charge['account_id']}", f"account {income['account_id']}"}
    assert found(exported) == {("checkpoints", each) for each in touched}
    # and the leaves beside it, to match
    beside = exported.with_name("willow.csv.checkpoint")
    document = json.loads(beside.read_text(encoding="utf-8"))
    heads = {row["account_id"]: row for row in rows}
    for leaf in document["leaves"]:
        head = heads.get(str(leaf["account_id"]))
        if head is None:
            continue  # an account that nothing was ever booked on
        leaf["posted_micro"], leaf["head_hash"] = int(head["balance_after_micro"]), head["hash"]
    beside.write_text(json.dumps(document), encoding="utf-8")
    assert found(exported) == {("checkpoints", "checkpoint")}
    told = fsck(exported).stdout
    assert "the root over its leaves is not the root that was signed" in " ".join(told.split())


def test_a_forger_with_a_key_of_his_own(exported: Path, tmp_path: Path) -> None:
    beside = exported.with_name("willow.csv.checkpoint")
    document = json.loads(beside.read_text(encoding="utf-8"))
    true_key = document["verifier_key"]
    make_key(tmp_path / "own.key")
    signer = load_key(tmp_path / "own.key", name="mita")
    leaves = np.zeros(len(document["leaves"]), dtype=LEAF)
    for at, leaf in enumerate(document["leaves"]):
        row = (1, leaf["account_id"], leaf["head_seq"], np.void(bytes.fromhex(leaf["head_hash"])))
        leaves[at] = (*row, leaf["posted_micro"], leaf["held_micro"])
    signed = sign_checkpoint(
        leaves.tobytes(),
        estate_id=1,
        kind=CheckpointKind.MANUAL,
        period=None,
        taken_at=datetime(2026, 3, 1, tzinfo=UTC),
        signer=signer,
    )
    assert read_note(signed.note, keys=[signer.key]).root == leaves_root(leaves.tobytes())
    document |= {"note": signed.note, "verifier_key": str(signer.key)}
    beside.write_text(json.dumps(document), encoding="utf-8")
    # by the key in the file all is well, and that is said; by the key that the reader has, it is not
    assert "compare it" in " ".join(fsck(exported).stdout.split())
    assert found(exported, "--key", true_key) == {("checkpoints", "checkpoint")}


def test_an_edited_note(exported: Path) -> None:
    beside = exported.with_name("willow.csv.checkpoint")
    text = beside.read_text(encoding="utf-8")
    beside.write_text(text.replace("kind manual", "kind daily"), encoding="utf-8")
    assert found(exported) == {("checkpoints", "checkpoint")}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "line 1: this is no ledger that Mita has exported"),
        (b"a,b\n1,2\n", "line 1: this is no ledger that Mita has exported"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"\x00\n", "willow.csv"),
        (None, "No such file"),
    ],
)
def test_nonsense_is_refused(exported: Path, content: bytes | None, complaint: str) -> None:
    if content is None:
        exported.unlink()
    else:
        exported.write_bytes(content)
    result = fsck(exported, "--json")
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    assert complaint in result.stderr


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("amount_micro", "12.5"),
        ("amount_micro", str(2**63)),
        ("seq", ""),
        ("journal_id", "x"),
        ("hash", "zz" * 32),
        ("hash", "00"),
        ("period", "March"),
        ("entry_kind", "bribe"),
        ("event_at_us", "now"),
    ],
)
def test_a_cell_that_cannot_be_is_named_by_line(exported: Path, column: str, value: str) -> None:
    rows = read(exported)
    rows[4][column] = value
    write(exported, rows)
    result = fsck(exported)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"willow.csv line 6: {column} cannot be {value[:60]!r}" in result.stderr


def test_a_row_with_too_many_cells(exported: Path) -> None:
    lines = exported.read_text(encoding="utf-8").splitlines()
    lines[3] += ",more"
    exported.write_text("\n".join(lines) + "\n", encoding="utf-8")
    result = fsck(exported)
    assert result.exit_code == 2
    assert "willow.csv line 4: 24 columns instead of 23" in result.stderr


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "[]",
        "{}",
        '{"format": "mita ledger export 1"}',
        "\x00",
        '{"format": "mita ledger export 1", ',
    ],
)
def test_nonsense_beside_the_export_is_refused(exported: Path, content: str | None) -> None:
    beside = exported.with_name("willow.csv.checkpoint")
    if content is None:
        beside.unlink()
    else:
        beside.write_text(content, encoding="utf-8")
    result = fsck(exported)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "willow.csv.checkpoint: " in result.stderr


def test_a_key_that_is_none(exported: Path) -> None:
    result = fsck(exported, "--key", "mita")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--key" in result.stderr
