"""Cells of an export: what a spreadsheet would run is kept from it, and every text is read back exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.ledger.domain import EntryKind, JournalKind, SourceKind
from mita.ledger.domain.export import COLUMNS, BadRow, ExportCheck, exact_text, kind_words, safe_text

RUN = "=+-@\t\r\n"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("", ""),
        ("eft: Receipt 1042", "eft: Receipt 1042"),
        ("=1+1", "'=1+1"),
        ("+27 82 555", "'+27 82 555"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\uff1d1", "'\uff1d1"),
        ("'tis", "''tis"),
        ("a=b", "a=b"),
    ],
)
def test_cells(text: str, cell: str) -> None:
    assert safe_text(text) == cell
    assert exact_text(cell) == text


@given(st.text() | st.text(alphabet="'=+-@a"))
def test_every_text_is_read_back_and_none_begins_a_formula(text: str) -> None:
    cell = safe_text(text)
    assert exact_text(cell) == text
    assert not cell.startswith(tuple(RUN))


def test_kinds_have_one_word_each() -> None:
    for kinds in (JournalKind, EntryKind, SourceKind):
        words = kind_words(kinds)
        assert len(words) == len(kinds)
        assert not any(word.isdecimal() for word in words), "a number stands for a kind without a word"


def test_a_row_of_another_width_is_named() -> None:
    check = ExportCheck()
    with pytest.raises(BadRow, match="line 7: 22 columns instead of 23"):
        check.feed([["0"] * (len(COLUMNS) - 1)], lines=[7])
