"""Supplies that were off before stops were known come back as before."""

from __future__ import annotations

from datetime import UTC, datetime

from mita.credit import queries
from mita.kit.db import Database
from mita.migrations.runner import migrate
from mita.wallets import operations as wallets
from mita.wallets.operations import TopUp

from .test_migrations import SEEDS, Empty, empty  # noqa: F401 - a fixture

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
# unit 1 is out where the rule cuts, and was asked off twice; unit 2 is out where it only tells, unit 3 is low
OUT = """
INSERT INTO meter VALUES (1, 3, 2, 'E2', 'electricity', NULL, NULL, 0, '2026-02-20 08:00:00+00'),
    (1, 4, 1, 'W1', 'water', NULL, NULL, 0, '2026-02-20 08:00:00+00');
INSERT INTO credit_rule VALUES (1, 'water', false, 0, 0, 0, '2026-02-20 08:00:00+00');
INSERT INTO wallet VALUES (1, 2, 2, '2026-02-20 08:00:00+00');
INSERT INTO account
    (estate_id, account_id, code, currency, posted_micro, held_micro, floor_micro, head_seq, head_hash)
VALUES (1, 11, 'wallet:2:electricity', 'ZAR', 0, 0, 0, 0, ledger_genesis_hash(1, 11)),
    (1, 12, 'wallet:1:water', 'ZAR', 0, 0, 0, 0, ledger_genesis_hash(1, 12));
UPDATE wallet_account SET standing = 2 WHERE account_id = 1;
INSERT INTO wallet_account VALUES (1, 11, 2, 'electricity', 20000000, 0, 10000000, 1),
    (1, 12, 1, 'water', 0, 0, 0, 2);
INSERT INTO supply_command VALUES
    (1, '019ca6c0-0000-7000-8000-000000000004', 1, 'electricity', 'off', 'failed', 'used up', 1, 0,
     '2026-03-01 05:00:00+00', '2026-03-01 05:00:02+00', '2026-03-08 05:00:00+00'),
    (1, '019ca6c0-0000-7000-8000-000000000005', 1, 'electricity', 'off', 'confirmed', 'used up', 1, 0,
     '2026-03-01 06:00:00+00', '2026-03-01 06:00:02+00', '2026-03-08 06:00:00+00');
"""


async def test_who_was_out_has_a_stop_and_money_restores(empty: Empty) -> None:  # noqa: F811 - the fixture
    # given
    migrate(empty.admin_url, revision="0003")
    empty.run(SEEDS["0001"].read_text(encoding="utf-8"))
    empty.run(OUT)
    # when
    migrate(empty.admin_url)
    # then
    found = empty.rows("SELECT unit_id, utility, cause, since, due_at, until, is_asked FROM supply_stop")
    asked_at = datetime(2026, 3, 1, 6, tzinfo=UTC)
    assert found == [(1, "electricity", "balance", asked_at, asked_at, None, True)]
    database = Database(empty.app_url)
    try:
        async with database.unit_of_work(estates=[1]) as session:
            await wallets.receive_top_up(
                session,
                estate_id=1,
                top_up=TopUp(1, 1_000_000, "cash", "slip", "electricity"),
                idempotency_key="k",
                actor="staff:test",
                now=NOW,
            )
        async with database.unit_of_work(estates=[1]) as session:
            (newest, *_) = await queries.commands(session, estate_id=1)
            assert (newest.action, newest.state, newest.unit_id) == ("on", "asked", 1)
            assert await queries.stops(session, estate_id=1) == []
    finally:
        await database.close()
