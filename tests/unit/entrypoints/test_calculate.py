"""`mita calculate` as it is typed, right and wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from mita.entrypoints.cli.main import app

if TYPE_CHECKING:
    from pathlib import Path

BLOCKS = """\
rate_table: 1
name: City Power 2023/24
utility: electricity
currency: ZAR
effective_from: 2023-07-01
tax: {name: VAT, percent: "15", prices: exclusive}
charges:
  - name: Energy
    kind: usage
    blocks: [{up_to: "350", price: "2.0967"}, {price: "2.4050"}]
"""
FLAT_FROM_2025 = """\
rate_table: 1
name: Flat 2025/26
utility: electricity
currency: ZAR
effective_from: 2025-07-11
tax: {name: VAT, percent: "15", prices: exclusive}
charges:
  - {name: Energy, kind: usage, price: "3.00"}
  - {name: Standing, kind: fixed, per: month, price: "62.00"}
"""
CLOCKS = """\
rate_table: 1
name: Day and night
utility: electricity
currency: GBP
effective_from: 2025-01-01
clocks:
  weekday: NNNNNNNDDDDDDDDDDDDDDDDD
  saturday: NNNNNNNDDDDDDDDDDDDDDDDD
  sunday: NNNNNNNDDDDDDDDDDDDDDDDD
charges:
  - {name: Energy, kind: usage, price: {D: "0.30", N: "0.10"}}
  - {name: Feed-in, kind: usage, register: export, price: "0.05"}
"""
DEMAND = """\
rate_table: 1
name: Demand
utility: electricity
currency: ZAR
effective_from: 2025-01-01
charges:
  - {name: Energy, kind: usage, price: "1.00", allowance: "50"}
  - {name: Standing, kind: fixed, per: day, price: "2.00"}
  - {name: Demand, kind: demand, interval_minutes: 30, unit: kW, price: "10.00"}
  - {name: Minimum, kind: minimum, per: month, price: "500.00"}
"""
ZONE = ("--timezone", "Africa/Johannesburg")


class Command:
    """Runs the command in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, name: str, text: str | bytes) -> str:
        path = self.folder / name
        path.write_bytes(text.encode("utf-8") if isinstance(text, str) else text)
        return str(path)

    def run(self, rates: str | bytes, *options: str, zone: tuple[str, ...] = ZONE) -> Any:
        return CliRunner().invoke(app, ["calculate", self.file("rates.yaml", rates), *zone, *options])

    def answer(self, rates: str, *options: str, zone: tuple[str, ...] = ZONE) -> dict[str, Any]:
        ran = self.run(rates, *options, "--json", zone=zone)
        assert ran.exit_code == 0, ran.output
        assert ran.stderr == ""
        assert ran.stdout.count("\n") == 1
        found: dict[str, Any] = json.loads(ran.stdout)
        return found

    def refusal(self, rates: str | bytes, *options: str, zone: tuple[str, ...] = ZONE) -> str:
        ran = self.run(rates, *options, "--json", zone=zone)
        assert ran.exit_code == 2, ran.output
        assert ran.stdout == ""
        assert "Traceback" not in ran.stderr
        assert ran.stderr.strip()
        return str(ran.stderr)


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path)


def test_a_quantity_in_documents_cents(command: Command) -> None:
    found = command.answer(BLOCKS, "--quantity", "350")
    assert list(found)[:4] == ["net", "tax", "gross", "lines"]
    assert (found["net"], found["tax"], found["gross"]) == ("733.85", "110.08", "843.93")
    assert found["lines"] == [
        {
            "charge": "Energy",
            "season": None,
            "letter": None,
            "block": 1,
            "quantity": "350",
            "price": "2.0967",
            "net": "733.85",
        }
    ]
    assert (found["currency"], found["from"], found["to"]) == ("ZAR", "2023-07-01", "2023-08-01")
    assert found["exact"]["net"] == "733.845000"


def test_lines_of_every_kind(command: Command) -> None:
    # 720 kWh, evenly: 1 kW. 670 at 1, 60 of standing charges, 10 of demand
    found = command.answer(DEMAND, "--quantity", "720", "--from", "2025-06-01", "--to", "2025-07-01")
    lines = [(line["charge"], line["block"], line["quantity"], line["net"]) for line in found["lines"]]
    assert lines == [
        ("Energy", 0, "50", "0.00"),
        ("Energy", 1, "670", "670.00"),
        ("Standing", None, "30", "60.00"),
        ("Demand", None, "1", "10.00"),
    ]
    small = command.answer(DEMAND, "--quantity", "72", "--from", "2025-06-01", "--to", "2025-07-01")
    # 22 + 60 + 1
    assert small["lines"][-1]["charge"] == "Minimum"
    assert (small["lines"][-1]["net"], small["net"]) == ("417.00", "500.00")


def test_kva_are_taken_to_be_kw_where_only_energy_is_known_and_the_answer_says_so(command: Command) -> None:
    in_kva = DEMAND.replace("unit: kW,", "unit: kVA,")
    rows = [
        "from,to,quantity",
        "2025-06-01T10:00+02:00,2025-06-01T10:30+02:00,3",
        "2025-06-01T10:30+02:00,2025-06-01T11:00+02:00,1",
    ]
    found = command.answer(in_kva, "--intervals", command.file("energy.csv", "\n".join(rows)))
    (demand,) = [line for line in found["lines"] if line["charge"] == "Demand"]
    assert (demand["quantity"], demand["net"]) == ("6", "60.00")
    assert "kVA are taken to be kW" in found["assumed"]
    rows[0] += ",register"
    known = [rows[0], *(f"{row},import" for row in rows[1:])]
    known += [f"{row},apparent" for row in (rows[1].replace(",3", ",4"), rows[2])]
    known_kva = command.answer(in_kva, "--intervals", command.file("both.csv", "\n".join(known)))
    (demand,) = [line for line in known_kva["lines"] if line["charge"] == "Demand"]
    assert (demand["quantity"], demand["net"], known_kva["assumed"]) == ("8", "80.00", None)


def test_a_table_of_power_alone(command: Command) -> None:
    power = (
        "{rate_table: 1, name: Power, utility: electricity, currency: ZAR, effective_from: 2025-01-01,"
        " charges: [{name: D, kind: demand, interval_minutes: 30, unit: kVA, price: '212.50'}]}"
    )
    # 720 kWh in the 720 hours of June are 1 kW all the time
    found = command.answer(power, "--quantity", "720", "--from", "2025-06-01", "--to", "2025-07-01")
    assert (found["net"], found["lines"][0]["quantity"]) == ("212.50", "1")
    assert found["assumed"].startswith("kVA are taken to be kW")


def test_versions_are_documents_in_any_order(command: Command) -> None:
    july = ("--quantity", "310", "--from", "2025-07-01", "--to", "2025-08-01")
    both = command.answer(f"{FLAT_FROM_2025}---\n{BLOCKS}", *july)
    assert command.answer(f"%YAML 1.1\n---\n{BLOCKS}", "--quantity", "350")["gross"] == "843.93"
    # 10 of 31 days: 100 of 112.9 kWh; 21 days: 210 kWh and 42
    assert both["lines"] == [
        *command.answer(f"---\n{BLOCKS}--- # next\n{FLAT_FROM_2025}", *july)["lines"],
    ]
    assert both["net"] == "881.67"
    assert [period["effective_from"] for period in both["exact"]["periods"]] == ["2023-07-01", "2025-07-11"]


def test_json_is_a_document_too(command: Command) -> None:
    import yaml

    text = json.dumps(yaml.safe_load(BLOCKS), default=str)
    assert command.answer(text, "--quantity", "350")["gross"] == "843.93"


def test_intervals_of_several_registers_over_a_clock_change(command: Command) -> None:
    # London skips 01:00 to 02:00 on 30 March: without an offset it is local time
    path = command.file(
        "use.csv",
        "From, TO ,quantity,register,note\r\n"
        "2025-03-30T00:00,2025-03-30T02:00,1,import,an hour long\r\n"
        "2025-03-30T06:00:00Z,2025-03-30T08:00:00+01:00,4,,noon\r\n"
        "\r\n"
        '2025-03-30T12:00+01:00,2025-03-30T13:00+01:00,"2.5",export,\r\n',
    )
    found = command.answer(CLOCKS, "--intervals", path, zone=("--timezone", "Europe/London"))
    lines = [(line["charge"], line["letter"], line["quantity"], line["net"]) for line in found["lines"]]
    assert lines == [
        ("Energy", "N", "1", "0.10"),
        ("Energy", "D", "4", "1.20"),
        ("Feed-in", "D", "2.5", "-0.12"),
    ]
    # 1.30 - 0.125 is 1.175: the half cent goes up, and with it the line that was cut most
    assert (found["net"], found["exact"]["net"]) == ("1.18", "1.175000")
    assert (found["from"], found["to"]) == ("2025-03-30", "2025-03-31")


def test_the_hour_that_comes_twice_is_told_by_the_order(command: Command) -> None:
    rows = ["00:00,01:00", "01:00,01:30", "01:30,01:00", "01:00,01:30", "01:30,02:00"]
    text = "from,to,quantity\n" + "".join(
        f"2025-10-26T{row.replace(',', ',2025-10-26T')},1\n" for row in rows
    )
    found = command.answer(
        CLOCKS, "--intervals", command.file("use.csv", text), zone=("--timezone", "Europe/London")
    )
    assert [line["quantity"] for line in found["lines"]] == ["5"]


def test_an_amount(command: Command) -> None:
    found = command.answer(BLOCKS, "--amount", "843.93", "--arrears-percent", "0")
    assert list(found)[:8] == ["units", "tax", "net", "gross", "arrears", "fixed", "remainder", "lines"]
    # 843.93 / 1.15 = 733.852174; 0.007174 is left after 350, at 2.4050
    assert (found["units"], found["gross"], found["net"], found["tax"]) == (
        "350.002983",
        "843.93",
        "733.85",
        "110.08",
    )
    due = command.answer(
        FLAT_FROM_2025,
        "--amount",
        "1000",
        "--arrears-percent",
        "10",
        "--from",
        "2025-08-01",
        "--to",
        "2025-09-01",
    )
    # 900 - 71.30 = 828.70; / 1.15 / 3
    assert (due["units"], due["arrears"], due["fixed"]) == ("240.202898", "100.00", "62.00")
    short = command.answer(FLAT_FROM_2025, "--amount", "23")
    assert (short["units"], short["net"], short["tax"], short["unpaid"]) == ("0", "20.00", "3.00", "48.30")


def test_how_much_for_fifty_units(command: Command) -> None:
    found = command.answer(FLAT_FROM_2025, "--units", "50", "--arrears-percent", "20")
    # (50 * 3 + 62) * 1.15 = 243.80; / 0.8 = 304.75
    assert list(found) == list(command.answer(FLAT_FROM_2025, "--amount", "304.75"))
    assert (found["units"], found["gross"], found["arrears"]) == ("50", "304.75", "60.95")
    assert (found["net"], found["tax"], found["fixed"], found["remainder"]) == (
        "212.00",
        "31.80",
        "62.00",
        "0.00",
    )
    assert [(line["charge"], line["net"]) for line in found["lines"]] == [
        ("Standing", "62.00"),
        ("Energy", "150.00"),
    ]
    # one cent less buys less
    assert command.answer(FLAT_FROM_2025, "--amount", "304.74", "--arrears-percent", "20")["units"] < "50"


def test_each_part_of_a_purchase_is_rounded_half_up_where_the_parts_add_up(command: Command) -> None:
    naira = FLAT_FROM_2025.replace('"15"', '"7.5"').replace('"3.00"', '"209.50"').replace('"62.00"', '"0"')
    found = command.answer(naira, "--units", "50", "--arrears-percent", "20")
    # 10,475 and 785.625 of tax; / 0.8 = 14,075.78125, upward
    assert [found[name] for name in ("net", "tax", "arrears", "remainder", "gross")] == [
        "10475.00",
        "785.63",
        "2815.16",
        "0.00",
        "14075.79",
    ]


def test_arrears_are_paid_until_there_are_none(command: Command) -> None:
    # 100 of arrears first, then 71.30 of standing charges; 172.50 / 1.15 / 3
    bought = command.answer(FLAT_FROM_2025, "--amount", "343.80", "--arrears", "100")
    assert (bought["arrears"], bought["units"]) == ("100.00", "50")
    assert command.answer(FLAT_FROM_2025, "--units", "50", "--arrears", "100")["gross"] == "343.80"
    # half of it would be 171.90, and 30 are left to pay
    half = ("--arrears-percent", "50", "--arrears", "30")
    assert command.answer(FLAT_FROM_2025, "--amount", "343.80", *half)["arrears"] == "30.00"
    assert command.answer(FLAT_FROM_2025, "--units", "50", *half)["gross"] == "273.80"


def test_what_is_due_of_standing_charges_can_be_said(command: Command) -> None:
    # a second purchase of the month: nothing is due any more, and 340 of the first block are used
    second = command.answer(BLOCKS, "--units", "20", "--used", "340", "--standing-due", "0")
    # (10 * 2.0967 + 10 * 2.4050) * 1.15 = 51.76955, upward
    assert (second["gross"], second["fixed"]) == ("51.77", "0.00")
    assert [(line["block"], line["quantity"]) for line in second["lines"]] == [(1, "10"), (2, "10")]
    # 48.30 with tax stayed unpaid: 42 and 6.30
    due = command.answer(FLAT_FROM_2025, "--amount", "220.80", "--standing-due", "48.30")
    assert (due["fixed"], due["units"], due["tax"]) == ("42.00", "50", "28.80")
    assert due["lines"][0]["charge"] == "Standing charges due"


def test_units_of_dear_money(command: Command) -> None:
    dear = (
        "{rate_table: 1, name: Dear, utility: water, currency: IDR, effective_from: 2025-01-01,"
        ' charges: [{name: Water, kind: usage, price: "12550.00"}]}'
    )
    assert command.answer(dear, "--amount", "1255000")["units"] == "100"
    assert command.answer(dear, "--units", "100")["gross"] == "1255000.00"


def test_days_since_the_last_purchase_over_a_change_of_price_and_tax(command: Command) -> None:
    old = (
        "{rate_table: 1, name: Old, utility: electricity, currency: ZAR, effective_from: 2009-07-01,"
        ' tax: {name: VAT, percent: "14", prices: exclusive}, charges:'
        ' [{name: Energy, kind: usage, price: "0.7997"},'
        ' {name: Service, kind: fixed, per: day, price: "6.58"}]}'
    )
    new = old.replace("2009-07-01", "2010-07-01").replace('"14"', '"15"').replace("6.58", "7.00")
    span = ("--from", "2010-06-11", "--to", "2010-07-11")
    found = command.answer(f"{old}\n---\n{new}\n", "--amount", "500", *span)
    # 20 * 6.58 * 1.14 + 10 * 7 * 1.15 = 150.024 + 80.50; 269.476 / 1.15 / 0.7997
    assert (found["fixed"], found["units"]) == ("201.60", "293.018577")
    assert found["exact"]["tax"] == "64.073043"
    assert [line["net"] for line in found["lines"]] == ["131.60", "70.00", "234.33"]
    # three months without a purchase are not covered by little
    quarter = ("--from", "2010-04-12", "--to", "2010-07-11")
    little = command.answer(f"{old}\n---\n{new}\n", "--amount", "100", *quarter)
    # 80 * 6.58 * 1.14 + 80.50 = 680.596
    assert (little["units"], little["unpaid"], little["remainder"]) == ("0", "580.60", "0.00")


def test_for_people(command: Command) -> None:
    ran = command.run(BLOCKS, "--quantity", "350")
    assert ran.exit_code == 0
    assert "733.85" in ran.stdout
    assert "843.93" in ran.stdout
    ran = command.run(BLOCKS, "--amount", "843.93")
    assert "843.93 ZAR buys 350.002983 kWh" in ran.stdout


def test_a_year_of_half_hours(command: Command) -> None:
    start = datetime(2025, 6, 30, 22, tzinfo=UTC)
    times = [(start + timedelta(minutes=30 * at)).isoformat() for at in range(17_521)]
    rows = ["from,to,quantity", *(f"{since},{until},0.5" for since, until in pairwise(times))]
    found = command.answer(DEMAND, "--intervals", command.file("year.csv", "\n".join(rows)))
    # 8,760 kWh less 50 free in each of 12 months, 365 days, a peak of 1 kW in each month
    assert found["net"] == f"{8_760 - 600 + 730 + 120}.00"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "give --quantity, --intervals, --amount or --units"),
        (("--quantity", "1", "--amount", "1"), "--quantity and --amount do not go together"),
        (("--quantity", "-1"), "must not be negative"),
        (("--quantity", "NaN"), "is not a decimal number"),
        (("--quantity", "1e9999"), "is not a decimal number"),
        (("--quantity", "Infinity"), "is not a decimal number"),
        (("--quantity", ""), "is not a decimal number"),
        (("--quantity", "1.0000001"), "more than six decimals"),
        (("--quantity", "10000000000"), "larger than any register"),
        (("--quantity", "1", "--from", "2025-01-01"), "--from and --to go together"),
        (("--quantity", "1", "--from", "2025-02-01", "--to", "2025-01-01"), "must be before --to"),
        (("--quantity", "1", "--from", "2025-02-01", "--to", "2025-02-01"), "must be before --to"),
        (("--quantity", "1", "--from", "20250101", "--to", "2025-02-01"), "is not a date such as"),
        (("--quantity", "1", "--from", "2025-02-30", "--to", "2025-03-01"), "is not a date such as"),
        (("--quantity", "1", "--from", "2023-06-30", "--to", "2023-08-01"), "begins on 2023-07-01"),
        (("--quantity", "1", "--from", "2025-01-01", "--to", "2190-01-01"), "at most 60 years"),
        (("--quantity", "1", "--register", "Import!"), "is no name of a register"),
        (("--quantity", "1", "--register", "export"), 'no charge on the register "export"'),
        (("--quantity", "1", "--unit-step", "0.1"), "--unit-step goes with --amount or --units"),
        (("--quantity", "1", "--arrears", "5"), "--arrears goes with --amount or --units"),
        (("--quantity", "1", "--standing-due", "0"), "--standing-due goes with --amount or --units"),
        (("--quantity", "1", "--used", "0"), "--used goes with --amount or --units"),
        (("--units", "1", "--amount", "1"), "--amount and --units do not go together"),
        (("--units", "1", "--quantity", "1"), "--quantity and --units do not go together"),
        (("--units", "1", "--intervals", "use.csv"), "--intervals and --units do not go together"),
        (("--units", "1", "--register", "export"), "--register export does not go with --units"),
        (("--units", "0"), "must be above zero"),
        (("--units", "-1"), "must be above zero"),
        (("--units", "fifty"), "is not a decimal number"),
        (("--units", "1000000001"), "smaller than any register"),
        (("--units", "5", "--arrears-percent", "100"), "all of the amount goes to the arrears"),
        (("--units", "5", "--arrears", "-1"), "what the arrears are must not be negative"),
        (("--units", "5", "--standing-due", "-1"), "standing charges must not be negative"),
        (("--units", "5", "--used", "-1"), "what was used before must not be negative"),
        (("--units", "5", "--unit-step", ""), "is not a decimal number"),
        (("--amount", "0"), "must be above zero"),
        (("--amount", "-5"), "must be above zero"),
        (("--amount", "nan"), "is not a decimal number"),
        (("--amount", ""), "is not a decimal number"),
        (("--amount", "5", "--arrears-percent", "101"), "from 0 to 100 percent"),
        (("--amount", "5", "--unit-step", "0"), "above zero"),
        (("--amount", "5", "--from", "2020-01-01", "--to", "2020-02-01"), "begins on 2023-07-01"),
        (("--intervals", "nowhere.csv"), "nowhere.csv: No such file"),
    ],
)
def test_rubbish_is_one_sentence(command: Command, options: tuple[str, ...], says: str) -> None:
    assert says in command.refusal(BLOCKS, *options)


@pytest.mark.parametrize("zone", ["Mars/Base", "", "../../etc/passwd", "x" * 300])
def test_a_zone_that_is_none(command: Command, zone: str) -> None:
    assert "is not a time zone" in command.refusal(BLOCKS, "--quantity", "1", zone=("--timezone", zone))


def test_a_missing_zone(command: Command) -> None:
    assert "--timezone" in command.refusal(BLOCKS, "--quantity", "1", zone=())


@pytest.mark.parametrize("options", [("--quantity", "100"), ("--amount", "5"), ("--units", "5")])
def test_a_price_by_time_needs_times(command: Command, options: tuple[str, ...]) -> None:
    assert "depends on" in command.refusal(CLOCKS, *options)
    assert command.refusal(DEMAND, *options)


def test_too_many_windows_are_refused_before_they_fill_the_memory(command: Command) -> None:
    finest = DEMAND.replace("interval_minutes: 30", "interval_minutes: 1")
    span = ("--from", "2025-01-01", "--to", "2084-01-01")
    assert "too many windows" in command.refusal(finest, "--quantity", "1", *span)
    path = command.file("use.csv", f"from,to,quantity\n{ROW}")
    assert "too many windows" in command.refusal(finest, "--intervals", path, *span)


def test_several_versions_need_days(command: Command) -> None:
    both = f"{BLOCKS}---\n{FLAT_FROM_2025}"
    assert "--from and --to" in command.refusal(both, "--quantity", "1")
    assert "--from and --to" in command.refusal(both, "--amount", "1")
    june = ("--from", "2023-06-01", "--to", "2023-07-01")
    assert "begins on 2023-07-01: 2023-06-01 is before it" in command.refusal(both, "--amount", "100", *june)


@pytest.mark.parametrize(
    ("rates", "says"),
    [
        ("", "no rate table"),
        ("# nothing\n---\n", "no rate table"),
        (b"\xff\xfe\x00", "UTF-8"),
        ("rate_table: 1\nname: A\n", "utility"),
        (f"{BLOCKS}---\n{BLOCKS}", ":11: effective_from: two versions are effective from 2023-07-01"),
        (f"{BLOCKS}---\n{FLAT_FROM_2025.replace('ZAR', 'USD')}", ":11: currency: "),
        (f"{BLOCKS}---\n{FLAT_FROM_2025.replace('3.00', 'x')}", ":19: charges"),
    ],
)
def test_a_bad_rate_table_is_named_by_line(command: Command, rates: str | bytes, says: str) -> None:
    told = command.refusal(rates, "--quantity", "1")
    assert "rates.yaml" in told
    assert says in told


def test_a_rate_file_that_is_none(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "gone.yaml"):
        ran = CliRunner().invoke(app, ["calculate", str(path), *ZONE, "--quantity", "1"])
        assert ran.exit_code == 2
        assert "cannot be read" in ran.stderr


ROW = "2025-07-07T10:00Z,2025-07-07T11:00Z,1\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the first line must name from,to,quantity"),
        ("from,to\n", "look at: quantity"),
        ("from,to,quantity,from\n", "look at: from"),
        ("from,to,quantity\n", "there is no interval in it"),
        (f"from,to,quantity\n{ROW}{ROW}", "line 3: begins before the interval of line 2 ends"),
        (f"from,to,quantity\n{ROW}2025-07-07T09:00Z,2025-07-07T09:30Z,1\n", "line 3: begins before"),
        ("from,to,quantity\n2025-07-07T10:00Z,2025-07-07T10:00Z,1\n", "line 2: ends before it begins"),
        ("from,to,quantity\n2025-07-07T10:00Z,2025-07-07T11:00Z,-1\n", "line 2: quantity -1 is negative"),
        ("from,to,quantity\n2025-07-07T10:00Z,2025-07-07T11:00Z,NaN\n", "line 2: quantity: 'NaN'"),
        ("from,to,quantity\n2025-07-07T10:00Z,2025-07-07T11:00Z,1e9999\n", "line 2: quantity: '1e9999'"),
        ("from,to,quantity\n2025-07-07T10:00Z,2025-07-07T11:00Z,99999999999\n", "out of range"),
        (
            "from,to,quantity\n2025-07-07T10:00Z,2025-07-07T11:00Z\n",
            "line 2: 2 columns, and the first line has 3",
        ),
        ("from,to,quantity\n07/07/2025,08/07/2025,1\n", "line 2: from '07/07/2025' is not ISO 8601"),
        ("from,to,quantity\n2025-07-07T10:00:00.5Z,2025-07-07T11:00Z,1\n", "finer than a second"),
        ("from,to,quantity\n0001-01-01T00:00Z,0001-01-02T00:00Z,1\n", "is not between"),
        ("from,to,quantity\n9999-12-31T00:00Z,9999-12-31T01:00Z,1\n", "is not between"),
        ("from,to,quantity\n2020-07-07T10:00Z,2020-07-07T11:00Z,1\n", "begins on 2025-01-01"),
        ("from,to,quantity,register\n2025-07-07T10:00Z,2025-07-07T11:00Z,1,Ünter\n", "no name of a register"),
        ("from,to,quantity,register\n2025-07-07T10:00Z,2025-07-07T11:00Z,1,heat\n", 'the register "heat"'),
        ('from,to,quantity\n"2025-07-07T10:00Z,2025-07-07T11:00Z,1\n', "line 2 and what follows"),
        (b"from,to,quantity\n\xff,\xff,1\n", "use.csv"),
        (
            "from,to,quantity\n2025-03-30T01:30,2025-03-30T03:00,1\n",
            "line 2: 2025-03-30T01:30:00 was skipped",
        ),
    ],
)
def test_bad_intervals_are_named_by_line(command: Command, text: str | bytes, says: str) -> None:
    path = command.file("use.csv", text)
    assert says in command.refusal(CLOCKS, "--intervals", path, zone=("--timezone", "Europe/London"))


def test_every_bad_row_is_told_up_to_twenty(command: Command) -> None:
    path = command.file("use.csv", "from,to,quantity\n" + "a,b,c\n" * 25)
    told = command.refusal(CLOCKS, "--intervals", path)
    assert told.count("is not ISO 8601") == 20
    assert "line 21:" in told
    assert "and 5 more" in told


def test_intervals_outside_the_days(command: Command) -> None:
    path = command.file("use.csv", f"from,to,quantity\n{ROW}")
    july_10 = ("--from", "2025-07-10", "--to", "2025-07-11")
    assert "outside the days" in command.refusal(CLOCKS, "--intervals", path, *july_10)
    assert (
        command.answer(CLOCKS, "--intervals", path, "--from", "2025-07-01", "--to", "2025-08-01")["net"]
        == "0.30"
    )
