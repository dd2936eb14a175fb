"""A wallet that falls below its minimum asks for a top-up, once, until one comes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from mita.credit.domain import Rule
from mita.kit.errors import Invalid
from mita.notifications import queries as notification_queries
from mita.notifications.domain import AlertKind
from mita.wallets import jobs, queries
from mita.wallets import operations as wallets
from mita.wallets.domain import Access, Right, Target
from tests.integration.people import STAFF, new_person
from tests.integration.wallets.homes import KWH, RAND, new_home
from tests.integration.world import NOW, at

LOW = Rule("electricity", is_cutting=False, low_micro=40 * RAND, cut_micro=-500 * RAND, restore_micro=0)


async def set_target(home, minimum, target, *, is_on=True):
    async with home.world.unit_of_work() as session:
        await wallets.set_balance_target(
            session,
            estate_id=home.world.estate_id,
            wallet_id=home.wallet_id,
            target=Target(minimum * RAND, target * RAND, is_on),
            now=NOW,
        )


async def check(home):
    async with home.world.unit_of_work() as session:
        return await wallets.check_targets(session, estate_id=home.world.estate_id, now=NOW)


async def requests(home):
    async with home.world.unit_of_work() as session:
        rows = await queries.top_up_requests(
            session, estate_id=home.world.estate_id, wallet_id=home.wallet_id
        )
    return [(row.amount_micro, row.state) for row in reversed(rows)]


async def alerts(home):
    """Return the open alerts of this kind: to whom and what."""
    async with home.world.unit_of_work() as session:
        rows = await notification_queries.alerts(session, estate_id=home.world.estate_id, person_id=None)
    return [
        (row.person_id, row.subject, row.detail)
        for row in rows
        if row.kind == "top_up_wanted" and row.resolved_at is None
    ]


async def test_a_crossing_asks_in_the_transaction_that_charges(database):
    home = await new_home(database)
    await home.world.set_rule(LOW)
    await home.top_up("50.00", key="a", utility="electricity")
    await home.top_up("30.00", key="b", utility="water")
    await set_target(home, 70, 200)
    assert await requests(home) == []
    await home.world.charge([("M1", at(0), "0"), ("M1", at(1), "10")])  # 27.00 and 30.00
    assert await requests(home) == [(143 * RAND, "open")]
    detail = {"unit": "U1", "amount": "143.00", "currency": "ZAR"}
    assert await alerts(home) == [(None, f"wallet:{home.wallet_id}", detail)]
    # one is enough, whatever falls further
    await home.world.charge([("M1", at(2), "15")])
    assert await check(home) == 0
    await home.top_up("10.00", key="c", utility="water")
    assert await requests(home) == [(143 * RAND, "open")]
    await home.top_up("14.50", key="d", utility="water")  # 70.00 in all
    assert await requests(home) == [(143 * RAND, "met")]
    assert await alerts(home) == []


async def test_the_job_finds_who_crossed_no_line(database):
    home = await new_home(database)
    await set_target(home, -5, 100)
    await home.world.charge([("M1", at(0), "0"), ("M1", at(1), "10")])
    assert await requests(home) == []
    assert await check(home) == 1
    assert await requests(home) == [(100 * RAND + 10 * KWH, "open")]
    assert await check(home) == 0


async def test_a_target_acts_at_once_and_withdraws_what_it_asked_before(database):
    home = await new_home(database)
    await set_target(home, 50, 100)
    await set_target(home, 50, 300)
    assert await requests(home) == [(100 * RAND, "withdrawn"), (300 * RAND, "open")]
    await set_target(home, 50, 300, is_on=False)
    assert await requests(home) == [(100 * RAND, "withdrawn"), (300 * RAND, "withdrawn")]
    assert await alerts(home) == []
    assert await check(home) == 0
    with pytest.raises(Invalid, match="at least minimum"):
        await set_target(home, 50, 49)


async def test_who_hears_of_it_is_told_instead_of_staff(database):
    home = await new_home(database, water=False)
    parent = await new_person(database, "Parent")
    async with home.world.unit_of_work() as session:
        await wallets.grant_access(
            session,
            estate_id=home.world.estate_id,
            wallet_id=home.wallet_id,
            person_id=parent.person_id,
            access=Access(Right.TOP_UP, None, (AlertKind.TOP_UP_WANTED,)),
            caller=STAFF,
            now=NOW,
        )
    await set_target(home, 50, 100)
    assert [person for person, _, _ in await alerts(home)] == [parent.person_id]


async def test_the_job_looks_at_every_target(database):
    home = await new_home(database, water=False)
    await set_target(home, -5, 100)
    await home.world.charge([("M1", at(0), "0"), ("M1", at(1), "10")])
    for _ in range(2):
        await jobs.check_targets(SimpleNamespace(additional_context={"database": database}), 0)
    assert await requests(home) == [(100 * RAND + 10 * KWH, "open")]
