"""Prices from a table that people fill in: one price a line, with its unit and whether it contains tax."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mita.kit.money import NotExact, parse_micro
from mita.tariffs.domain.parsing import parse_document
from mita.tariffs.domain.problems import Problem, RateTableInvalid, Report, did_you_mean, shown

from .draft import Draft
from .plausible import (
    PER_DAY,
    PER_KWH,
    PER_M3,
    PER_MONTH,
    PER_POWER,
    base_unit,
    is_currency_known,
    measure_of,
    price_doubt,
)
from .price_rows import Row, charge_documents

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COLUMNS = (
    "name",
    "kind",
    "register",
    "season",
    "letter",
    "block_up_to",
    "price",
    "unit",
    "prices",
    "interval_minutes",
)
REQUIRED_COLUMNS = ("name", "kind", "price", "unit", "prices")
TEXT_CHARS_MAX = 256 * 1024
ROWS_MAX = 2_000
_SUBUNITS = {"ZAR": "c", "USD": "c", "EUR": "c", "KES": "c", "GBP": "p", "NGN": "k"}
_SUBUNITS_PER_UNIT = 100
_MEASURES = {
    "kWh": PER_KWH,
    "kl": PER_M3,
    "kL": PER_M3,
    "m3": PER_M3,
    "m³": PER_M3,
    "day": PER_DAY,
    "month": PER_MONTH,
    "kW": "kW",
    "kVA": "kVA",
}
_KIND_MEASURES = {
    "usage": (PER_KWH, PER_M3),
    "fixed": (PER_DAY, PER_MONTH),
    "demand": ("kW", "kVA"),
    "minimum": (PER_MONTH,),
}
_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?")
_CHARGE_PATH = re.compile(r"charges\[([0-9]+)\]")


@dataclass(frozen=True, slots=True)
class Unit:
    """What a price is written in: ``per_unit`` of it make one of the currency; for one ``measure``."""

    per_unit: int
    measure: str


def units_of(currency: str) -> dict[str, Unit]:
    """Return every unit that the column ``unit`` may hold: c/kWh, ZAR/kWh, per day and so on."""
    found = {f"{currency}/{word}": Unit(1, measure) for word, measure in _MEASURES.items()}
    if currency in _SUBUNITS:
        small = _SUBUNITS[currency]
        found |= {f"{small}/{word}": Unit(_SUBUNITS_PER_UNIT, each) for word, each in _MEASURES.items()}
    return found | {f"per {word}": Unit(1, word) for word in ("day", "month", "kW", "kVA")}


def read_csv_template(text: str, *, head: Mapping[str, Any]) -> Draft:
    """Return the rate table of a filled-in template.

    ``head`` is a rate table document without charges: name, utility, currency, effective_from, and tax,
    seasons, clocks, calendar as far as there are any. Whether prices contain tax is said by the lines.

    :raises RateTableInvalid: with every problem of the lines, or of the table that they make
    """
    report = Report()
    rows = tuple(_rows(report, text, head=head))
    report.close()
    inclusive = {row.is_gross for row in rows}
    if len(inclusive) > 1:
        report.add(
            ("prices",), "net_and_gross", "a table has net or gross prices, not both; convert one kind"
        )
    if True in inclusive and not head.get("tax"):
        report.add(("prices",), "gross_without_tax", "gross prices need the tax that they contain; name it")
    report.close()
    charges, lines = charge_documents(report, rows)
    report.close()
    document = {"rate_table": 1, **head, "charges": charges}
    if head.get("tax"):
        document["tax"] = {**head["tax"], "prices": "inclusive" if True in inclusive else "exclusive"}
    try:
        table = parse_document(document)
    except RateTableInvalid as error:
        raise RateTableInvalid(tuple(_with_line(each, lines) for each in error.problems)) from error
    return Draft(
        tables=(table,),
        warnings=tuple(_warnings(head)),
        to_confirm=tuple(_doubts(rows, currency=table.currency)),
    )


def _rows(report: Report, text: str, *, head: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the good lines; what is wrong with the others goes to ``report``."""
    if len(text) > TEXT_CHARS_MAX:
        report.add(
            (), "too_large", f"the file has more than {TEXT_CHARS_MAX:,} characters; no price list has"
        )
        return
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        header = _header(report, next(reader, []))
        count = 0
        for cells in reader if header else ():
            if not any(cell.strip() for cell in cells):
                continue
            count += 1
            if count > ROWS_MAX:
                report.add((), "too_many_rows", f"more than {ROWS_MAX:,} lines; no price list has so many")
                return
            row = _row(report, header, cells, line=reader.line_num, head=head)
            if row is not None:
                yield row
    except csv.Error as error:
        report.lines[()] = reader.line_num
        report.add((), "not_csv", f"line {reader.line_num} cannot be read: {error}")
        return
    if header and not count:
        report.add((), "empty", "there is no price below the first line; write one a line")


def _header(report: Report, cells: list[str]) -> list[str]:
    report.lines[()] = 1
    names = [cell.strip().lower() for cell in cells]
    for name in names:
        if name not in COLUMNS:
            report.add(
                (), "unknown_column", f"the column {shown(name)} is unknown; {did_you_mean(name, COLUMNS)}"
            )
    for name in COLUMNS:
        if names.count(name) > 1:
            report.add((), "duplicate_column", f"the column {name} is there twice; keep one")
    for name in REQUIRED_COLUMNS:
        if name not in names:
            report.add((), "missing_column", f"the first line has no column {name}; add it")
    return [] if report.problems else names


def _row(
    report: Report, header: list[str], cells: list[str], *, line: int, head: Mapping[str, Any]
) -> Row | None:
    path = (f"line {line}",)
    report.lines[path] = line
    before = len(report.problems)
    if len(cells) > len(header):
        message = f"{len(cells)} cells under {len(header)} columns; put a value with a comma in quotes"
        report.add(path, "too_many_cells", message)
        return None
    cell = dict.fromkeys(COLUMNS, "") | {
        name: value.strip() for name, value in zip(header, cells, strict=False)
    }
    for name in ("name", "price", "unit"):
        if not cell[name]:
            report.add((*path, name), "empty", f"the {name} is empty; write it")
    if cell["kind"] not in _KIND_MEASURES:
        hint = did_you_mean(cell["kind"], _KIND_MEASURES)
        report.add((*path, "kind"), "unknown_kind", f"{shown(cell['kind'])} is no kind of charge; {hint}")
    if cell["prices"] not in ("net", "gross"):
        message = f"{shown(cell['prices'])}: write net (without tax) or gross (tax inside)"
        report.add((*path, "prices"), "not_one_of", message)
    price, measure = _price(report, cell, path=path, head=head)
    if len(report.problems) > before or price is None:
        return None
    return Row(
        line=line,
        name=cell["name"],
        kind=cell["kind"],
        register=cell["register"],
        season=cell["season"],
        letters=cell["letter"].replace(" ", ""),
        up_to=cell["block_up_to"],
        price_micro=price,
        measure=measure,
        is_gross=cell["prices"] == "gross",
        interval_minutes=cell["interval_minutes"],
    )


def _price(
    report: Report, cell: Mapping[str, str], *, path: tuple[str | int, ...], head: Mapping[str, Any]
) -> tuple[int | None, str]:
    """Return the price in micro of the currency, and what it is for."""
    units = units_of(str(head.get("currency")))
    unit = units.get(cell["unit"])
    if cell["unit"] and unit is None:
        hint = did_you_mean(cell["unit"], units)
        report.add((*path, "unit"), "unknown_unit", f"{shown(cell['unit'])} is no unit here; {hint}")
    if unit is not None:
        _check_measure(report, unit.measure, kind=cell["kind"], path=path, head=head)
    if not cell["price"] or unit is None:
        return None, ""
    if not _DECIMAL.fullmatch(cell["price"]):
        message = f"{shown(cell['price'])} is not a plain decimal such as 226.53, with a point"
        report.add((*path, "price"), "not_decimal", message)
        return None, ""
    try:
        whole, rest = divmod(parse_micro(cell["price"]), unit.per_unit)
    except NotExact as error:
        report.add((*path, "price"), "too_many_decimals", f"{error}; prices are never rounded")
        return None, ""
    if rest:
        message = f"{cell['price']} {cell['unit']} has more than six decimals in {head.get('currency')}"
        report.add((*path, "price"), "too_many_decimals", f"{message}; prices are never rounded")
        return None, ""
    return whole, unit.measure


def _check_measure(
    report: Report, measure: str, *, kind: str, path: tuple[str | int, ...], head: Mapping[str, Any]
) -> None:
    fitting = _KIND_MEASURES.get(kind)
    if fitting is None:
        return
    if kind == "usage":
        conversion = head.get("conversion")
        converted = conversion.get("unit") if isinstance(conversion, dict) else None
        fitting = (measure_of(str(converted)) if converted else base_unit(str(head.get("utility"))),)
    if measure not in fitting:
        message = f"a {kind} price of this table is for a {' or a '.join(fitting)}, not for a {measure}"
        report.add((*path, "unit"), "wrong_unit", message)


def _warnings(head: Mapping[str, Any]) -> Iterator[Problem]:
    if not head.get("tax"):
        message = "no tax is given: the table charges none on these net prices"
        yield Problem(path="tax", line=None, code="no_tax", message=message)
    currency = str(head.get("currency"))
    if not is_currency_known(currency):
        message = f"no plausible prices are known in {currency}: look at each for cents and whole units"
        yield Problem(path="currency", line=None, code="no_plausible_range", message=message)


def _doubts(rows: tuple[Row, ...], *, currency: str) -> Iterator[Problem]:
    for row in rows:
        measure = PER_POWER if row.measure == "kVA" else row.measure
        doubt = price_doubt(row.price_micro, currency=currency, measure=measure)
        if doubt:
            path = f"line {row.line}.price"
            yield Problem(path=path, line=row.line, code="implausible_price", message=doubt)


def _with_line(problem: Problem, lines: list[int]) -> Problem:
    """Give a problem of the document the line of the charge that it is about."""
    match = _CHARGE_PATH.match(problem.path)
    line = lines[int(match.group(1))] if match else problem.line
    return Problem(path=problem.path, line=line, code=problem.code, message=problem.message)
