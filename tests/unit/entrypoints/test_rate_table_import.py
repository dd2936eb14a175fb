from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from mita.entrypoints.cli.main import app
from mita.tariffs.domain import parse_document

HEADER = "name,kind,price,unit,prices"
HEAD = ["--name", "Prices", "--utility", "electricity", "--currency", "ZAR", "--effective-from", "2025-07-01"]


def run(*arguments, text=None):
    return CliRunner().invoke(app, ["rate-table", "import", *map(str, arguments)], input=text)


@pytest.fixture
def prices(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text(f"{HEADER}\nEnergy,usage,226.53,c/kWh,net\nService,fixed,3.27,per day,net\n", "utf-8")
    return path


def test_a_csv_becomes_a_rate_table(prices, tmp_path):
    out = tmp_path / "rates.yaml"
    result = run(prices, "--format", "csv", *HEAD, "--tax", "VAT=15", "--out", out)
    assert result.exit_code == 0, result.output
    table = parse_document(out.read_text("utf-8"))
    assert (table.name, table.currency, table.tax.name, table.tax.percent_micro) == (
        "Prices",
        "ZAR",
        "VAT",
        15 * 10**6,
    )
    assert [(each["name"], each["price"]) for each in table.to_document()["charges"]] == [
        ("Energy", "2.2653"),
        ("Service", "3.27"),
    ]


def test_next_years_prices_are_like_this_years(prices, tmp_path):
    this_year = tmp_path / "this.yaml"
    this_year.write_text(
        "{rate_table: 1, name: Homes, utility: electricity, currency: ZAR, effective_from: 2024-07-01, "
        "source: {title: Old book}, billing_day: 15, tax: {name: VAT, percent: '15', prices: inclusive}, "
        "charges: [{name: Old, kind: usage, price: '2.00'}]}",
        "utf-8",
    )
    out = tmp_path / "next.json"
    result = run(
        prices,
        "--format",
        "csv",
        "--like",
        this_year,
        "--effective-from",
        "2025-07-01",
        "--out",
        out,
        "--json",
    )
    assert result.exit_code == 0, result.output
    written = json.loads(out.read_text("utf-8"))
    assert written == json.loads(result.stdout)["document"]
    assert (written["name"], written["billing_day"], written["effective_from"]) == ("Homes", 15, "2025-07-01")
    assert written["tax"] == {"name": "VAT", "percent": "15", "prices": "exclusive"}
    assert "source" not in written
    assert [each["name"] for each in written["charges"]] == ["Energy", "Service"]


def test_a_slip_is_written_only_if_it_is_confirmed(tmp_path):
    out = tmp_path / "rates.yaml"
    given = ["-", "--format", "csv", *HEAD, "--out", out]
    text = f"{HEADER}\nEnergy,usage,226.53,ZAR/kWh,net\n"
    refused = run(*given, text=text)
    assert refused.exit_code == 1
    assert "standard input:2: price: to confirm: 226.53 ZAR per kWh is outside" in refused.stderr
    assert not out.exists()
    assert run(*given, "--confirm", text=text).exit_code == 0
    assert parse_document(out.read_text("utf-8")).usage[0].rules[0].blocks[0].price_micro == 226_530_000


def test_what_is_left_out_is_decided_by_somebody(tmp_path):
    rate = {"startdate": 1577836800, "energyratestructure": [[{"rate": 0.1}]], "annualmincharge": 12}
    out = tmp_path / "rates.yaml"
    given = ["-", "--format", "urdb", "--out", out, "--name", "R1"]
    refused = run(*given, "--json", text=json.dumps(rate))
    assert refused.exit_code == 1
    report = json.loads(refused.stdout)
    assert (report["written"], report["left_out"][0]["path"]) == (None, "annualmincharge")
    assert not out.exists()
    assert run(*given, "--leave-out", text=json.dumps(rate)).exit_code == 0
    assert parse_document(out.read_text("utf-8")).name == "R1"


def test_one_of_several_rates_is_picked(tmp_path):
    rates = [
        {"startdate": 1577836800, "name": name, "energyratestructure": [[{"rate": 0.1}]]}
        for name in ("R1", "R2")
    ]
    out = tmp_path / "rates.yaml"
    given = ["-", "--format", "urdb", "--out", out]
    assert "2 rates that map: pick one, from 1 (--pick)" in run(*given, text=json.dumps(rates)).stderr
    assert run(*given, "--pick", "3", text=json.dumps(rates)).exit_code == 2
    assert run(*given, "--pick", "2", text=json.dumps(rates)).exit_code == 0
    assert parse_document(out.read_text("utf-8")).name == "R2"


def test_a_file_that_is_there_stays(prices, tmp_path):
    out = tmp_path / "rates.yaml"
    out.write_text("mine", "utf-8")
    given = [prices, "--format", "csv", *HEAD, "--out", out]
    refused = run(*given)
    assert (refused.exit_code, out.read_text("utf-8")) == (2, "mine")
    assert "--force replaces it" in refused.stderr
    assert run(*given, "--force").exit_code == 0
    again = run(out, "--format", "document", "--out", out, "--force")
    assert again.exit_code == 0
    assert parse_document(out.read_text("utf-8")).name == "Prices"


@pytest.mark.parametrize(
    ("arguments", "text", "says"),
    [
        (
            ["-", "--format", "csv", *HEAD],
            f"{HEADER}\nEnergy,usage,x,c/kWh,net\n",
            "standard input:2: price: ",
        ),
        (["-", "--format", "csv", *HEAD, "--tax", "15"], HEADER, "not a name and a percentage"),
        (["-", "--format", "csv"], HEADER, "give --name or --like"),
        (["-", "--format", "csv", *HEAD[:6]], HEADER, "give --effective-from"),
        (["-", "--format", "document", "--name", "X"], "", "--name does not go with --format document"),
        (["-", "--format", "urdb", "--effective-from", "soon"], "{}", "is not a date"),
        (["-", "--format", "urdb"], "nonsense", "the text is not JSON"),
        (["-", "--format", "document"], "rate_table: 2", "format 2 is not known"),
        (["-", "--format", "document"], b"\xff\xfe\x00", "byte 1 is no UTF-8"),
        (["nowhere.csv", "--format", "document"], "", "cannot be read"),
        ([".", "--format", "document"], "", "cannot be read"),
    ],
)
def test_what_cannot_be_used_is_said_plainly(arguments, text, says, tmp_path):
    out = tmp_path / "rates.yaml"
    result = run(*arguments, "--out", out, text=text)
    assert (result.exit_code, out.exists()) == (2, False)
    assert says in result.stderr


def test_a_folder_that_is_not_there(prices, tmp_path):
    result = run(prices, "--format", "csv", *HEAD, "--out", tmp_path / "none" / "rates.yaml")
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


def test_a_table_to_be_like_that_is_none_is_named(prices, tmp_path):
    like = tmp_path / "like.yaml"
    like.write_text("rate_table: 1\nname: Like\n", "utf-8")
    result = run(prices, "--format", "csv", "--like", like, *HEAD, "--out", tmp_path / "rates.yaml")
    assert result.exit_code == 2
    assert f"--like: {like}" in result.stderr
    assert "prices.csv" not in result.stderr
