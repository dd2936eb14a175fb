"""`mita ledger export`: one row per entry with every hashed field; Beancount text that bean-check accepts."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mita.ledger.domain.export import COLUMNS

from .conftest import HEADER

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from click.testing import Result

    Run = Callable[..., Result]

FORMAT = ("--format", "readings", "--timezone", "Europe/Madrid", "--credit", "10.00", "--json")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Path:
    """A data directory for the key of checkpoints."""
    monkeypatch.setenv("MITA_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def willow(run: Run, data: Path, rates: Path, tmp_path: Path) -> str:
    """An estate with two water meters A and B: six readings each, five charges of a cubic metre."""
    path = tmp_path / "readings.csv"
    lines = [f"{m},import,2026-03-01T{h:02}:00:00Z,{h},m3" for h in range(6) for m in ("A", "B")]
    path.write_text(HEADER + "\n".join(lines), encoding="utf-8")
    done = run("replay", path, "--rate-table", rates, "--estate", "Willow", *FORMAT)
    assert json.loads(done.stdout)["readings"]["charged"] == 10, done.output
    return "Willow"


def export(run: Run, layout: str, path: Path, *more: str, estate: str = "Willow") -> Result:
    return run("ledger", "export", "--estate", estate, "--format", layout, "--out", path, *more)


def test_a_row_for_every_entry(run: Run, willow: str, tmp_path: Path) -> None:
    out = tmp_path / "willow.csv"
    done = export(run, "csv", out)
    assert done.exit_code == 0, done.output
    # two receipts of two lines, ten charges, income and tax;
    # of each wallet water and general, then clearing, income, tax
    assert done.stdout == f"16 entries on 7 accounts in {out}\n"
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 17
    shown = [dict(zip(COLUMNS, row, strict=True)) for row in rows[1:]]
    # account after account, in the order of the chain
    order = [(int(row["account_id"]), int(row["seq"])) for row in shown]
    assert order == sorted(order)
    first = shown[0]
    assert first["account_name"] == "Wallet of A, water"
    assert (first["journal_kind"], first["entry_kind"], first["source_kind"]) == ("top_up", "top_up", "none")
    assert (first["amount_micro"], first["balance_after_micro"]) == ("10000000", "10000000")
    # 1 m3 at 1.85 with 10 %
    assert {row["amount_micro"] for row in shown if row["entry_kind"] == "charge"} == {"-2035000"}
    assert [row["amount_micro"] for row in shown if row["entry_kind"] == "income"] == ["18500000"]
    assert [row["amount_micro"] for row in shown if row["entry_kind"] == "tax"] == ["1850000"]
    assert [path.name for path in sorted(tmp_path.glob("willow*"))] == ["willow.csv", "willow.csv.checkpoint"]


def test_what_a_spreadsheet_would_run_is_kept_from_it_and_read_back_exactly(
    run: Run, willow: str, tmp_path: Path, admin: psycopg.Connection
) -> None:
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        admin.execute("UPDATE journal SET memo = '=HYPERLINK(\"x\"),\n2' WHERE kind = 2")
        admin.execute("UPDATE journal SET actor = '''quoted', idempotency_key = '' WHERE kind = 2")
        admin.execute(
            "UPDATE journal SET digest ="
            " ledger_journal_digest(kind, actor, currency::text, memo, booked_at, idempotency_key)"
        )
    out = tmp_path / "willow.csv"
    assert export(run, "csv", out).exit_code == 0
    with out.open(encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file))
    assert (row["memo"], row["actor"], row["idempotency_key"]) == ('\'=HYPERLINK("x"),\n2', "''quoted", "")
    # the rows' hashes are of the old texts, so every chain breaks at the receipt, and nothing else is wrong
    broken = json.loads(run("fsck", out, "--json").stdout)["broken"]
    assert {(each["verifier"], each["detail"]) for each in broken} == {
        ("chain", "the hash is not that of its contents")
    }
    assert len(broken) == 4


def test_nothing_is_overwritten_and_nothing_half_written_stays(run: Run, willow: str, tmp_path: Path) -> None:
    out = tmp_path / "willow.csv"
    out.write_text("mine", encoding="utf-8")
    for layout in ("csv", "beancount"):
        refused = export(run, layout, out)
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert "--force replaces it" in refused.stderr
        assert out.read_text(encoding="utf-8") == "mine"
    assert [path.name for path in tmp_path.glob(".*")] == []
    assert export(run, "csv", out, "--force").exit_code == 0
    assert len(out.read_text(encoding="utf-8").splitlines()) == 17
    assert export(run, "csv", out, "--force").exit_code == 0
    assert run("fsck", out).exit_code == 0


def test_used_wrongly(run: Run, willow: str, tmp_path: Path) -> None:
    told = export(run, "csv", tmp_path / "x.csv", estate="[red]Nobody")
    assert (told.exit_code, told.stdout) == (2, "")
    assert "there is no estate called '[red]Nobody'" in told.stderr
    told = export(run, "csv", tmp_path / "nowhere" / "x.csv")
    assert (told.exit_code, told.stdout) == (2, "")
    assert "cannot be written: No such file or directory" in told.stderr
    assert export(run, "xml", tmp_path / "x.xml").exit_code == 2
    assert list(tmp_path.glob("x.*")) == []


# ── the outside judge ──

BEAN_CHECK = Path(sys.executable).with_name("bean-check")
BALANCES = """
import sys
from beancount import loader
from beancount.core import realization
entries, errors, _ = loader.load_file(sys.argv[1])
for node in realization.iter_children(realization.realize(entries)):
    if not node.balance.is_empty():
        print(node.account, node.balance.reduce(lambda p: p.units).to_string(parens=False), sep="|")
"""


def bean_check(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BEAN_CHECK, "--no-cache", path], capture_output=True, encoding="utf-8", timeout=120, check=False
    )


def test_bean_check_accepts_the_books_and_has_our_balances(
    run: Run, willow: str, tmp_path: Path, admin: psycopg.Connection
) -> None:
    out = tmp_path / "willow.beancount"
    done = export(run, "beancount", out)
    assert done.exit_code == 0, done.output
    judged = bean_check(out)
    assert (judged.returncode, judged.stderr) == (0, "")
    counted = subprocess.run(
        [sys.executable, "-c", BALANCES, out], capture_output=True, encoding="utf-8", timeout=120, check=True
    )
    found = dict(line.split("|") for line in counted.stdout.splitlines())
    # 10.00 less five charges of 2.035; Beancount writes what is owed with a minus
    assert {name: Decimal(amount.split()[0]) for name, amount in found.items()} == {
        "Liabilities:Wallets:A:Water": Decimal("0.175"),
        "Liabilities:Wallets:B:Water": Decimal("0.175"),
        "Assets:Clearing:Eft": Decimal(20),
        "Income:Charges:Water": Decimal("-18.5"),
        "Liabilities:Tax": Decimal("-1.85"),
    }
    assert {amount.split()[1] for amount in found.values()} == {"EUR"}
    ours = admin.execute("SELECT -posted_micro FROM account WHERE head_seq > 0 ORDER BY 1").fetchall()
    theirs = sorted(Decimal(amount.split()[0]) * 10**6 for amount in found.values())
    assert [row[0] for row in ours] == theirs


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        # an amount in a transaction; an assertion, by one micro; an account that nobody opened
        ("  Liabilities:Tax  -1.850000", "  Liabilities:Tax  -1.850001", "Transaction does not balance"),
        ("balance Liabilities:Tax  -1.850000", "balance Liabilities:Tax  -1.850001", "Balance failed"),
        ("open Liabilities:Tax", "open Liabilities:Levy", "Invalid reference to unknown account"),
    ],
)
def test_bean_check_refuses_one_wrong_amount(
    run: Run, willow: str, tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    out = tmp_path / "willow.beancount"
    assert export(run, "beancount", out).exit_code == 0
    text = out.read_text(encoding="utf-8")
    assert text.count(old) == 1, text
    out.write_text(text.replace(old, new), encoding="utf-8")
    judged = bean_check(out)
    assert judged.returncode == 1
    assert complaint in judged.stderr
