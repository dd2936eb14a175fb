"""Files are read and written: separators, headers, cells that would be formulas."""

from __future__ import annotations

import csv
import io

import pytest

from mita.imports.domain import (
    KINDS,
    FileRefused,
    Outcome,
    Row,
    error_file,
    read_sheet,
    rows_of,
    template_file,
    twins,
)

UNITS = KINDS["units"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators(separator: str) -> None:
    text = separator.join(("Name", " Floor  Area ")) + "\n" + separator.join(("A1", "64.5")) + "\n\nA2\n"
    sheet = read_sheet(text.encode(), kind=UNITS)
    assert sheet.columns == ("name", "floor_area")
    # a blank line counts as a spreadsheet counts it
    assert sheet.rows == ((2, ("A1", "64.5")), (4, ("A2", "")))
    assert rows_of(sheet.columns, sheet.rows)[1] == Row(4, {"name": "A2"})


def test_a_mark_at_the_beginning_and_a_quoted_line_break() -> None:
    sheet = read_sheet(b'\xef\xbb\xbfname,notes\r\nA1,"two\r\nlines"\r\nA2,\r\n', kind=UNITS)
    assert (sheet.encoding, sheet.separator, sheet.notes) == ("utf-8", "comma", ())
    assert sheet.rows == ((2, ("A1", "two\r\nlines")), (3, ("A2", "")))


def test_a_cell_without_end_is_refused() -> None:
    with pytest.raises(FileRefused, match="row 2 has a cell of more than 4,000"):
        read_sheet(b"name\n" + b"x" * 4001, kind=UNITS)


def test_an_error_file_has_its_own_columns_and_reasons() -> None:
    text = error_file(("name", "error_row", "notes"), [(7, ("A1", "3", "=x"), ("one", "two"))])
    assert list(csv.reader(io.StringIO(text.removeprefix("\ufeff")))) == [
        ["name", "notes", "error_row", "error_reason"],
        ["A1", "'=x", "7", "one; two"],
    ]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_template_is_a_file_of_its_kind(kind: object) -> None:
    sheet = read_sheet(template_file(kind).encode(), kind=kind)
    (row,) = rows_of(sheet.columns, sheet.rows)
    assert row.cells == {column.name: column.example for column in kind.columns}
    assert all(column.is_needed for column in kind.columns if column.name in ("unit", "serial", "amount"))


def test_rows_that_say_the_same() -> None:
    rows = [Row(2, {"name": "A"}), Row(3, {"name": "a"}), Row(4, {}), Row(5, {}), Row(6, {"name": "A"})]
    assert twins(rows, kind=UNITS) == {3: 2, 6: 2}


def test_a_row_fails_for_a_reason() -> None:
    with pytest.raises(AssertionError):
        Outcome.of_faults(Row(2, {}), ())
