"""A locked month: nobody opens it again, and what a thief puts into it is found."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import psycopg
import pytest

from .small import NOW, RAND, WALLETS, SmallLedger, small_ledger
from .tables import picture
from .test_periods import IN_APRIL, MARCH, close, lock

if TYPE_CHECKING:
    from mita.entrypoints.embedded.postgres import EmbeddedPostgres
    from mita.kit.db import Database

REOPENINGS = (
    "UPDATE period SET state = 1, locked_at = NULL, entries = NULL, turnover_micro = NULL",
    "UPDATE period SET entries = entries + 1",
    "UPDATE period SET period = period + interval '1 month'",
    "DELETE FROM period",
    "TRUNCATE period",
    "INSERT INTO period VALUES (1, '2026-02-01', 1, 'thief', now(), NULL, NULL, NULL)",
    "INSERT INTO period VALUES (1, '2026-06-01', 2, 'thief', now(), now(), 0, 0)",
    "UPDATE account_opening SET opening_micro = 0",
    "DELETE FROM account_opening",
    "TRUNCATE account_opening",
)


@pytest.mark.parametrize("is_owner", [False, True], ids=["the app", "the owner"])
async def test_no_month_opens_again(
    database: Database,
    database_name: str,
    postgres: EmbeddedPostgres,
    admin: psycopg.Connection,
    *,
    is_owner: bool,
) -> None:
    books = await small_ledger(database, money=10)
    assert books.estate_id == 1
    await close(books, MARCH)
    await lock(books, MARCH)
    before = picture(admin, estate_id=1)
    url = postgres.admin_url(database_name) if is_owner else postgres.app_url(database_name)
    refusals = (psycopg.errors.RestrictViolation, psycopg.errors.InsufficientPrivilege)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT set_config('mita.estates', '1', false)")
        for statement in REOPENINGS:
            with pytest.raises(refusals[:1] if is_owner else refusals):
                connection.execute(statement)
        # a journal of the locked month, entries and all
        with pytest.raises(psycopg.Error) as refused:
            connection.execute(SMUGGLED, smuggled(books, admin, books.wallet(0), books.wallet(1)))
        assert refused.value.sqlstate == "MT003"
    assert picture(admin, estate_id=1) == before


# one transaction's worth: the journal, its two entries with right hashes, the heads
SMUGGLED = """
    WITH sides (account_id, amount, line) AS (VALUES (%(a)s::bigint, -5::bigint, 0), (%(b)s, 5, 1)),
    made AS (
        INSERT INTO journal VALUES (%(estate)s, %(journal)s, 5, 'ZAR', 'thief', '', '', %(booked)s,
            '2026-03-01', ledger_journal_digest(5::smallint, 'thief', 'ZAR', '', %(booked)s, ''))
        RETURNING *
    ), chained AS (
        SELECT a.account_id, a.head_seq + 1 AS seq, s.amount, a.posted_micro + s.amount AS after, s.line,
            ledger_entry_hash(a.head_hash, 1::smallint, a.estate_id, a.account_id, a.head_seq + 1,
                '2026-03-01', %(journal)s, s.line, s.amount, a.posted_micro + s.amount, %(booked)s,
                9::smallint, 0::smallint, 0, 0, made.digest) AS hash
        FROM sides AS s JOIN account AS a ON a.estate_id = %(estate)s AND a.account_id = s.account_id, made
    ), moved AS (
        UPDATE account AS a SET head_seq = c.seq, head_hash = c.hash, posted_micro = c.after
        FROM chained AS c WHERE a.estate_id = %(estate)s AND a.account_id = c.account_id
    )
    INSERT INTO entry (estate_id, account_id, seq, amount_micro, balance_after_micro, quantity_micro,
        source_id, event_at, journal_id, period, line, kind, source_kind, hash_v, hash)
    SELECT %(estate)s, account_id, seq, amount, after, 0, 0, %(booked)s, %(journal)s, '2026-03-01', line,
        9, 0, 1, hash FROM chained
"""


def smuggled(books: SmallLedger, admin: psycopg.Connection, from_id: int, to_id: int) -> dict[str, object]:
    name = hashlib.md5(f"{from_id} {to_id}".encode(), usedforsecurity=False).hexdigest()
    return {"estate": books.estate_id, "journal": name, "booked": NOW, "a": from_id, "b": to_id}


@pytest.mark.parametrize("is_new", [False, True], ids=["old accounts", "accounts of April"])
async def test_an_entry_smuggled_into_a_locked_month_is_found(
    database: Database, admin: psycopg.Connection, *, is_new: bool
) -> None:
    books = await small_ledger(database, money=10)
    await close(books, MARCH)
    await lock(books, MARCH)
    await books.open(["payable:a", "payable:b"])
    sides = ("payable:a", "payable:b") if is_new else WALLETS[:2]
    assert await books.breaks() == []
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        admin.execute(SMUGGLED, smuggled(books, admin, *(books.ids[code] for code in sides)))
    found = await books.breaks()
    assert ("identities", "month 2026-03") in found
    assert {verifier for verifier, _ in found} == {"identities"}
    if not is_new:
        assert {("identities", f"account {books.ids[code]}") for code in sides} <= set(found)


async def test_a_smuggler_who_has_later_entries_breaks_the_chain_too(
    database: Database, admin: psycopg.Connection
) -> None:
    books = await small_ledger(database, money=10)
    await close(books, MARCH)
    await lock(books, MARCH)
    await books.transfer(books.wallet(0), books.wallet(1), RAND, now=IN_APRIL)
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        admin.execute(SMUGGLED, smuggled(books, admin, books.wallet(0), books.wallet(1)))
    assert ("chain", f"account {books.wallet(0)} entry 3") in await books.breaks()
