"""Prices that were in force before there were notices are no news; who heard of money hears of prices."""

from __future__ import annotations

from datetime import date

from mita.migrations.runner import migrate

from .test_migrations import SEEDS, Empty, empty  # noqa: F401 - a fixture

MORE = """
INSERT INTO rate_assignment
    (estate_id, utility, effective_from, rate_table_id, created_at, effective_until, actor)
SELECT 1, utility, '2099-01-01', rate_table_id, created_at, '2099-02-01', 'staff:ann' FROM rate_table
WHERE estate_id = 1 LIMIT 1;
INSERT INTO person (name, created_at) VALUES ('Ann', now()), ('Ben', now()), ('Cy', now());
INSERT INTO access_grant
    (estate_id, grant_id, wallet_id, person_id, rights, hears, granted_at, granted_by, revoked_at, revoked_by)
VALUES
    (1, '01930000-0000-7000-8000-000000000001', 1, 1, 'view', '{low_balance}', now(), 's', NULL, NULL),
    (1, '01930000-0000-7000-8000-000000000002', 1, 2, 'view', '{}', now(), 's', NULL, NULL),
    (1, '01930000-0000-7000-8000-000000000003', 1, 3, 'view', '{low_balance}', now(), 's', now(), 's');
"""


def test_only_what_is_to_come_waits_for_its_notice(empty: Empty) -> None:  # noqa: F811 - the fixture
    # given
    migrate(empty.admin_url, revision="0003")
    empty.run(SEEDS["0001"].read_text(encoding="utf-8"))
    migrate(empty.admin_url, revision="0013")
    empty.run(MORE)
    # when
    migrate(empty.admin_url)
    # then
    waiting = empty.rows(
        "SELECT a.effective_from FROM rate_assignment AS a WHERE NOT EXISTS (SELECT FROM rate_notice AS n"
        " WHERE n.rate_assignment_id = a.rate_assignment_id AND n.finished_at IS NOT NULL)"
    )
    assert waiting == [(date(2099, 1, 1),)]
    assert empty.rows("SELECT count(*) > 0, bool_and(told = 0) FROM rate_notice") == [(True, True)]
    heard = empty.rows("SELECT hears FROM access_grant ORDER BY person_id")
    assert heard == [(["low_balance", "rate_change", "reading_due"],), ([],), (["low_balance"],)]
