"""Exports: cells that no spreadsheet runs, texts that are read back exactly, and what a check finds."""

from __future__ import annotations

import struct
from datetime import UTC, date, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from mita.entrypoints.checkpoints import SigningKey
from mita.ledger.domain import CheckpointKind, EntryKind, JournalKind, SourceKind, sign_checkpoint
from mita.ledger.domain.export import (
    COLUMNS,
    BadRow,
    ExportCheck,
    ExportSeal,
    exact_text,
    kind_words,
    safe_text,
)
from tests.unit.ledger import specification

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


# ── a small ledger, hashed by the words of the specification: 5.00 from account 43 to account 42 ──

SIGNER = SigningKey.of(Ed25519PrivateKey.from_private_bytes(bytes(range(32))), name="mita.example")
NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
JOURNAL = specification.Journal(
    "01930000-0000-7000-8000-000000000001", 2, "staff:console", "ZAR", "=cash", NOON, "", date(2026, 3, 1)
)
NOON_US = "1772712000000000"
AMOUNTS = {42: 5_000_000, 43: -5_000_000}
ENTRIES = [
    specification.Entry(7, account, 1, line, amount, amount, NOON, 5, 0, 0, 0)
    for line, (account, amount) in enumerate(AMOUNTS.items())
]
HASHES = {
    each.account: each.hash(specification.genesis(estate=7, account=each.account), journal=JOURNAL)
    for each in ENTRIES
}


def row(account: int, **changed: str) -> list[str]:
    amount = str(AMOUNTS[account])
    cells = dict(zip(COLUMNS, ["0"] * len(COLUMNS), strict=True)) | {
        "estate_id": "7",
        "account_id": str(account),
        "seq": "1",
        "period": "2026-03-01",
        "journal_id": JOURNAL.journal_id,
        "line": "0" if account == 42 else "1",
        "journal_kind": "2",
        "currency": "ZAR",
        "actor": "staff:console",
        "memo": "'=cash",
        "idempotency_key": "",
        "booked_at_us": NOON_US,
        "entry_kind": "5",
        "amount_micro": amount,
        "balance_after_micro": amount,
        "event_at_us": NOON_US,
        "hash_v": "1",
        "hash": HASHES[account].hex(),
    }
    return list((cells | changed).values())


def seal(*, of_42: bytes | None = None, posted_43: int = -5_000_000) -> ExportSeal:
    leaves = struct.pack(">qqq32sqq", 7, 42, 1, of_42 or HASHES[42], 5_000_000, 0)
    leaves += struct.pack(">qqq32sqq", 7, 43, 1, HASHES[43], posted_43, 0)
    signed = sign_checkpoint(
        leaves, estate_id=7, kind=CheckpointKind.DAILY, period=None, taken_at=NOON, signer=SIGNER
    )
    return ExportSeal(signed.note, leaves, {})


def found(*pieces: list[list[str]], beside: ExportSeal | None = None) -> list[tuple[str, str, str]]:
    """What a check finds in pieces of a file."""
    check = ExportCheck()
    for piece in pieces:
        check.feed(piece, lines=range(2, 2 + len(piece)))
    breaks = check.finish(beside or seal(), keys=[SIGNER.key])
    return [(each.verifier, each.place, each.detail) for each in breaks]


def test_a_file_is_whole_however_it_is_cut_into_pieces() -> None:
    assert found([row(42), row(43)]) == []
    # such as a last piece of one row that was cut off
    assert found([row(42)], [row(43)], []) == []


@pytest.mark.parametrize(
    ("pieces", "places"),
    [
        ([[row(42)], [row(42, seq="2"), row(43)]], []),
        ([[row(42)], [row(43)], [row(42, seq="2")]], ["account 42"]),
        ([[row(42), row(43), row(42, seq="2")]], ["account 42"]),
    ],
)
def test_an_account_may_go_on_in_the_next_piece_and_not_come_again(
    pieces: list[list[list[str]]], places: list[str]
) -> None:
    apart = "its rows do not stand together, in the order of accounts"
    assert [place for _, place, detail in found(*pieces) if detail == apart] == places


def test_balances_that_were_signed_and_do_not_sum_to_zero_are_told() -> None:
    assert found([row(42), row(43)], beside=seal(posted_43=-4_999_999)) == [
        ("identities", "accounts", "their balances sum to 1 instead of zero"),
        ("checkpoints", "account 43", "its balance is -5000000, the checkpoint has -4999999"),
    ]


def test_a_last_entry_with_another_hash_than_was_signed_is_told() -> None:
    assert found([row(42), row(43)], beside=seal(of_42=bytes(32))) == [
        ("checkpoints", "account 42", "the hash of entry 1 is not that of the checkpoint"),
    ]


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("journal_kind", "32768"),
        ("entry_kind", "-32769"),
        ("source_kind", "a word"),
        ("seq", "9223372036854775808"),
        ("booked_at_us", "9223372036854775808"),
        # these would be the right ones again once their width has cut them off
        ("line", "4294967297"),
        ("hash_v", "65537"),
        ("period", "11763217-03-01"),
        # other ways to write the same date
        ("period", "2026-03"),
        ("period", "20260301"),
        ("period", ""),
        ("journal_id", "01930000"),
        ("hash", "ab" * 20),
        ("hash", "zz" * 20),
        ("memo", "\ud800"),
    ],
)
def test_a_cell_that_its_column_cannot_hold_is_named(column: str, cell: str) -> None:
    with pytest.raises(BadRow) as caught:
        ExportCheck().feed([row(42), row(43, **{column: cell})], lines=[2, 3])
    assert caught.value.line == 3
    assert str(caught.value) == f"line 3: {column} cannot be {cell!r}"
