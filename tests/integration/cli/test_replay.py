"""What `mita replay` promises: its JSON, one class for each reading, nothing twice, clear refusals."""

from __future__ import annotations

import json
import shutil
import struct
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.cli.command import mita
from tests.integration.cli.conftest import HEADER, WATER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg
    from click.testing import Result

    Run = Callable[..., Result]

DAY = "2017-03-20T"
# one of every class; 14:00 is four litres too many for five m³ in the hour and a quarter on top
STORY = f"""\
A,import,{DAY}10:00:00Z,0,m3
A,import,{DAY}11:00:00Z,1500,L
A,import,{DAY}12:00:00Z,1.5,m3
A,import,{DAY}12:00:00Z,1.500,kL
A,import,{DAY}12:00:00Z,9,m3
A,import,{DAY}13:00:00Z,1,m3
A,import,{DAY}14:00:00Z,12.004,m3
A,import,{DAY}15:00:00Z,2.5,m3
A,import,{DAY}13:30:00Z,2,m3
A,import,{DAY}16:00:00Z,NaN,m3
B,import,{DAY}10:00:00Z,7,m3
"""
CLASSES = {
    "total": 11,
    "first": 2,
    "charged": 2,
    "unchanged": 1,
    "late": 1,
    "duplicate": 1,
    "conflict": 1,
    "backwards": 1,
    "held": 1,
    "rejected": 1,
}
# 2.5 m³ at 1.85 and a tenth of it; three for each wallet before
CHARGES = {"net": "4.625000", "tax": "0.462500", "gross": "5.087500", "currency": "EUR"}
WALLETS = {"count": 2, "balance": "0.912500", "below_cutoff": 1}
# two receipts of two lines; three charges, income, tax
ENTRIES = 9
KEYS = {
    "readings": CLASSES.keys(),
    "meters": int,
    "quantity": {"water"},
    "charges": CHARGES.keys(),
    "wallets": WALLETS.keys(),
    "supply_commands": int,
    "ledger": {"entries", "verified"},
    "seconds": float,
    "readings_per_second": int,
    "peak_rss_mb": int,
}
FORMAT = ("--format", "readings", "--timezone", "Europe/Madrid")
STORY_OPTIONS = (*FORMAT, "--credit", "3.00", "--max-rate", "5", "--burst", "0.25", "--json")


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "story.csv"
    path.write_text(HEADER + STORY, encoding="utf-8")
    return path


def rejections(admin: psycopg.Connection) -> list[tuple[str, int]]:
    """(code, line) of all that was rejected."""
    rows = admin.execute("SELECT code, detail FROM rejected_reading ORDER BY rejected_reading_id").fetchall()
    return [(code, int(detail.split(":")[0].removeprefix("line "))) for code, detail in rows]


def check_shape(report: dict[str, Any]) -> None:
    assert list(report) == list(KEYS)
    for name, expected in KEYS.items():
        if isinstance(expected, type):
            assert isinstance(report[name], expected), name
        else:
            assert set(report[name]) == set(expected), name
    counts = dict(report["readings"])
    assert counts.pop("total") == sum(counts.values())


def test_the_report_of_one_reading_of_every_class(run: Run, story: Path, rates: Path) -> None:
    result = run("replay", story, "--rate-table", rates, *STORY_OPTIONS)
    assert result.exit_code == 0, result.stderr
    # one object on one line, and nothing else
    assert result.stdout.count("\n") == 1
    report = json.loads(result.stdout)
    check_shape(report)
    assert report["readings"] == CLASSES
    assert report["meters"] == 2
    assert report["quantity"] == {"water": "2.500000"}
    assert report["charges"] == CHARGES
    assert report["wallets"] == WALLETS
    assert report["ledger"] == {"entries": ENTRIES, "verified": True}


def test_a_repetition_charges_and_credits_nothing_twice(run: Run, story: Path, rates: Path) -> None:
    run("replay", story, "--rate-table", rates, *STORY_OPTIONS)
    again = json.loads(run("replay", story, "--rate-table", rates, *STORY_OPTIONS).stdout)
    check_shape(again)
    assert again["readings"] == dict.fromkeys(CLASSES, 0) | {
        "total": 11,
        "duplicate": 9,
        "conflict": 1,
        "rejected": 1,
    }
    assert again["charges"] == {"net": "0.000000", "tax": "0.000000", "gross": "0.000000", "currency": "EUR"}
    assert again["quantity"] == {"water": "0.000000"}
    assert again["wallets"] == WALLETS
    assert again["ledger"] == {"entries": ENTRIES, "verified": True}
    # the rest of the year comes in a second file: the same meters, no second credit
    story.write_text(HEADER + f"A,import,{DAY}16:00:00Z,3.5,m3\n", encoding="utf-8")
    more = json.loads(run("replay", story, "--rate-table", rates, *STORY_OPTIONS).stdout)
    assert more["readings"]["charged"] == 1
    assert more["wallets"] == {"count": 2, "balance": "-1.122500", "below_cutoff": 1}


def test_estates_are_told_apart_by_name(
    run: Run, story: Path, rates: Path, admin: psycopg.Connection
) -> None:
    for name in ("North", "South"):
        report = json.loads(
            run("replay", story, "--rate-table", rates, "--estate", name, *STORY_OPTIONS).stdout
        )
        assert report["readings"] == CLASSES
    run("replay", story, "--rate-table", rates, *STORY_OPTIONS)
    assert admin.execute("SELECT name FROM estate ORDER BY estate_id").fetchall() == [
        ("North",),
        ("South",),
        ("Replay of story.csv",),
    ]


def test_people_see_a_table(run: Run, rates: Path, tmp_path: Path) -> None:
    # brackets are markup to what prints it
    path = tmp_path / "a[bold]b[.csv"
    path.write_text(HEADER + STORY, encoding="utf-8")
    result = run("replay", path, "--rate-table", rates, *STORY_OPTIONS[:-1], "--estate", "[/red] Oak")
    assert result.exit_code == 0, result.stderr
    assert "[/red] Oak: a[bold]b[.csv" in result.stdout
    assert "5.087500 EUR" in result.stdout


@pytest.fixture
def data() -> Iterator[Path]:
    # a short path: the name of a socket may have about a hundred characters
    path = Path(tempfile.mkdtemp(prefix="mita-cli-", dir="/tmp"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.mark.slow
def test_a_process_with_its_own_data_directory(story: Path, rates: Path, data: Path) -> None:
    settings = {"MITA_DATA": str(data / "data")}
    arguments = ("replay", story, "--rate-table", rates, *STORY_OPTIONS)
    fresh = mita(*arguments, "--fresh", settings=settings)
    assert fresh.returncode == 0, fresh.stderr
    assert json.loads(fresh.stdout)["readings"] == CLASSES
    assert not (data / "data").exists(), "--fresh touches nothing that stays"
    first, again = (mita(*arguments, settings=settings) for _ in range(2))
    assert json.loads(first.stdout)["readings"] == CLASSES
    assert json.loads(again.stdout)["readings"]["duplicate"] == 9
    assert json.loads(first.stdout)["wallets"] == json.loads(again.stdout)["wallets"] == WALLETS
    checked = mita("verify", "--json", settings=settings)
    assert checked.returncode == 0, checked.stderr
    assert json.loads(checked.stdout)["verified"] is True
    assert not (data / "data" / "postgres" / "postmaster.pid").exists(), "no server stays behind"


# line, what is rejected about it
BROKEN = [
    ("A,import,2017-03-26T02:30:00,2,m3", "no_such_local_time"),
    ("A,import,2017-03-26T03:30:00,1e999999,m3", "value_out_of_range"),
    ("A,import,2017-03-26T03:30:00,99999999999999999999999999,m3", "value_out_of_range"),
    ("A,import,2017-03-26T03:30:00," + "9" * 9_000 + ",m3", "value_out_of_range"),
    ("A,import,2017-03-26T03:30:00," + "9" * 200_000 + ",m3", "missing_columns"),
    ("A,import,2017-03-26T03:31:00,NaN,m3", "not_a_number"),
    ("A,import,2017-03-26T03:31:00,-inf,m3", "not_a_number"),
    ("A,import,2017-03-26T03:31:00,\udcc3(,m3", "not_a_number"),
    ("A,import,2017-03-26T03:31:00,,m3", "not_a_number"),
    ("A,import,2017-03-26T03:31:00,-1,m3", "negative_value"),
    ("A,import,2017-03-26T03:31:00,0.0000001,m3", "too_many_decimals"),
    ("A,import,2017-03-26T03:31:00,3,furlong", "unknown_unit"),
    ("A,import,26/03/2017 03:31,3,m3", "bad_time"),
    ("A,import,,3,m3", "bad_time"),
    ("A,import,9999-12-31T23:59:59,3,m3", "time_out_of_range"),
    ("A,import", "missing_columns"),
    (",import,2017-03-26T03:31:00,3,m3", "bad_meter"),
    ("A\x00,import,2017-03-26T03:31:00,3,m3", "bad_meter"),
    ("A\udcff,import,2017-03-26T03:31:00,3,m3", "bad_meter"),
    ("x" * 101 + ",import,2017-03-26T03:31:00,3,m3", "bad_meter"),
    ("A,,2017-03-26T03:31:00,3,m3", "bad_register"),
    ('"A,import,2017-03-26T03:31:00,3,m3', "bad_meter"),
]


def test_every_broken_line_is_rejected_with_its_number_and_none_stops_the_file(
    run: Run, rates: Path, tmp_path: Path, admin: psycopg.Connection
) -> None:
    good = [f'"A","import",{DAY}{hour:02}:00:00Z,{hour},m3' for hour in range(len(BROKEN) + 1)]
    lines = [good[0]]
    for (broken, _), fine in zip(BROKEN, good[1:], strict=True):
        lines += [broken, fine]
    path = tmp_path / "broken.csv"
    path.write_bytes((HEADER + "\r\n".join(lines)).encode("utf-8", "surrogateescape"))
    result = run("replay", path, "--rate-table", rates, *FORMAT, "--json")
    assert result.exit_code == 0, result.stderr
    report = json.loads(result.stdout)
    check_shape(report)
    assert report["readings"]["first"] == 1
    assert report["readings"]["charged"] == len(BROKEN) == 22
    assert report["readings"]["rejected"] == len(BROKEN)
    assert report["quantity"] == {"water": "22.000000"}
    assert report["meters"] == 1
    assert rejections(admin) == [(code, 3 + 2 * place) for place, (_, code) in enumerate(BROKEN)]


# what only the register can know: unit, name, time
UNFIT = [
    (f"A,import,{DAY}12:00:00Z,2,kWh", "wrong_unit"),
    (f"A,IMPORT,{DAY}12:00:00Z,2,m3", "unknown_register"),
    ("A,import,3017-03-26T03:31:00Z,3,m3", "future_time"),
    ("A,import,0001-01-01T00:00:00+14:00,3,m3", "time_out_of_range"),
    ("A,import,1969-12-31T23:59:59,3,m3", "time_out_of_range"),
]


@pytest.mark.parametrize("is_first", [False, True])
def test_a_reading_that_its_register_cannot_take_is_rejected(
    run: Run, rates: Path, tmp_path: Path, admin: psycopg.Connection, *, is_first: bool
) -> None:
    good = [f"A,import,{DAY}10:00:00Z,0,m3", f"A,import,{DAY}11:00:00Z,1,m3"]
    unfit = [line for line, _ in UNFIT]
    path = tmp_path / "unfit.csv"
    path.write_text(HEADER + "\n".join(unfit + good if is_first else good + unfit), encoding="utf-8")
    report = json.loads(run("replay", path, "--rate-table", rates, *FORMAT, "--json").stdout)
    assert report["readings"] == dict.fromkeys(CLASSES, 0) | {
        "total": 7,
        "first": 1,
        "charged": 1,
        "rejected": 5,
    }
    codes = [row[0] for row in admin.execute("SELECT code FROM rejected_reading ORDER BY code").fetchall()]
    assert codes == sorted(code for _, code in UNFIT)


def test_the_daiad_layout_has_its_own_broken_lines(
    run: Run, rates: Path, tmp_path: Path, admin: psycopg.Connection
) -> None:
    lines = [
        "user key;datetime;meter reading;diff",
        "w1;25/03/2017 23:00:00;1000;0",
        "w1;26/03/2017 02:30:00;1100;0",
        "w1;26/03/2017 25:00:00;1100;0",
        "w1;31/02/2017 03:00:00;1100;0",
        "w1;31/12/9999 23:00:00;1100;0",
        "w1;26/03/2017 03:00:00;4e+05x;0",
        "w1;26/03/2017 03:00:00",
        "w1;26/03/2017 03:00:00;4e+03;0",
    ]
    path = tmp_path / "water.csv"
    path.write_text("\n".join(lines), encoding="utf-8-sig")
    options = ("--format", "daiad", "--timezone", "Europe/Madrid", "--json")
    report = json.loads(run("replay", path, "--rate-table", rates, *options).stdout)
    assert report["quantity"] == {"water": "3.000000"}
    assert rejections(admin) == [
        ("no_such_local_time", 3),
        ("bad_time", 4),
        ("bad_time", 5),
        ("time_out_of_range", 6),
        ("not_a_number", 7),
        ("missing_columns", 8),
    ]


def packed(path: Path, members: dict[str, str], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    with zipfile.ZipFile(path, "w", compression=method) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path.read_bytes()


def unreadable_files(folder: Path) -> dict[str, tuple[bytes, str]]:
    """Contents that are no file of readings, and a part of what must be said."""
    one = {"a.csv": HEADER + STORY}
    torn = bytearray(packed(folder / "a.zip", one, method=zipfile.ZIP_STORED))
    torn[torn.index(b"A,import")] = ord("X")
    secret = bytearray(packed(folder / "b.zip", one))
    directory = secret.index(b"PK\x01\x02")
    secret[6] |= 1
    secret[directory + 8] |= 1
    strange = bytearray(packed(folder / "c.zip", one))
    directory = strange.index(b"PK\x01\x02")
    strange[8:10] = strange[directory + 10 : directory + 12] = struct.pack("<H", 99)
    return {
        "empty": (b"", "missing: meter"),
        "no header": (STORY.encode(), "missing: meter"),
        "another header": (b"meter,register,taken_at,value\n", "missing: unit"),
        "no text": (bytes(range(256)) * 20, "missing: meter"),
        "two bytes": ("\n" + HEADER + STORY).encode("utf-16"),
        "torn zip": (bytes(torn), "Bad CRC-32"),
        "half a zip": (bytes(torn[:200]), "missing: meter"),
        "secret zip": (bytes(secret), "encrypted"),
        "strange zip": (bytes(strange), "not supported"),
        "two in a zip": (packed(folder / "d.zip", {"a.csv": "", "b.csv": ""}), "this one holds 2"),
        "none in a zip": (packed(folder / "e.zip", {"a.txt": ""}), "this one holds 0"),
    } | {"two bytes": (("\n" + HEADER + STORY).encode("utf-16"), "missing: meter")}


def test_a_file_that_is_no_file_of_readings_is_refused_and_leaves_nothing(
    run: Run, rates: Path, tmp_path: Path, admin: psycopg.Connection
) -> None:
    for name, (contents, said) in unreadable_files(tmp_path).items():
        path = tmp_path / f"{name}[/b].bin".replace("/", "")
        path.write_bytes(contents)
        result = run("replay", path, "--rate-table", rates, *FORMAT, "--json")
        assert (name, result.exit_code, result.stdout) == (name, 2, "")
        assert said in result.stderr, name
        assert path.name in result.stderr, name
    assert admin.execute("SELECT count(*) FROM estate").fetchone() == (0,)


NO_RATE_TABLES = [
    ("", "the text is empty"),
    ("rate_table: [", "line"),
    (WATER.replace("kind: usage", "kind: usury"), "is no kind of charge"),
    (WATER.replace('price: "1.85"', "price: 1.85"), "price"),
    (WATER.replace("utility", "utlity"), "utility"),
    ("\udcff\udcfe", "invalid start byte"),
]


def test_a_rate_table_that_is_none_is_refused_and_leaves_nothing(
    run: Run, story: Path, rates: Path, admin: psycopg.Connection
) -> None:
    for document, said in NO_RATE_TABLES:
        rates.write_bytes(document.encode("utf-8", "surrogateescape"))
        result = run("replay", story, "--rate-table", rates, *STORY_OPTIONS)
        assert (result.exit_code, result.stdout) == (2, "")
        assert said in result.stderr
        assert "rates.yaml: " in result.stderr
    assert admin.execute("SELECT count(*) FROM estate").fetchone() == (0,)


NO_OPTIONS = [
    ("--timezone", "Mars/Base", "'Mars/Base' is not a time zone"),
    ("--timezone", "../../etc/passwd", "is not a time zone"),
    ("--format", "xml", "'daiad'"),
    ("--credit", "-5", "must not be negative"),
    ("--credit", "ten", "--credit: 'ten' is not a decimal number"),
    ("--credit", "2000000000", "refused (invalid)"),
    ("--max-rate", "0", "--max-rate must be above zero"),
    ("--max-rate", "0.0000001", "more than six decimals"),
    ("--burst", "-1", "must not be negative"),
    ("--estate", "", "1 to 200 printable characters"),
    ("--estate", "x" * 201, "1 to 200 printable characters"),
    ("--rate-table", "nowhere.yaml", "does not exist"),
    ("--rate-table", ".", "is a directory"),
]


def test_an_option_that_makes_no_sense_is_refused(run: Run, story: Path, rates: Path) -> None:
    for option, value, said in NO_OPTIONS:
        result = run("replay", story, "--rate-table", rates, *STORY_OPTIONS, option, value)
        assert (option, value, result.exit_code, result.stdout) == (option, value, 2, "")
        assert said in result.stderr


def test_an_estate_keeps_its_zone_its_currency_and_the_prices_of_its_past(
    run: Run, story: Path, rates: Path
) -> None:
    run("replay", story, "--rate-table", rates, *STORY_OPTIONS)
    elsewhere = run("replay", story, "--rate-table", rates, *STORY_OPTIONS, "--timezone", "Europe/Lisbon")
    assert elsewhere.exit_code == 2
    assert "is in Europe/Madrid, not in Europe/Lisbon" in elsewhere.stderr
    for old, new, code in (
        ("EUR", "ZAR", "invalid"),
        ("1.85", "1.86", "rate_table_already_in_force"),
    ):
        rates.write_text(WATER.replace(old, new), encoding="utf-8")
        refused = run("replay", story, "--rate-table", rates, *STORY_OPTIONS)
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert f"refused ({code})" in refused.stderr
    for later in ("2017-03-20", "2017-04-01"):
        rates.write_text(WATER.replace("2016-01-01", later), encoding="utf-8")
        assert run("replay", story, "--rate-table", rates, *STORY_OPTIONS).exit_code == 0
