"""Hash version 1 in SQL: the same frozen vectors as in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.ledger.vectors import CHAINS

if TYPE_CHECKING:
    import psycopg

_DIGEST = "SELECT ledger_journal_digest(%s::smallint, %s, %s, %s, %s, %s)"
_HASH = """
    SELECT ledger_entry_hash(%s, 1::smallint, %s, %s, %s, %s, %s::uuid, %s, %s, %s, %s,
                             %s::smallint, %s::smallint, %s, %s, %s)
"""


@pytest.mark.parametrize("name", CHAINS)
def test_sql_makes_the_frozen_genesis_digest_and_hashes(admin: psycopg.Connection, name: str) -> None:
    chain = CHAINS[name]
    journal, first = chain.journal, chain.entries[0]
    # an owner's session may stand in any zone
    admin.execute("SET TIME ZONE 'Australia/Lord_Howe'")
    row = admin.execute("SELECT ledger_genesis_hash(%s, %s)", (first.estate, first.account)).fetchone()
    before = bytes(row[0])
    assert before.hex() == chain.genesis
    values = (
        journal.kind,
        journal.actor,
        journal.currency,
        journal.memo,
        journal.booked_at,
        journal.idempotency_key,
    )
    digest = bytes(admin.execute(_DIGEST, values).fetchone()[0])
    assert digest.hex() == chain.digest
    for entry, expected in zip(chain.entries, chain.hashes, strict=True):
        values = (
            *(before, entry.estate, entry.account, entry.seq, journal.period, journal.journal_id, entry.line),
            *(entry.amount, entry.balance_after, entry.event_at, entry.kind, entry.source_kind),
            *(entry.source, entry.quantity, digest),
        )
        before = bytes(admin.execute(_HASH, values).fetchone()[0])
        assert before.hex() == expected
