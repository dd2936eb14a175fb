"""Lines of prices put together into the charges of a rate table document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mita.tariffs.domain.document import decimal_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mita.tariffs.domain.problems import Report


@dataclass(frozen=True, slots=True)
class Row:
    """One price: ``price_micro`` of the currency per ``measure``; empty texts where the line says nothing."""

    line: int
    name: str
    kind: str
    register: str
    season: str
    letters: str
    up_to: str
    price_micro: int
    measure: str
    is_gross: bool
    interval_minutes: str

    @property
    def price(self) -> str:
        """The price as a document writes it."""
        return decimal_text(self.price_micro, places=2)


def charge_documents(report: Report, rows: Iterable[Row]) -> tuple[list[dict[str, Any]], list[int]]:
    """Return the charges, one for each name in the order of the lines, and the first line of each."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.name, []).append(row)
    charges = [_charge(report, group) for group in groups.values()]
    return charges, [group[0].line for group in groups.values()]


def _charge(report: Report, group: list[Row]) -> dict[str, Any]:
    first = group[0]
    for row in group[1:]:
        differing = [
            what
            for what in ("kind", "register", "measure", "interval_minutes")
            if getattr(row, what) != getattr(first, what)
        ]
        if differing:
            what = "unit" if differing[0] == "measure" else differing[0]
            message = (
                f"line {first.line} has the same name and another {what}; give the charges names of their own"
            )
            _refuse(report, row, what, "one_name_two_charges", message)
    if first.kind == "usage":
        return _usage(report, group)
    if first.kind == "demand":
        return _demand(report, group)
    _allow(report, group, "season", "letter", "block_up_to", "register", "interval_minutes")
    for row in group[1:]:
        _refuse(report, row, "name", "twice", f"line {first.line} has the price of this charge; keep one")
    return {"name": first.name, "kind": first.kind, "per": first.measure, "price": first.price}


def _usage(report: Report, group: list[Row]) -> dict[str, Any]:
    first = group[0]
    _allow(report, group, "interval_minutes")
    leaves: dict[tuple[str, str], list[Row]] = {}
    for row in group:
        for letter in row.letters or ("",):
            leaves.setdefault((row.season, letter), []).append(row)
    _check_keys(report, group)
    in_blocks = any(row.up_to for row in group)
    tree: dict[str, Any] = {}
    for (season, letter), rows in leaves.items():
        open_rows = [row for row in rows if not row.up_to]
        for row in open_rows[1:]:
            message = f"line {open_rows[0].line} has the price of this season and letter; keep one"
            _refuse(report, row, "price", "twice", message)
        leaf = _blocks(rows) if in_blocks else rows[0].price
        _put(tree, [key for key in (season, letter) if key], leaf)
    document = {"name": first.name, "kind": "usage"}
    if first.register:
        document["register"] = first.register
    return document | {"blocks" if in_blocks else "price": tree.get("", tree)}


def _demand(report: Report, group: list[Row]) -> dict[str, Any]:
    first = group[0]
    _allow(report, group, "block_up_to")
    _check_keys(report, group)
    if not (first.interval_minutes.isascii() and first.interval_minutes.isdigit()):
        message = "a demand price needs the minutes over which power is averaged, such as 30"
        _refuse(report, first, "interval_minutes", "not_a_number", message)
    for row in group[1:]:
        # a season that ``when`` does not name would count nothing, whatever its price
        if bool(row.letters) != bool(first.letters):
            message = "write the letters that count on each line of a demand charge, or on none"
            _refuse(report, row, "letter", "mixed", message)
    tree: dict[str, Any] = {}
    when: dict[str, Any] = {}
    for row in group:
        if row.season in tree:
            _refuse(
                report, row, "price", "twice", "this season has a price already; list its letters together"
            )
        tree[row.season] = row.price
        when[row.season] = list(row.letters)
    document: dict[str, Any] = {"name": first.name, "kind": "demand"}
    if first.register:
        document["register"] = first.register
    minutes = int(first.interval_minutes[:4]) if first.interval_minutes[:4].isdecimal() else 0
    document |= {"interval_minutes": minutes, "unit": first.measure, "price": tree.get("", tree)}
    if any(when.values()):
        document["when"] = when.get("", when)
    return document


def _check_keys(report: Report, group: list[Row]) -> None:
    """All lines of a charge have a season or none has; the same with letters inside a season."""
    first = group[0]
    for row in group[1:]:
        if bool(row.season) != bool(first.season):
            message = f"line {first.line} of the same charge {'has a' if first.season else 'has no'} season"
            _refuse(report, row, "season", "mixed", f"{message}; write one on all lines or on none")
    with_letters: dict[str, Row] = {}
    for row in group:
        earlier = with_letters.setdefault(row.season, row)
        if bool(row.letters) != bool(earlier.letters):
            message = (
                f"line {earlier.line} of the same charge {'has a' if earlier.letters else 'has no'} letter"
            )
            _refuse(report, row, "letter", "mixed", f"{message}; write one on all lines or on none")


def _blocks(rows: list[Row]) -> list[dict[str, str]]:
    return [{"up_to": row.up_to, "price": row.price} if row.up_to else {"price": row.price} for row in rows]


def _put(tree: dict[str, Any], keys: list[str], leaf: Any) -> None:
    branch = tree
    for key in keys[:-1]:
        inner = branch.setdefault(key, {})
        if not isinstance(inner, dict):
            return  # a fault that was reported: a season with a price and with letters
        branch = inner
    branch[keys[-1] if keys else ""] = leaf


def _allow(report: Report, group: list[Row], *unused: str) -> None:
    """Refuse cells that mean nothing for this kind of charge."""
    for row in group:
        cells = {
            "season": row.season,
            "letter": row.letters,
            "block_up_to": row.up_to,
            "register": row.register,
            "interval_minutes": row.interval_minutes,
        }
        for name in unused:
            if cells[name]:
                _refuse(report, row, name, "not_used", f"a {row.kind} price has no {name}; leave it empty")


def _refuse(report: Report, row: Row, column: str, code: str, message: str) -> None:
    report.add((f"line {row.line}", column), code, message)
