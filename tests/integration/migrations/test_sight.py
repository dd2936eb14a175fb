"""Access that was given before sight had a beginning begins with the occupancy, if one tells."""

from __future__ import annotations

from datetime import UTC, datetime

from mita.migrations.runner import migrate

from .test_migrations import SEEDS, Empty, empty  # noqa: F401 - a fixture

# the seed has an entry of half past midnight and one of an hour after midnight on the first of March (UTC);
# a handover's comes on the third
MORE = """
INSERT INTO person (name, created_at) SELECT 'P' || n, now() FROM generate_series(1, 5) AS n;
INSERT INTO access_grant (estate_id, grant_id, wallet_id, person_id, rights, hears, granted_at, granted_by)
SELECT 1, ('01930000-0000-7000-8000-00000000000' || n)::uuid, 1, n, 'view', '{}', now(), 's'
FROM generate_series(1, 5) AS n;
INSERT INTO occupancy (estate_id, unit_id, person_id, is_main, from_on, until_on, created_by, created_at)
VALUES
    (1, 1, 1, false, '2026-03-01', NULL, 's', now()), (1, 1, 2, true, '2026-03-02', NULL, 's', now()),
    (1, 1, 3, true, '2026-02-02', '2026-03-02', 's', now()), (1, 1, 4, false, '2026-03-02', NULL, 's', now());
INSERT INTO ownership (estate_id, unit_id, person_id, share_micro, from_on, created_by, created_at)
VALUES (1, 1, 4, 1000000, '2026-02-10', 's', now());
INSERT INTO role_grant (role_grant_id, person_id, role, scope, estate_id, unit_id, granted_by, granted_at)
SELECT gen_random_uuid(), person_id, role, 'unit', 1, 1, by, now() FROM (VALUES
    (2, 'resident', 'system:estates'), (4, 'owner', 'system:estates'), (5, 'resident', 'staff:ann')
) AS given (person_id, role, by);
"""
HANDOVER = """
INSERT INTO journal SELECT 1, '019ca6c0-0000-7000-8000-000000000009', 15, currency, actor, memo, 'h',
    '2026-03-03 00:00:00+00', period, digest FROM journal LIMIT 1;
INSERT INTO entry (estate_id, account_id, seq, amount_micro, balance_after_micro, quantity_micro, source_id,
    event_at, journal_id, period, line, kind, source_kind, hash_v, hash)
SELECT e.estate_id, l.account_id, l.seq, l.part * e.balance_after_micro, 0, 0, 0, '2026-03-03 00:00:00+00',
    '019ca6c0-0000-7000-8000-000000000009', e.period, l.account_id, 27, 1, 1, e.hash
FROM entry AS e, (VALUES (1, 3, -1), (4, 2, 1)) AS l (account_id, seq, part)
WHERE e.account_id = 1 AND e.seq = 2;
"""
FIRST, SECOND = datetime(2026, 2, 28, 22, tzinfo=UTC), datetime(2026, 3, 1, 22, tzinfo=UTC)
GRANTS = "SELECT person_id, sees_from, sees_after FROM access_grant ORDER BY person_id"


def test_what_a_grant_shows_begins_with_the_occupancy(empty: Empty) -> None:  # noqa: F811 - the fixture
    migrate(empty.admin_url, revision="0003")
    empty.run(SEEDS["0001"].read_text(encoding="utf-8"))
    migrate(empty.admin_url, revision="0025")
    empty.run(MORE)
    migrate(empty.admin_url)
    # who is gone, who owns the unit, and of whom no occupancy tells: as before
    assert empty.rows(GRANTS) == [
        (1, FIRST, {}),
        (2, SECOND, {"1": 2}),
        (3, None, {}),
        (4, None, {}),
        (5, None, {}),
    ]
    roles = "SELECT person_id, sees_from FROM role_grant ORDER BY person_id"
    assert empty.rows(roles) == [(2, SECOND), (4, datetime(2026, 2, 9, 22, tzinfo=UTC)), (5, None)]


def test_the_money_of_a_household_begins_after_the_handover(empty: Empty) -> None:  # noqa: F811 - the fixture
    migrate(empty.admin_url, revision="0003")
    empty.run(SEEDS["0001"].read_text(encoding="utf-8"))
    migrate(empty.admin_url, revision="0025")
    empty.run(MORE + HANDOVER)
    migrate(empty.admin_url)
    assert empty.rows(GRANTS)[:2] == [(1, FIRST, {"1": 3}), (2, SECOND, {"1": 3})]
