"""`mita rate-table check` and `schema`: what they print, and how they end on rubbish."""

from __future__ import annotations

import json

import pytest
import yaml
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from mita.entrypoints.cli.main import app
from tests.unit.tariffs.documents import EVERYTHING, GAS, STANDING, TIMED
from tests.unit.tariffs.test_document_forms import REFERENCE

BAD_INPUT = 2


def mita(*arguments, stdin=b""):
    return CliRunner().invoke(app, ["rate-table", *arguments], input=stdin, env={"COLUMNS": "200"})


@pytest.fixture
def written(tmp_path):
    def write(content, name="rates.yaml"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def words(text):
    return [line.split() for line in text.splitlines()]


def test_the_summary_says_everything(written):
    done = mita("check", written(REFERENCE))
    assert (done.exit_code, done.stderr) == (0, "")
    head, _, charges = done.stdout.partition("\n\n")
    assert head.splitlines() == [
        "Homeflex 1 (2025/26)",
        "electricity in ZAR, from 2025-04-01",
        "billing period: each month from day 1",
        "tax: VAT 15 %, on top of the prices",
        "source: ..., ..., retrieved 2025-05-01",
        "public holidays of ZA: all as sunday",
        "exceptions: 2025-12-26 as saturday",
        "season high: 06-01 to 08-31",
        "season low: 09-01 to 05-31",
        "clock high weekday: OOOOOOPPSSSSSSSSSPPPSSOO",
        "clock high saturday: OOOOOOOSSSSSOOOOOSSOOOOO",
        "clock high sunday: OOOOOOOOOOOOOOOOOSSOOOOO",
        "clock low weekday: OOOOOOSPPSSSSSSSSSPPPSOO",
        "clock low saturday: OOOOOOOSSSSSOOOOOOSSOOOO",
        "clock low sunday: OOOOOOOOOOOOOOOOOSSOOOOO",
    ]
    assert words(charges.rstrip()) == [
        ["charge", "kind", "season", "letter", "block", "price"],
        ["Energy", "usage,", "import", "high", "O", "1.5926", "per", "kWh"],
        ["high", "P", "7.0697", "per", "kWh"],
        ["high", "S", "2.1631", "per", "kWh"],
        ["low", "O", "1.5926", "per", "kWh"],
        ["low", "P", "3.2928", "per", "kWh"],
        ["low", "S", "2.049", "per", "kWh"],
        ["Network", "capacity", "fixed", "3.24", "per", "day"],
        ["Maximum", "demand", "demand,", "30", "minutes", "high", "P,", "S", "212.50", "per", "kVA"],
        ["Minimum", "bill", "minimum", "50.00", "per", "month"],
    ]


def test_other_forms_in_words(written):
    done = mita("check", written(yaml.safe_dump(EVERYTHING)))
    for line in (
        "public holidays of GB-ENG: Christmas Day as sunday, Good Friday as saturday, the others as sunday",
        "Levy usage, import, volume, each letter by itself first 50 kWh free",
        "high to 6 kWh 10.00 per kWh",
        "high above 6 to 15 kWh 25.00 per kWh",
        "high above 15 kWh 40.00 per kWh",
        "Feed-in usage, export 0.80 per kWh",
        "Network capacity fixed, not while supply is off 3.24 per day",
        "Maximum demand demand, 30 minutes high P, S 212.50 per kVA",
        "low P 99.00 per kVA",
        "Power demand, 15 minutes, feeder 212.50 per kW",
    ):
        assert line in [" ".join(each) for each in words(done.stdout)], line
    done = mita("check", written(json.dumps(GAS)))
    for line in (
        "tax: VAT 5 %, in the prices",
        "conversion: 1 m3 is 11.220633 kWh (volume correction 1.02264, calorific value 39.5 MJ)",
        "Gas usage, import 0.063 per kWh",
    ):
        assert line in [" ".join(each) for each in words(done.stdout)], line
    assert "tax: none" in mita("check", written(yaml.safe_dump(STANDING))).stdout


def test_problems_are_told_by_file_and_line(written):
    path = written(REFERENCE.replace("unit: kVA", "unit: kVa").replace("name: Homeflex 1 (2025/26)\n", ""))
    done = mita("check", path)
    assert (done.exit_code, done.stdout) == (BAD_INPUT, "")
    assert done.stderr.splitlines() == [
        f'{path}:1: "name" is missing; add it here',
        f'{path}:32: charges[2].unit: "kVa" is not accepted here; did you mean "kVA"?',
    ]


@pytest.mark.parametrize(
    ("price", "mend"),
    [
        ("3,24", "write a decimal point"),
        ("-3.24", "usage on the register export"),
        ("R3.24", "without a unit"),
        ("1e3", "or an exponent"),
        ("99999999999", "1,000,000 at most"),
    ],
)
def test_a_price_that_is_none_is_mended(written, price, mend):
    text = (
        "rate_table: 1\nname: T\nutility: electricity\ncurrency: ZAR\neffective_from: 2025-07-01\n"
        f'charges:\n  - name: Energy\n    kind: usage\n    price: "{price}"\n'
    )
    done = mita("check", written(text.encode()))
    assert done.exit_code == BAD_INPUT
    assert "rates.yaml:9: charges[0].price: " in done.stderr
    assert mend in done.stderr


def test_one_json_object(written):
    path = written(yaml.safe_dump(TIMED))
    done = mita("check", path, "--json")
    assert (done.exit_code, done.stdout.count("\n")) == (0, 1)
    report = json.loads(done.stdout)
    assert (report["valid"], report["file"], report["problems"]) == (True, path, [])
    assert report["documents"] == [{**TIMED, "period": "month"}]
    done = mita("check", written("name: x"), "--json")
    assert (done.exit_code, done.stderr) == (BAD_INPUT, "")
    report = json.loads(done.stdout)
    assert (report["valid"], report["documents"]) == (False, [])
    assert {(each["path"], each["line"], each["code"]) for each in report["problems"]} == {
        ("", 1, "missing_key")
    }


def test_standard_input():
    assert mita("check", "-", stdin=REFERENCE.encode()).exit_code == 0
    done = mita("check", "-", stdin=b"")
    assert (done.exit_code, done.stderr) == (
        BAD_INPUT,
        "standard input: there is no rate table in it\n",
    )


RUBBISH = [
    (b"\x89PNG\r\n\x1a\n\x00\x00", "byte 1 is no UTF-8"),
    (b"\x00" * 100, ":1: line 1 is neither YAML nor JSON"),
    (REFERENCE.encode("utf-16"), "byte 1 is no UTF-8"),
    (b"x" * (300 * 1024), "longer than 256 KiB"),
    (b"x" * (9 * 1024 * 1024), "longer than 8 MiB"),
    (b"", "there is no rate table"),
    (b"\n\n# nothing\n", "there is no rate table"),
    (b"[" * 10_000, "nested deeper"),
    (b"- a\n- b", "expected a mapping"),
]


@pytest.mark.parametrize(("content", "said"), RUBBISH, ids=[case[1] for case in RUBBISH])
def test_rubbish_ends_in_one_sentence(written, content, said):
    done = mita("check", written(content))
    assert (done.exit_code, done.stdout) == (BAD_INPUT, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert isinstance(done.exception, SystemExit)


def test_files_that_cannot_be_read(tmp_path, written):
    assert "Is a directory" in mita("check", str(tmp_path)).stderr
    done = mita("check", str(tmp_path / "gone.yaml"))
    assert (done.exit_code, done.stderr) == (
        BAD_INPUT,
        f"{tmp_path}/gone.yaml: the file cannot be read: No such file or directory\n",
    )
    assert mita("check", "/dev/zero").exit_code == BAD_INPUT
    assert mita("check").exit_code == BAD_INPUT
    report = json.loads(mita("check", str(tmp_path), "--json").stdout)
    assert [(each["path"], each["line"], each["code"]) for each in report["problems"]] == [
        ("", None, "unreadable")
    ]
    # what editors put in front of a text is no part of it
    assert mita("check", written(b"\xef\xbb\xbf" + REFERENCE.encode())).exit_code == 0


def test_versions_of_a_price_in_one_file(written):
    later = {**TIMED, "name": "Later", "effective_from": "2025-01-01"}
    done = mita("check", written(yaml.safe_dump_all([later, TIMED])))
    assert done.exit_code == 0
    assert done.stdout.index("Test\n") < done.stdout.index("Later\n")
    text = yaml.safe_dump_all([later, {**TIMED, "utility": "steam"}], sort_keys=False)
    path = written(text)
    assert mita("check", path).stderr.startswith(
        f"{path}:{text.splitlines().index('utility: steam') + 1}: utility:"
    )


def test_the_schema_is_printed():
    done = mita("schema")
    assert done.exit_code == 0
    Draft202012Validator(json.loads(done.stdout)).validate(EVERYTHING)
