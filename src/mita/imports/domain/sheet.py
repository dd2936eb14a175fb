"""A file of rows is read: encoding, separator, header, cells."""

from __future__ import annotations

import csv
import difflib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.imports.domain.error_file import ADDED_COLUMNS
from mita.imports.domain.outcome import Row
from mita.kit.errors import Invalid
from mita.kit.sheets import plain_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mita.imports.domain.kinds import Kind

ROWS_MAX = 20_000
_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_CELL_CHARS_MAX = 4_000
_NO_ROWS = "the file has no rows below its header"


class FileRefused(Invalid):
    """The file as a whole cannot be imported; ``problems`` says how to mend it."""

    code = "import_file_refused"
    title = "The file cannot be imported"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file that was read: its columns in their order, and each row's cells, as many as there are columns.

    A row with more cells than columns keeps them all.
    """

    encoding: str
    separator: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    notes: tuple[str, ...]


def read_sheet(raw: bytes, *, kind: Kind) -> Sheet:
    """Read a file of a kind.

    :raises FileRefused: if it is not text in UTF-8 or Windows-1252, no CSV, has no rows or too many, or its
        header lacks a column that is needed or has one that is unknown
    """
    text, encoding, notes = _decoded(raw)
    if not text.strip():
        raise _refused(_NO_ROWS)
    separator = _separator_of(text, kind=kind)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    header: tuple[str, ...] | None = None
    rows = []
    try:
        for number, record in enumerate(reader, start=1):
            cells = tuple(plain_cell(cell) for cell in record)
            if not any(cells):
                continue
            if header is None:
                header = _header(cells, kind=kind)
                continue
            _check_cells(cells, number=number)
            rows.append((number, cells + ("",) * (len(header) - len(cells))))
            if len(rows) > ROWS_MAX:
                raise _refused(f"a file may have at most {ROWS_MAX:,} rows: split it")
    except csv.Error as error:
        raise _refused(
            f"line {reader.line_num} is not CSV ({error}): look for a quote that is not closed"
        ) from error
    if header is None or not rows:
        raise _refused(_NO_ROWS)
    return Sheet(encoding, _SEPARATORS[separator], header, tuple(rows), notes)


def _refused(message: str) -> FileRefused:
    return FileRefused(message, problems=[{"path": "body", "message": message}])


def _decoded(raw: bytes) -> tuple[str, str, tuple[str, ...]]:
    if raw.startswith(_UTF_16):
        raise _refused("the file is UTF-16: save it as CSV UTF-8")
    notes: tuple[str, ...] = ()
    try:
        text, encoding = raw.removeprefix(_BOM).decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        try:
            text, encoding = raw.decode("cp1252"), "windows-1252"
        except UnicodeDecodeError as error:
            raise _refused("the file is neither UTF-8 nor Windows-1252: save it as CSV UTF-8") from error
        notes = ("the file is not UTF-8 and was read as Windows-1252: look at letters with accents",)
    if "\0" in text:
        raise _refused("the file holds NUL characters: save it as CSV UTF-8")
    return text, encoding, notes


def _named(cell: str) -> str:
    return "_".join(cell.strip().lower().split())


def _separator_of(text: str, *, kind: Kind) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    known = set(kind.by_name)
    scores = {
        each: len(known & {_named(cell.strip('"')) for cell in first.split(each)}) for each in _SEPARATORS
    }
    best = max(_SEPARATORS, key=lambda each: scores[each])
    if scores[best] == 0:
        raise _refused(f"the first row must name the columns: {', '.join(kind.by_name)}")
    return best


def _header(cells: Sequence[str], *, kind: Kind) -> tuple[str, ...]:
    names = [_named(cell) for cell in cells]
    problems: list[dict[str, object]] = []
    known = kind.by_name
    for name in names:
        if name not in known and name not in ADDED_COLUMNS:
            close = difflib.get_close_matches(name, known, n=1)
            mend = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
            problems.append(
                {"path": "body", "column": name[:100], "message": f"unknown column {name[:100]!r}: {mend}"}
            )
    problems += [
        {"path": "body", "column": name, "message": f"column {name!r} is there twice"}
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    problems += [
        {"path": "body", "column": column.name, "message": f"column {column.name!r} is missing"}
        for column in kind.columns
        if column.is_needed and column.name not in names
    ]
    if problems:
        raise FileRefused(str(problems[0]["message"]), problems=problems)
    return tuple(names)


def _check_cells(cells: Sequence[str], *, number: int) -> None:
    if any(len(cell) > _CELL_CHARS_MAX for cell in cells):
        raise _refused(f"row {number} has a cell of more than {_CELL_CHARS_MAX:,} characters")


def rows_of(columns: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]]) -> list[Row]:
    """Return rows with their cells by column, without empty ones and without what an error file adds."""
    return [
        Row(
            number,
            {
                name: cell
                for name, cell in zip(columns, cells, strict=False)
                if cell and name not in ADDED_COLUMNS
            },
        )
        for number, cells in rows
    ]


def twins(rows: Iterable[Row], *, kind: Kind) -> dict[int, int]:
    """Return the rows that say the same in all key columns as one before them: number -> the first one's."""
    first: dict[tuple[str, ...], int] = {}
    found = {}
    for row in rows:
        key = tuple(row.cells.get(name, "").casefold() for name in kind.key)
        if any(key) and first.setdefault(key, row.number) != row.number:
            found[row.number] = first[key]
    return found
