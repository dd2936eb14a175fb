"""A thief with the database owner's password: what each verifier sees of each attack, and what it does not.

The triggers are switched off, as the owner can; the signing key and the published notes are elsewhere.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mita.kit.db import Database
from tests.integration.ledger.notary import TestNotary
from tests.integration.world import NOW, World, at, new_world

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres

WALLET = "(SELECT account_id FROM account WHERE estate_id = 1 AND code = 'wallet:1:electricity')"
OF_WALLET = f"WHERE estate_id = 1 AND account_id = {WALLET}"
OF_JOURNAL = "WHERE estate_id = 1 AND idempotency_key = 'slip 0'"
DIGEST = "ledger_journal_digest(kind, actor, currency::text, memo, booked_at, idempotency_key)"

# all chains, running balances and heads, made anew from the amounts by the database's own functions
REHASH = f"""
DO $$
DECLARE
    a record; one record; link bytea; total bigint; place bigint;
BEGIN
    UPDATE journal SET digest = {DIGEST};
    FOR a IN SELECT * FROM account LOOP
        link := ledger_genesis_hash(a.estate_id, a.account_id); total := 0; place := 0;
        FOR one IN
            SELECT e.*, j.digest FROM entry AS e JOIN journal AS j USING (estate_id, journal_id)
            WHERE e.estate_id = a.estate_id AND e.account_id = a.account_id ORDER BY e.seq
        LOOP
            place := place + 1; total := total + one.amount_micro;
            link := ledger_entry_hash(
                link, one.hash_v, one.estate_id, one.account_id, place, one.period, one.journal_id, one.line,
                one.amount_micro, total, one.event_at, one.kind, one.source_kind, one.source_id,
                one.quantity_micro, one.digest
            );
            UPDATE entry AS e SET seq = place, balance_after_micro = total, hash = link
            WHERE e.estate_id = one.estate_id AND e.account_id = one.account_id AND e.seq = one.seq;
        END LOOP;
        UPDATE account AS c SET posted_micro = total, head_seq = place, head_hash = link
        WHERE c.estate_id = a.estate_id AND c.account_id = a.account_id;
    END LOOP;
END $$
"""
MEND_HEAD = f"""
UPDATE account AS a SET posted_micro = e.balance_after_micro, head_seq = e.seq, head_hash = e.hash
FROM (SELECT * FROM entry {OF_WALLET} ORDER BY seq DESC LIMIT 1) AS e
WHERE a.estate_id = e.estate_id AND a.account_id = e.account_id
"""
LAST = f"(SELECT max(seq) FROM entry {OF_WALLET})"
FORGET_WALLET = [
    f"CREATE TEMPORARY TABLE gone AS SELECT DISTINCT journal_id FROM entry {OF_WALLET}",
    "DELETE FROM entry WHERE journal_id IN (SELECT journal_id FROM gone)",
    "DELETE FROM journal WHERE journal_id IN (SELECT journal_id FROM gone)",
    "DELETE FROM request WHERE journal_id IN (SELECT journal_id FROM gone)",
    f"DELETE FROM account {OF_WALLET}",
    REHASH,
]
NOBODY: set[str] = set()
ATTACKS: dict[str, tuple[list[str], set[str]]] = {
    "one amount is edited": (
        [f"UPDATE entry SET amount_micro = amount_micro + 1000000 {OF_WALLET} AND seq = 2"],
        {"chain", "identities"},
    ),
    "the last entries are deleted, the head mended": (
        [f"DELETE FROM entry {OF_WALLET} AND seq >= {LAST} - 1", MEND_HEAD],
        {"identities", "checkpoints"},
    ),
    "history is rewritten and hashed anew": (
        [
            # a million less is paid, on both sides of the journal
            f"UPDATE entry SET amount_micro = amount_micro + 1000000 {OF_WALLET} AND seq = 2",
            (
                "UPDATE entry SET amount_micro = amount_micro - 1000000 WHERE estate_id = 1 AND kind = 3"
                f" AND journal_id = (SELECT journal_id FROM entry {OF_WALLET} AND seq = 2)"
            ),
            REHASH,
        ],
        {"checkpoints"},
    ),
    "a wallet is deleted": (
        [f"DELETE FROM entry {OF_WALLET}", f"DELETE FROM account {OF_WALLET}"],
        {"identities", "checkpoints"},
    ),
    "a wallet is deleted with the other side of its journals": (FORGET_WALLET, {"checkpoints"}),
    "two entries are swapped": (
        [
            f"UPDATE entry SET seq = 99 {OF_WALLET} AND seq = 2",
            f"UPDATE entry SET seq = 2 {OF_WALLET} AND seq = 3",
            f"UPDATE entry SET seq = 3 {OF_WALLET} AND seq = 99",
        ],
        {"chain"},
    ),
    "a memo is edited": ([f"UPDATE journal SET memo = 'cash: another slip' {OF_JOURNAL}"], {"identities"}),
    "a memo is edited, and its digest": (
        [
            f"UPDATE journal SET memo = 'cash: another slip' {OF_JOURNAL}",
            f"UPDATE journal SET digest = {DIGEST} {OF_JOURNAL}",
        ],
        {"chain"},
    ),
    "a memo is edited, and everything hashed anew": (
        [f"UPDATE journal SET memo = 'cash: another slip' {OF_JOURNAL}", REHASH],
        {"checkpoints"},
    ),
    "a journal is moved to another month": (
        [f"UPDATE journal SET period = '2026-02-01' {OF_JOURNAL}"],
        {"identities"},
    ),
    "money is held that nobody asked to hold": (
        [f"UPDATE account SET held_micro = held_micro + 1 {OF_WALLET}"],
        {"identities"},
    ),
    "the checkpoints are deleted from the table": (["DELETE FROM checkpoint"], NOBODY),
    "history is rewritten, the table's checkpoints deleted": (
        [
            f"UPDATE journal SET memo = 'cash: another slip' {OF_JOURNAL}",
            REHASH,
            "DELETE FROM checkpoint",
        ],
        {"checkpoints"},
    ),
    "an account that had nothing yet is deleted": (
        ["DELETE FROM account WHERE estate_id = 1 AND code = 'wallet:2:electricity'"],
        {"checkpoints"},
    ),
}


async def lived_in(database: Database) -> World:
    """Two wallets: one with five charges of a journal each and two receipts, one that has nothing yet."""
    world = await new_world(database, meters=2)
    for hour in range(6):
        await world.charge([("M1", at(hour), str(hour))])
    for number in range(2):
        await world.top_up("50.00", key=f"slip {number}")
    return world


def steal(admin: psycopg.Connection, statements: list[str]) -> None:
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            done = admin.execute(statement)
            assert done.rowcount != 0, f"the attack did nothing: {statement}"


@pytest.fixture
def notary(tmp_path: Path) -> TestNotary:
    return TestNotary(tmp_path)


@pytest.mark.parametrize("name", ATTACKS)
async def test_an_attack_is_seen_by_whom_the_table_names_and_by_nobody_else(
    database: Database, admin: psycopg.Connection, notary: TestNotary, name: str
) -> None:
    statements, seen_by = ATTACKS[name]
    world = await lived_in(database)
    await notary.take(database, estate_id=world.estate_id)
    before = await notary.verify(database, estate_id=world.estate_id)
    assert (before.is_verified, before.checkpoints) == (True, 1)
    assert before.entries >= 15
    steal(admin, statements)
    found = await notary.verify(database, estate_id=world.estate_id)
    assert {each.verifier for each in found.breaks} == seen_by, found.breaks
    assert found.is_verified is (not seen_by)


async def test_a_rewrite_names_every_account_it_touched(
    database: Database, admin: psycopg.Connection, notary: TestNotary
) -> None:
    world = await lived_in(database)
    await notary.take(database, estate_id=world.estate_id)
    steal(admin, [f"UPDATE journal SET memo = 'cash: another slip' {OF_JOURNAL}", REHASH])
    found = await notary.verify(database, estate_id=world.estate_id)
    touched = admin.execute(
        "SELECT account_id, head_seq FROM account WHERE estate_id = 1"
        " AND code IN ('wallet:1:electricity', 'clearing:cash') ORDER BY account_id"
    ).fetchall()
    assert len(touched) == 2
    assert [(each.place, each.detail) for each in found.breaks] == [
        (
            f"account {account_id}",
            f"entry {seq} is not the one that the checkpoint of 2026-03-20T12:00:00Z signed",
        )
        for account_id, seq in touched
    ]


async def test_a_rewrite_of_what_came_after_the_checkpoint_waits_for_the_next_one(
    database: Database, admin: psycopg.Connection, notary: TestNotary
) -> None:
    """What no checkpoint has signed yet, none can defend: that is why there is one each day."""
    world = await lived_in(database)
    await notary.take(database, estate_id=world.estate_id)
    await world.top_up("70.00", key="after")
    newest = "WHERE estate_id = 1 AND idempotency_key = 'after'"
    steal(admin, [f"UPDATE journal SET memo = 'cash: another slip' {newest}", REHASH])
    assert (await notary.verify(database, estate_id=world.estate_id)).is_verified


async def test_an_old_backup_is_flagged_as_older_than_the_checkpoint(
    postgres: EmbeddedPostgres, notary: TestNotary, database_name: str
) -> None:
    database = Database(postgres.app_url(database_name))
    world = await lived_in(database)
    await notary.take(database, estate_id=world.estate_id)
    await database.close()
    backup = f"{database_name}_backup"
    postgres.create_database(backup, template=database_name)
    try:
        database = Database(postgres.app_url(database_name))
        world = World(database, world.estate_id, world.unit_ids, world.meter_ids)
        await world.top_up("70.00", key="after", now=NOW + timedelta(hours=1))
        later = NOW + timedelta(hours=2)
        await notary.take(database, estate_id=world.estate_id, now=later)
        assert (await notary.verify(database, estate_id=world.estate_id, now=later)).is_verified
        await database.close()
        restored = Database(postgres.app_url(backup))
        found = await notary.verify(restored, estate_id=world.estate_id, now=later)
        await restored.close()
    finally:
        postgres.drop_database(backup)
    assert {each.verifier for each in found.breaks} == {"checkpoints"}
    # the wallet and the clearing account: the two that the receipt of 70.00 moved
    assert len(found.breaks) == 2
    for each in found.breaks:
        assert "the database is older than the checkpoint of 2026-03-20T14:00:00Z" in each.detail
    assert found.checkpoints == 2


async def test_an_attack_on_one_estate_does_not_touch_another(
    database: Database, admin: psycopg.Connection, notary: TestNotary
) -> None:
    world = await lived_in(database)
    other = await new_world(database, name="Another")
    await other.charge([("M1", at(h), str(h)) for h in range(3)])
    for each in (world, other):
        await notary.take(database, estate_id=each.estate_id)
    steal(admin, ATTACKS["one amount is edited"][0])
    assert not (await notary.verify(database, estate_id=world.estate_id)).is_verified
    assert (await notary.verify(database, estate_id=other.estate_id)).is_verified
