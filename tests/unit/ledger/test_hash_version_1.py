"""Hash version 1 in Python: frozen vectors, made from the words of the specification alone."""

from __future__ import annotations

from itertools import pairwise
from uuid import UUID

import numpy as np
import pytest

from mita.kit.clock import to_us
from mita.ledger.domain import (
    HASH_V,
    STORED,
    ChainCheck,
    EntryKind,
    Heads,
    JournalDraft,
    JournalKind,
    Lines,
    SourceKind,
    Unbalanced,
    chain_entries,
    genesis_hash,
    period_days,
)
from tests.unit.ledger import specification
from tests.unit.ledger.vectors import CHAINS, CHARGES, EDGES, TOP_UP, Chain


def draft(chain: Chain) -> JournalDraft:
    journal = chain.journal
    return JournalDraft(
        journal_id=UUID(journal.journal_id),
        estate_id=chain.entries[0].estate,
        kind=JournalKind(journal.kind),
        currency=journal.currency,
        actor=journal.actor,
        memo=journal.memo,
        idempotency_key=journal.idempotency_key,
        booked_at=journal.booked_at,
        period=journal.period,
    )


def stored(chain: Chain) -> np.ndarray:
    """The chain's entries as the verifier reads them from the database."""
    rows = np.zeros(len(chain.entries), dtype=STORED)
    for row, entry, link in zip(rows, chain.entries, chain.hashes, strict=True):
        row["hash_v"] = 1
        row["estate_id"], row["account_id"], row["seq"] = entry.estate, entry.account, entry.seq
        row["period"] = period_days(chain.journal.period)
        row["journal_id"] = np.void(UUID(chain.journal.journal_id).bytes)
        row["line"], row["amount_micro"], row["balance_after_micro"] = (
            entry.line,
            entry.amount,
            entry.balance_after,
        )
        row["event_at"], row["kind"], row["source_kind"] = (
            to_us(entry.event_at),
            entry.kind,
            entry.source_kind,
        )
        row["source_id"], row["quantity_micro"] = entry.source, entry.quantity
        row["digest"], row["hash"] = np.void(bytes.fromhex(chain.digest)), np.void(bytes.fromhex(link))
    return rows


@pytest.mark.parametrize("name", CHAINS)
def test_the_frozen_vectors_are_what_the_specification_says(name: str) -> None:
    chain = CHAINS[name]
    first = chain.entries[0]
    before = specification.genesis(estate=first.estate, account=first.account)
    assert before.hex() == chain.genesis
    assert chain.journal.digest().hex() == chain.digest
    for entry, expected in zip(chain.entries, chain.hashes, strict=True):
        before = entry.hash(before, journal=chain.journal)
        assert before.hex() == expected


@pytest.mark.parametrize("name", CHAINS)
def test_the_product_makes_the_same_genesis_and_digest(name: str) -> None:
    chain = CHAINS[name]
    first = chain.entries[0]
    assert HASH_V == 1
    assert genesis_hash(estate_id=first.estate, account_id=first.account).hex() == chain.genesis
    assert draft(chain).digest().hex() == chain.digest


@pytest.mark.parametrize("name", CHAINS)
def test_the_verifier_accepts_the_frozen_links_and_nothing_else(name: str) -> None:
    chain = CHAINS[name]
    rows = stored(chain)
    assert link_breaks(rows) == []
    for field in ("hash_v", "journal_id", "line", "event_at", "kind", "source_kind", "source_id", "digest"):
        broken = rows.copy()
        raw = bytearray(broken[field][0].tobytes())
        raw[-1] ^= 1
        broken[field][:1] = np.frombuffer(bytes(raw), dtype=broken[field].dtype)
        assert len(link_breaks(broken)) == 1, field


def link_breaks(rows: np.ndarray) -> list[str]:
    check = ChainCheck()
    check.feed(rows)
    return [one.place for one in check.breaks if "hash" in one.detail]


def chained(chain: Chain, *, other_account: int = 3) -> tuple[list[str], list[int], list[int]]:
    """Hashes, seqs and balances of the vectors' account; one line elsewhere balances the journal."""
    amounts = [entry.amount for entry in chain.entries]
    entries = chain.entries
    first = entries[0]
    heads = Heads(
        account_id=np.array([first.account, other_account]),
        balance_micro=np.array([first.balance_after - first.amount, 0]),
        seq=np.array([first.seq - 1, 0]),
        booked_us=np.array([0, 0]),
        period_day=np.array([0, 0]),
        accrued_micro=np.array([0, 0]),
        hash=[bytes.fromhex(chain.genesis), bytes(32)],
    )

    def column(name: str, last: int) -> np.ndarray:
        return np.array([*(getattr(entry, name) for entry in entries), last], dtype=np.int64)

    lines = Lines(
        account=np.array([0] * len(entries) + [1]),
        amount_micro=column("amount", -sum(amounts)),
        quantity_micro=column("quantity", 0),
        event_us=np.array([*(to_us(entry.event_at) for entry in entries), 0]),
        kind=column("kind", int(EntryKind.INCOME)),
        source_kind=column("source_kind", int(SourceKind.NONE)),
        source_id=column("source", 0),
    )
    made = chain_entries(heads, lines, journal=draft(chain))
    count = len(entries)
    return (
        [bytes(link).hex() for link in made.hash[:count]],
        made.seq[:count].tolist(),
        made.balance_after_micro[:count].tolist(),
    )


def test_posting_makes_the_frozen_chain_of_charges() -> None:
    hashes, seqs, balances = chained(CHARGES)
    assert tuple(hashes) == CHARGES.hashes
    assert seqs == [1, 2, 3]
    assert balances == [-2_300_000, -2_300_001, 0]


def test_posting_makes_the_frozen_hash_of_the_top_up_at_its_own_line() -> None:
    # in the vector it is line 1 of the journal: the other line comes first
    entry = TOP_UP.entries[0]
    heads = Heads(
        *(np.array(pair) for pair in ([9, 42], *[[0, 0]] * 5)),
        [bytes(32), bytes.fromhex(TOP_UP.genesis)],
    )
    event = to_us(entry.event_at)
    none = np.zeros(2, dtype=np.int64)
    lines = Lines(
        account=np.array([0, 1]),
        amount_micro=np.array([-entry.amount, entry.amount]),
        quantity_micro=none,
        event_us=np.array([event, event]),
        kind=np.array([int(EntryKind.CLEARING), int(EntryKind.TOP_UP)]),
        source_kind=none,
        source_id=none,
    )
    made = chain_entries(heads, lines, journal=draft(TOP_UP))
    assert (bytes(made.hash[1]).hex(),) == TOP_UP.hashes
    assert bytes(made.after.hash[1]).hex() == TOP_UP.hashes[0]


def test_a_journal_that_does_not_sum_to_zero_is_not_booked() -> None:
    heads = Heads(*(np.array(pair) for pair in ([9, 42], *[[0, 0]] * 5)), [bytes(32), bytes(32)])
    none = np.zeros(2, dtype=np.int64)
    lines = Lines(np.array([0, 1]), np.array([-50_000_000, 50_000_001]), *[none] * 5)
    with pytest.raises(Unbalanced, match="journal ffffffff-ffff-7fff-bfff-ffffffffffff is off by 1 micro"):
        chain_entries(heads, lines, journal=draft(TOP_UP))


def test_the_numbers_that_are_hashed_are_never_reused() -> None:
    assert {kind.name: kind.value for kind in JournalKind}.items() >= {"CHARGE": 1, "TOP_UP": 2}.items()
    assert {kind.name: kind.value for kind in EntryKind}.items() >= {
        "CHARGE": 1,
        "CORRECTION": 2,
        "INCOME": 3,
        "TAX": 4,
        "TOP_UP": 5,
        "CLEARING": 6,
    }.items()
    assert {kind.name: kind.value for kind in SourceKind}.items() >= {"NONE": 0, "REGISTER": 1}.items()


def test_the_vectors_differ_where_they_must() -> None:
    every = [link for chain in CHAINS.values() for link in (chain.digest, chain.genesis, *chain.hashes)]
    assert len(set(every)) == len(every) == 3 * 2 + 3 + 1 + 2
    assert all(earlier.seq < later.seq for earlier, later in pairwise(CHARGES.entries))
    assert EDGES.entries[0].amount == -(2**63)
