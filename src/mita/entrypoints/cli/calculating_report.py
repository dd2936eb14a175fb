"""How `mita calculate` answers: one JSON object, or tables for people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from mita.kit.money import format_micro
from mita.tariffs.domain import (
    CENT_MICRO,
    base_unit_of,
    decimal_text,
    documents_cents,
    share_by_remainder,
    to_cents,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from rich.console import Console

    from mita.tariffs.domain import Bill, BillLine, Purchase, RateTable

Days = tuple["date", "date"]
_COLUMNS = ("charge", "season", "letter", "block", "quantity", "price", "net")
_NUMBERS = {"block", "quantity", "price", "net"}


def bill_report(
    versions: Sequence[RateTable], found: Bill, *, days: Days, assumed: str | None
) -> dict[str, Any]:
    """Return a bill as JSON: documents' cents, and under ``exact`` what they were rounded from."""
    cents = documents_cents(found)
    return {
        "net": _cents(cents.net_cents),
        "tax": _cents(cents.tax_cents),
        "gross": _cents(cents.gross_cents),
        "lines": [_line(each.line, net_cents=each.net_cents) for each in cents.lines],
        "currency": found.currency,
        "unit": base_unit_of(versions[0].utility),
        "from": days[0].isoformat(),
        "to": days[1].isoformat(),
        "assumed": assumed,
        "exact": {
            "net": format_micro(found.net_micro),
            "tax": format_micro(found.tax_micro),
            "gross": format_micro(found.gross_micro),
            "periods": [
                {
                    "from": period.first.isoformat(),
                    "to": period.until.isoformat(),
                    "effective_from": versions[period.version].effective_from.isoformat(),
                    "net": format_micro(period.net_micro),
                    "tax": format_micro(period.tax_micro),
                    "lines": _exact_lines(period.lines),
                }
                for period in found.periods
            ],
        },
    }


def purchase_report(table: RateTable, bought: Purchase, *, days: Days) -> dict[str, Any]:
    """Return a purchase as JSON; net, tax, arrears and remainder add up to gross, in cents too."""
    gross = to_cents(bought.amount_micro)
    net, tax, arrears, remainder = _purchase_cents(bought, gross_cents=gross)
    nets = share_by_remainder([line.net_micro for line in bought.lines], den=CENT_MICRO, total=net)
    exact = {
        name: format_micro(micro)
        for name, micro in (
            ("tax", bought.tax_micro),
            ("net", bought.net_micro),
            ("gross", bought.amount_micro),
            ("arrears", bought.arrears_micro),
            ("fixed", bought.fixed_micro),
            ("remainder", bought.remainder_micro),
        )
    }
    return {
        "units": decimal_text(bought.quantity_micro, places=0),
        "tax": _cents(tax),
        "net": _cents(net),
        "gross": _cents(gross),
        "arrears": _cents(arrears),
        "fixed": _cents(to_cents(bought.fixed_micro)),
        "remainder": _cents(remainder),
        "lines": [_line(line, net_cents=share) for line, share in zip(bought.lines, nets, strict=True)],
        "unpaid": _cents(to_cents(bought.unpaid_micro)),
        "currency": table.currency,
        "unit": base_unit_of(table.utility),
        "from": days[0].isoformat(),
        "to": days[1].isoformat(),
        "exact": {**exact, "lines": _exact_lines(bought.lines)},
    }


def _purchase_cents(bought: Purchase, *, gross_cents: int) -> tuple[int, int, int, int]:
    """Return net, tax, arrears and remainder in cents that add up: each rounded half up where that works."""
    exact = (bought.net_micro, bought.tax_micro, bought.arrears_micro, bought.remainder_micro)
    net, tax, arrears = (to_cents(micro) for micro in exact[:3])
    remainder = gross_cents - net - tax - arrears
    if abs(remainder * CENT_MICRO - bought.remainder_micro) < CENT_MICRO and remainder >= 0:
        return net, tax, arrears, remainder
    net, tax, arrears, remainder = share_by_remainder(exact, den=CENT_MICRO, total=gross_cents)
    return net, tax, arrears, remainder


def print_bill(console: Console, report: dict[str, Any]) -> None:
    """Print a bill for people."""
    console.print(f"{report['from']} to {report['to']} (not included), {report['currency']}", highlight=False)
    _print_lines(console, report)
    _print_totals(console, report, ("net", "tax", "gross"))
    if report["assumed"]:
        console.print(f"Assumed: {report['assumed']}", highlight=False)


def print_purchase(console: Console, report: dict[str, Any]) -> None:
    """Print a purchase for people."""
    console.print(
        f"{report['gross']} {report['currency']} buys {report['units']} {report['unit']}", highlight=False
    )
    _print_lines(console, report)
    names = ["net", "tax", *(name for name in ("arrears", "remainder") if report[name] != "0.00"), "gross"]
    _print_totals(console, report, names)
    if report["unpaid"] != "0.00":
        console.print(f"Standing charges not covered: {report['unpaid']}", highlight=False)


def _print_lines(console: Console, report: dict[str, Any]) -> None:
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in _COLUMNS:
        shown.add_column(column, justify="right" if column in _NUMBERS else "left", overflow="fold")
    for line in report["lines"]:
        cells = ("" if line[name] is None else str(line[name]) for name in _COLUMNS)
        shown.add_row(*(escape(cell) for cell in cells))
    console.print(shown)


def _print_totals(console: Console, report: dict[str, Any], names: Iterable[str]) -> None:
    totals = Table(box=None, pad_edge=False, show_header=False)
    totals.add_column()
    totals.add_column(justify="right")
    for name in names:
        totals.add_row(name, report[name])
    console.print()
    console.print(totals)


def _line(line: BillLine, *, net_cents: int) -> dict[str, Any]:
    return {
        "charge": line.charge,
        "season": line.season or None,
        "letter": line.letter or None,
        "block": line.block,
        "quantity": decimal_text(line.quantity_micro, places=0),
        "price": decimal_text(line.price_micro, places=2),
        "net": _cents(net_cents),
    }


def _exact_lines(lines: Iterable[BillLine]) -> list[dict[str, Any]]:
    return [
        {
            **_line(line, net_cents=0),
            "net": format_micro(line.net_micro),
            "tax": format_micro(line.tax_micro),
            "kind": line.kind,
            "of_charge": line.of_charge or None,
            "register": line.register or None,
            "unit": line.unit,
            "days": line.days or None,
            "whole_days": line.whole_days or None,
            "at": None if line.at_s is None else _instant(line.at_s),
        }
        for line in lines
    ]


def _instant(second: int) -> str:
    return datetime.fromtimestamp(second, tz=UTC).isoformat().replace("+00:00", "Z")


def _cents(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"
