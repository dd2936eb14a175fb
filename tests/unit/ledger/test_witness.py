"""Witnesses: what checkpoints say of entries, held against any order of pieces of any ledger."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mita.ledger.domain import Witnesses

ABSENT, SAME, OTHER = 0, 1, 2
# small numbers meet often; the others are those of a forger
ACCOUNTS = st.sampled_from([-(2**63), 1, 2, 3, 7, 2**63 - 1])
SIGNED = st.integers(0, 4)
STORED = st.sampled_from([-(2**63), -1, 0, 1, 2, 3, 4, 2**40 - 1, 2**40, 2**63 - 1])
CONTENTS = st.tuples(st.integers(0, 2), st.integers(-2, 2))
SAYINGS = st.tuples(ACCOUNTS, SIGNED, st.integers(0, 2), st.integers(-2, 2))


def arrays(rows: list[tuple[int, int, int, int]]):
    """Return columns of (account, seq, a number for the hash, balance)."""
    hashes = b"".join(bytes([number]) * 32 for _, _, number, _ in rows)
    return (
        np.array([row[0] for row in rows], dtype=np.int64),
        np.array([row[1] for row in rows], dtype=np.int64),
        np.frombuffer(hashes, dtype="V32"),
        np.array([row[3] for row in rows], dtype=np.int64),
    )


@given(
    st.lists(SAYINGS, max_size=12),
    st.dictionaries(
        st.tuples(ACCOUNTS, STORED), st.tuples(st.integers(0, 2), st.integers(-2, 2)), max_size=20
    ),
    st.integers(1, 6),
)
def test_each_witness_finds_its_entry_whatever_the_pieces(said, ledger, size) -> None:
    account, seq, hashes, balance = arrays(said)
    witnesses = Witnesses(account, seq, hashes, balance)
    entries = [(*place, *ledger[place]) for place in sorted(ledger)]
    for start in range(0, len(entries), size):
        shown_account, shown_seq, shown_hash, shown_balance = arrays(entries[start : start + size])
        witnesses.see(shown_account, shown_seq, shown_balance, shown_hash)
    for (account_id, number, hash_, micro), verdict in zip(said, witnesses.verdict.tolist(), strict=True):
        entry = ledger.get((account_id, number))
        expected = ABSENT if entry is None else SAME if entry == (hash_, micro) else OTHER
        assert verdict == expected
