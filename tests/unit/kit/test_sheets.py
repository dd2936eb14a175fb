"""No cell of a file that we give is a formula, and every cell comes back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.kit.sheets import plain_cell, safe_cell, sheet_text


@pytest.mark.parametrize("cell", ["=1+1", "+27", "-1+1", "-x", "@x", "\t=1", "'=1", "''+x"])
def test_what_looks_like_a_formula_is_none_any_more(cell: str) -> None:
    assert safe_cell(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["", "a=1", "12", "-16.100000", "'tis", "'"])
def test_other_cells_stay(cell: str) -> None:
    assert safe_cell(cell) == cell
    assert plain_cell(cell) == cell


@given(st.text(max_size=30).map(str.strip))
def test_a_cell_comes_back_as_it_was(cell: str) -> None:
    assert plain_cell(safe_cell(cell)) == cell
    assert not safe_cell(cell).startswith(("=", "+", "@"))


def test_a_file_guards_every_cell() -> None:
    assert sheet_text([["name", "balance"], ["=HYPERLINK(1)", "-16.10"], ['A "1"', "@x"]]) == (
        'name,balance\r\n\'=HYPERLINK(1),-16.10\r\n"A ""1""",\'@x\r\n'
    )
