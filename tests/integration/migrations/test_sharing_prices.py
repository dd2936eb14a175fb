"""Groups that were made with two tables keep them as their prices from the first date on."""

from __future__ import annotations

from datetime import date

from mita.kit.db import Database
from mita.migrations.runner import migrate
from mita.sharing import queries
from mita.sharing.domain import MemberMonth, PriceTerms

from .test_migrations import SEEDS, Empty, empty  # noqa: F401 - a fixture

GROUPS = """
INSERT INTO sharing_group VALUES
    (1, 5, 'Roof', 'AT', 'static', 'static', false, 'fixed', 15, 1, NULL,
     '2026-03-02', '2026-03-02', '2026-03-04', 'staff:test', '2026-03-01 06:00:00+00'),
    (1, 6, 'Hill', 'IT', 'virtual', 'virtual', false, 'none', 60, NULL, NULL,
     '2026-03-02', '2026-03-02', '2026-03-02', 'staff:test', '2026-03-01 06:00:00+00');
INSERT INTO shared_month
    (estate_id, sharing_group_id, unit_id, month, until_on, account_id, old_micro, new_micro, created_at)
VALUES (1, 5, 1, '2026-03-01', '2026-03-04', 1,
    '{0,0,0,0,0,0,0,0,0}', '{12,7,0,14,2,7,1,0,0}', '2026-03-04 06:00:00+00');
"""


async def test_prices_and_months_of_before_are_kept(empty: Empty) -> None:  # noqa: F811 - the fixture
    # given
    migrate(empty.admin_url, revision="0001")
    empty.run(SEEDS["0001"].read_text(encoding="utf-8"))
    migrate(empty.admin_url, revision="0015")
    empty.run(GROUPS)
    # when
    migrate(empty.admin_url)
    # then
    database = Database(empty.app_url)
    try:
        async with database.unit_of_work(estates=[1]) as session:
            prices = [
                await queries.price_terms(session, estate_id=1, sharing_group_id=group_id)
                for group_id in (5, 6)
            ]
            assert prices == [[PriceTerms(date(2026, 3, 2), 1, roles=("supply",))], []]
            months = await queries.shared_months(
                session, estate_id=1, sharing_group_id=5, month=date(2026, 3, 1)
            )
            assert queries.month_of(months[1]) == MemberMonth(12, 7, 0, 14, 2, 7, 1)
    finally:
        await database.close()
