"""Witnesses: what checkpoints say of entries, held against any order of pieces of any ledger."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from mita.entrypoints.checkpoints import SigningKey
from mita.ledger.domain import CheckpointKind, Published, SignedHeads, Witnesses, sign_checkpoint
from tests.unit.ledger import specification

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


# ── what is wrong with an account against its leaf ──

SIGNER = SigningKey.of(Ed25519PrivateKey.from_private_bytes(bytes(range(32))), name="mita.example")
TAKEN_AT = datetime(2026, 3, 31, 22, tzinfo=UTC)


def breaks(leaves: list[tuple[int, int, bytes, int]], head_seqs: dict[int, int]) -> list[tuple[str, str]]:
    """What a checkpoint with leaves (account, seq, hash, balance) says where no entry was seen."""
    raw = b"".join(struct.pack(">qqq32sqq", 7, *each, 0) for each in leaves)
    made = sign_checkpoint(
        raw, estate_id=7, kind=CheckpointKind.DAILY, period=None, taken_at=TAKEN_AT, signer=SIGNER
    )
    heads = SignedHeads(estate_id=7, keys=[SIGNER.key])
    heads.take(Published("place", made.note, raw))
    found = heads.breaks(heads.witnesses(), head_seqs=head_seqs, archived_seqs={})
    return [(each.place, each.detail) for each in found]


def test_an_account_without_entries_has_its_own_beginning() -> None:
    genesis = {each: specification.genesis(estate=7, account=each) for each in (42, 43, 44)}
    told = breaks(
        [(42, 0, genesis[42], 0), (43, 0, genesis[42], 0), (44, 0, genesis[44], 1)], {42: 3, 43: 0, 44: 0}
    )
    said = "the checkpoint of 2026-03-31T22:00:00Z has another beginning of it"
    assert told == [("account 43", said), ("account 44", said)]


def test_a_signed_entry_that_is_gone_is_told() -> None:
    assert breaks([(42, 3, bytes(32), 0)], {42: 4}) == [
        ("account 42", "entry 3 was signed in the checkpoint of 2026-03-31T22:00:00Z, and it is gone")
    ]


def test_the_first_ten_accounts_of_a_checkpoint_are_named() -> None:
    told = breaks([(account, 1, bytes(32), 0) for account in range(1, 14)], {})
    assert [place for place, _ in told] == [f"account {each}" for each in range(1, 11)]
    assert told[0][1] == "the checkpoint of 2026-03-31T22:00:00Z has it with 1 entries, and it is gone"
