"""Cells of a row are read by the rules of the single operation's request; every fault of a row is told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from mita.estates import queries as estates
from mita.imports.domain import Fault, Outcome, Row, RowState
from mita.kit.errors import Invalid, Refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.imports.domain import Column, Kind

S = TypeVar("S", bound=BaseModel)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_COMMA = re.compile(r"-?[0-9][0-9 .']*,[0-9]+")
# a form that a cell does not have, as (code, how to mend it)
_FORMS = {
    "decimal": ("not_a_number", "write a number with a decimal point, such as 64.5, and nothing else"),
    "day": ("not_a_day", "write the day as year-month-day, such as 2026-03-01"),
    "yes_no": ("not_yes_or_no", "write yes or no"),
}
_CODES = {"missing": "missing", "literal_error": "unknown_word", "string_too_long": "too_long"}
# a field of a request that a file names otherwise
_COLUMNS = {"unit_id": "unit", "person_id": "person"}


def read_cells(
    shape: type[S],
    *,
    row: Row,
    kind: Kind,
    more: Mapping[str, Any],
    without: Sequence[str] = (),
    check: Callable[[S], object] = lambda _: None,
) -> tuple[S | None, list[Fault]]:
    """Return the request that a row is, or None and all of its faults.

    ``more`` are fields that do not stand in a cell as they are, ``without`` the columns that are no fields.
    ``check`` looks at what single fields cannot tell, and may raise Invalid.
    """
    faults = _faults_of_forms(row, kind=kind)
    cells = {name: cell for name, cell in row.cells.items() if name in kind.by_name and name not in without}
    values: dict[str, Any] = {**cells, **more} | _examples(faults, kind=kind)
    try:
        found = shape.model_validate(values)
    except ValidationError as error:
        faults += [_fault(each, row, kind=kind) for each in error.errors()]
        # with examples in the place of what is faulty, the rest can be looked at
        found = shape.model_validate(values | _examples(faults, kind=kind))
    try:
        check(found)
    except Invalid as refusal:
        told = {fault.column for fault in faults}
        faults += [each for each in faults_of(refusal, row=row, kind=kind) if each.column not in told]
    return (None, faults) if faults else (found, [])


def _examples(faults: Iterable[Fault], *, kind: Kind) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for fault in faults:
        if fault.column in kind.by_name:
            example = kind.by_name[fault.column].example
            found[fault.column] = example.split() if fault.column == "registers" else example
    return found


def _faults_of_forms(row: Row, *, kind: Kind) -> list[Fault]:
    found = []
    for column in kind.columns:
        cell = row.cells.get(column.name, "")
        if column.form == "decimal" and _COMMA.fullmatch(cell):
            mend = "a decimal comma: write " + re.sub(r"[ .']", "", cell).replace(",", ".")
            found.append(Fault(column.name, "decimal_comma", mend, cell))
        elif column.form == "day" and cell and not _DAY.fullmatch(cell):
            found.append(Fault(column.name, *_FORMS["day"], cell))
    return found


def _fault(error: Any, row: Row, *, kind: Kind) -> Fault:
    name = str(error["loc"][0]) if error["loc"] else ""
    name = _COLUMNS.get(name, name)
    column: Column | None = kind.by_name.get(name)
    cell = row.cells.get(name, "")
    code = _CODES.get(error["type"], "invalid")
    if code == "missing":
        return Fault(name, code, "is needed and empty", cell)
    if column is not None and column.form != "text":
        return Fault(name, *_FORMS[column.form], cell)
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "string_pattern_mismatch":
        message = f"does not look right; an example is {column.example if column else ''}".rstrip()
    return Fault(name, code, message, cell)


def faults_of(refusal: Refusal, *, row: Row, kind: Kind) -> tuple[Fault, ...]:
    """Return what an operation refused as faults of a row, by column where it names a field."""
    found = []
    for each in refusal.problems or [{}]:
        field = str(each.get("path", "")).rpartition(".")[2]
        name = _COLUMNS.get(field, field)
        name = name if name in kind.by_name else ""
        message = str(each.get("message") or refusal.detail)
        found.append(Fault(name, refusal.code, message, row.cells.get(name, "")))
    return tuple(found)


async def attempt(
    session: AsyncSession, *, row: Row, kind: Kind, work: Callable[[], Awaitable[RowState]]
) -> Outcome:
    """Carry one row out on its own: what it is refused with is its fault, and nothing of it stays."""
    try:
        async with session.begin_nested():
            state = await work()
    except Refusal as refusal:
        return Outcome.of_faults(row, faults_of(refusal, row=row, kind=kind))
    return Outcome(row.number, state)


async def units_of(session: AsyncSession, *, estate_id: int, rows: Iterable[Row]) -> dict[str, int]:
    """Return the ids of the units that rows name, by name."""
    names = {row.cells["unit"] for row in rows if "unit" in row.cells}
    found = await estates.units_named(session, estate_id=estate_id, names=sorted(names))
    return {name: unit.unit_id for name, unit in found.items()}


async def people_of(
    session: AsyncSession, *, estate_id: int, said: Iterable[str]
) -> dict[str, list[tuple[int, str]]]:
    """Return the people (id, name) that email addresses and phone numbers reach, by :func:`reach`."""
    keys = {reach(each) for each in said if each}
    emails = sorted(key for key in keys if "@" in key)
    digits = sorted(keys - set(emails) - {""})
    return await estates.people_reached(session, estate_id=estate_id, emails=emails, digits=digits)


def reach(said: str) -> str:
    """Return an email address in small letters, or the digits of a phone number."""
    return said.lower() if "@" in said else re.sub(r"[^0-9]", "", said)


def unit_of(row: Row, *, units: Mapping[str, int]) -> tuple[int, list[Fault]]:
    """Return the unit that a row names; 1, a number that means nothing, with the fault if there is none."""
    name = row.cells.get("unit")
    if name is None:
        return 1, [Fault("unit", "missing", "is needed and empty")]
    if name not in units:
        return 1, [Fault("unit", "unknown_unit", "the estate has no unit of this name", name)]
    return units[name], []


def person_of(row: Row, *, people: Mapping[str, list[tuple[int, str]]]) -> tuple[int, list[Fault]]:
    """Return the person that a row names; 1, a number that means nothing, with the fault if there is none."""
    said = row.cells.get("person")
    if said is None:
        return 1, [Fault("person", "missing", "is needed and empty")]
    found = people.get(reach(said), [])
    if not found:
        mend = "the estate knows nobody with this email address or phone number"
        return 1, [Fault("person", "unknown_person", mend, said)]
    if len(found) > 1:
        mend = f"{len(found)} people have this phone number: write an email address"
        return 1, [Fault("person", "several_people", mend, said)]
    return found[0][0], []
