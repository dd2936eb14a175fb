"""`mita rate-table export`: written for others, and what they cannot be told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from mita.entrypoints.cli.main import app
from mita.tariffs.domain import parse_document

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

TABLE = """\
rate_table: 1
name: R1
utility: electricity
currency: USD
effective_from: 2025-01-01
charges:
  - {name: Energy, kind: usage, blocks: [{up_to: "100", price: "0.10"}, {price: "0.123456"}]}
  - {name: Service, kind: fixed, per: month, price: "12.00"}
"""
TAXED = TABLE.replace("charges:", 'tax: {name: VAT, percent: "15", prices: exclusive}\ncharges:')


def run(command: str, *arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["rate-table", command, *map(str, arguments)])


@pytest.fixture
def rates(tmp_path: Path) -> Path:
    path = tmp_path / "rates.yaml"
    path.write_text(TABLE, "utf-8")
    return path


def test_what_is_exported_is_imported_again(rates: Path, tmp_path: Path) -> None:
    out, back = tmp_path / "rate.json", tmp_path / "back.yaml"
    done = run("export", rates, "--format", "urdb", "--out", out, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"written": str(out), "reason": None, "problems": [], "left_out": []}
    rate = json.loads(out.read_text("utf-8"))
    assert rate["energyratestructure"] == [
        [{"rate": 0.1, "unit": "kWh", "max": 100}, {"rate": 0.123456, "unit": "kWh"}]
    ]
    assert (rate["fixedchargefirstmeter"], rate["fixedchargeunits"]) == (12, "$/month")
    assert run("import", out, "--format", "urdb", "--out", back).exit_code == 0
    table = parse_document(back.read_text("utf-8"))
    assert [block.price_micro for block in table.usage[0].rules[0].blocks] == [100_000, 123_456]
    assert table.effective_from.isoformat() == "2025-01-01"


def test_what_urdb_cannot_say_is_told_before_anything_is_written(rates: Path, tmp_path: Path) -> None:
    rates.write_text(TAXED, "utf-8")
    out = tmp_path / "rate.json"
    refused = run("export", rates, "--format", "urdb", "--out", out)
    assert (refused.exit_code, out.exists()) == (1, False)
    assert f"{rates}: tax: left out: URDB knows no tax" in refused.stderr
    assert "nothing was written: URDB cannot say all of it (--leave-out" in refused.stderr
    assert run("export", rates, "--format", "urdb", "--out", out, "--leave-out").exit_code == 0
    assert json.loads(out.read_text("utf-8"))["name"] == "R1"


def test_versions_are_items(rates: Path, tmp_path: Path) -> None:
    later = TABLE.replace("2025-01-01", "2026-01-01").replace("R1", "R2")
    rates.write_text(f"{TABLE}---\n{later}", "utf-8")
    out = tmp_path / "rate.json"
    assert run("export", rates, "--format", "urdb", "--out", out).exit_code == 0
    assert [each["name"] for each in json.loads(out.read_text("utf-8"))["items"]] == ["R1", "R2"]


def test_what_cannot_be_done_is_said_plainly(rates: Path, tmp_path: Path) -> None:
    out = tmp_path / "rate.json"
    given = ("--format", "urdb", "--out", out)
    rates.write_text(TABLE.replace("utility: electricity", "utility: water"), "utf-8")
    refused = run("export", rates, *given)
    assert (refused.exit_code, out.exists()) == (1, False)
    assert "nothing was written: R1 of 2025-01-01: URDB knows electricity only" in refused.stderr
    rates.write_text(TABLE.replace("currency", "curency"), "utf-8")
    broken = run("export", rates, *given)
    assert broken.exit_code == 2
    assert f"{rates}:4: curency: " in broken.stderr
    rates.write_text(TABLE, "utf-8")
    out.write_text("mine", "utf-8")
    there = run("export", rates, *given)
    assert (there.exit_code, out.read_text("utf-8")) == (2, "mine")
    assert "--force replaces it" in there.stderr
    assert run("export", rates, *given, "--force").exit_code == 0
    nowhere = run("export", rates, "--format", "urdb", "--out", tmp_path / "none" / "rate.json")
    assert (nowhere.exit_code, nowhere.exception.__class__) == (2, SystemExit)
