"""Groups: a parent with three homes tops one group up and lets the money find its way."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from mita.credit.domain import Rule
from mita.entrypoints.worker.app import create_worker_app
from mita.kit.errors import Invalid, KeyReused, NotFound
from mita.ledger import queries as ledger_queries
from mita.ledger.operations import NotEnough
from mita.notifications import queries as notification_queries
from mita.wallets import operations as wallets
from mita.wallets import queries
from mita.wallets.domain import Distribution, Right, StandingOrder, Way
from mita.wallets.operations import NothingToDistribute, RightMissing, WalletInGroup
from tests.integration.people import STAFF, give, new_person, wallet_ids
from tests.integration.world import NOW, at, new_world

LATER = NOW + timedelta(days=1)
R = 1_000_000


class Family:
    """A world with a group, its owner, and the wallets that are in it."""

    def __init__(self, world, owner, group, wallet_ids):
        self.world, self.owner, self.group, self.wallets = world, owner, group, wallet_ids

    async def top_up(self, amount, *, key="g1"):
        async with self.world.unit_of_work() as session:
            return await wallets.receive_group_top_up(
                session,
                group=self.group,
                amount_micro=amount,
                method="eft",
                reference="r",
                idempotency_key=key,
                actor="staff:test",
                now=NOW,
            )

    async def distribute(self, distribution, *, key="d1"):
        async with self.world.unit_of_work() as session:
            return await wallets.distribute(
                session,
                group=self.group,
                distribution=distribution,
                idempotency_key=key,
                actor=self.owner.actor,
                now=NOW,
            )

    async def preview(self, distribution):
        async with self.world.unit_of_work() as session:
            return await wallets.preview_distribution(session, group=self.group, distribution=distribution)

    async def rule(self, threshold, target, *, is_on=True):
        async with self.world.unit_of_work() as session:
            await wallets.set_distribution_rule(
                session, group=self.group, rule=StandingOrder(is_on, threshold, target), now=NOW
            )

    async def fill(self):
        async with self.world.unit_of_work() as session:
            done = await wallets.fill_group(
                session, estate_id=self.world.estate_id, group_id=self.group.group_id, now=LATER
            )
            return done.parts_micro

    async def balance(self):
        """Return what the group has, what its wallets have by id, and all of it."""
        async with self.world.unit_of_work() as session:
            found = await queries.group_balance(session, group=self.group)
            return found.own_micro, list(found.wallets_micro.values()), found.total_micro

    async def alerts(self):
        async with self.world.unit_of_work() as session:
            rows = await notification_queries.alerts(
                session, estate_id=self.world.estate_id, person_id=None, is_open=True
            )
            return [(row.kind, row.person_id, row.detail) for row in rows if row.kind == "group_low"]


async def new_group(world, owner, *, inside):
    async with world.unit_of_work() as session:
        group = await wallets.create_group(
            session, estate_id=world.estate_id, name="Family", owner_person_id=owner.person_id, now=NOW
        )
        for wallet_id in inside:
            await wallets.add_member(session, group=group, wallet_id=wallet_id, caller=STAFF, now=NOW)
    return group


@pytest.fixture
async def family(database):
    """Three wallets with 0, 50.00 and 400.00, in the group of one owner."""
    world = await new_world(database, meters=3)
    owner = await new_person(database, "Owner")
    inside = await wallet_ids(world)
    group = await new_group(world, owner, inside=inside)
    await world.top_up("50.00", key="a", unit=1)
    await world.top_up("400.00", key="b", unit=2)
    yield Family(world, owner, group, inside)
    assert await world.verified()


# ── money comes in and goes out ──


async def test_the_aggregate_is_the_group_and_all_its_wallets(family):
    assert await family.balance() == (0, [0, 50 * R, 400 * R], 450 * R)
    await family.top_up(300 * R)
    assert await family.balance() == (300 * R, [0, 50 * R, 400 * R], 750 * R)


async def test_a_top_up_is_booked_once(family):
    first = await family.top_up(300 * R)
    again = await family.top_up(300 * R)
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert again.journal_id == first.journal_id
    with pytest.raises(KeyReused):
        await family.top_up(301 * R)
    for amount in (0, -1, 10**15 + 1):
        with pytest.raises(Invalid):
            await family.top_up(amount, key="other")
    assert (await family.balance())[0] == 300 * R


@pytest.mark.parametrize(
    ("distribution", "own", "members"),
    [
        (Distribution(Way.EQUAL), 0, [100, 150, 500]),
        (Distribution(Way.EQUAL, total_micro=30 * R), 270, [10, 60, 410]),
        (Distribution(Way.NEED, target_micro=100 * R), 150, [100, 100, 400]),
    ],
)
async def test_money_is_distributed(family, distribution, own, members):
    await family.top_up(300 * R)
    shown = await family.preview(distribution)
    assert (await family.balance())[0] == 300 * R
    done = await family.distribute(distribution)
    assert (shown.parts_micro, shown.journal_id) == (done.parts_micro, None)
    assert await family.balance() == (own * R, [each * R for each in members], 750 * R)


async def test_by_percent_and_by_amounts(family):
    one, two, three = family.wallets
    await family.top_up(300 * R)
    await family.distribute(Distribution(Way.PERCENT, parts={one: 2_500, three: 5_000}), key="p")
    assert await family.balance() == (75 * R, [75 * R, 50 * R, 550 * R], 750 * R)
    await family.distribute(Distribution(Way.AMOUNTS, parts={two: 75 * R}), key="q")
    assert await family.balance() == (0, [75 * R, 125 * R, 550 * R], 750 * R)


async def test_a_distribution_is_one_journal_and_happens_once(family, admin):
    await family.top_up(300 * R)
    first = await family.distribute(Distribution(Way.EQUAL))
    # by now a second one would find nothing to distribute
    again = await family.distribute(Distribution(Way.EQUAL))
    assert (again.journal_id, again.is_repeat) == (first.journal_id, True)
    assert again.parts_micro == first.parts_micro == dict.fromkeys(family.wallets, 100 * R)
    with pytest.raises(KeyReused):
        await family.distribute(Distribution(Way.EQUAL, total_micro=R))
    journals = admin.execute("SELECT actor, memo FROM journal WHERE kind = 9").fetchall()
    assert journals == [(family.owner.actor, "equal distribution of Family")]


async def test_the_same_order_twice_at_once_happens_once(family):
    await family.top_up(300 * R)
    done = await asyncio.gather(*(family.distribute(Distribution(Way.EQUAL)) for _ in range(4)))
    assert sorted(each.is_repeat for each in done) == [False, True, True, True]
    assert len({each.journal_id for each in done}) == 1
    assert (await family.balance())[0] == 0


async def test_orders_at_once_never_spend_more_than_there_is(family):
    await family.top_up(300 * R)
    orders = (
        family.distribute(Distribution(Way.EQUAL, total_micro=120 * R), key=f"k{number}")
        for number in range(4)
    )
    done = await asyncio.gather(*orders, return_exceptions=True)
    assert sum(isinstance(each, NotEnough) for each in done) == 2
    assert await family.balance() == (60 * R, [80 * R, 130 * R, 480 * R], 750 * R)


async def test_what_cannot_be_distributed_moves_nothing(family):
    one = family.wallets[0]
    with pytest.raises(NothingToDistribute):
        await family.distribute(Distribution(Way.EQUAL))
    await family.top_up(300 * R)
    for distribution, error in [
        (Distribution(Way.EQUAL, total_micro=300 * R + 1), NotEnough),
        (Distribution(Way.AMOUNTS, parts={one: 300 * R + 1}), NotEnough),
        (Distribution(Way.NEED, target_micro=-R), NothingToDistribute),
        (Distribution(Way.NEED), Invalid),
        (Distribution(Way.AMOUNTS, parts={one + 1000: R}), Invalid),
    ]:
        with pytest.raises(error):
            await family.distribute(distribution)
    assert (await family.balance())[0] == 300 * R
    # what was refused has not used the key up
    await family.distribute(Distribution(Way.EQUAL))


async def test_held_money_is_not_distributed(family):
    from mita.ledger import operations as ledger

    await family.top_up(300 * R)
    async with family.world.unit_of_work() as session:
        hold = ledger.Authorisation(family.group.account_id, 200 * R, "reserved", LATER)
        await ledger.place_hold(
            session, estate_id=family.world.estate_id, asked=hold, key="h", actor="staff:test", now=NOW
        )
    await family.distribute(Distribution(Way.EQUAL))
    assert (await family.balance())[0] == 200 * R


# ── members ──


async def test_a_wallet_is_in_one_group_at_a_time(family):
    world, one = family.world, family.wallets[0]
    other = await new_group(world, family.owner, inside=[])

    async def join(group):
        async with world.unit_of_work() as session:
            await wallets.add_member(session, group=group, wallet_id=one, caller=STAFF, now=NOW)

    await join(family.group)
    with pytest.raises(WalletInGroup):
        await join(other)
    async with world.unit_of_work() as session:
        await wallets.remove_member(session, group=family.group, wallet_id=one, now=LATER)
    async with world.unit_of_work() as session:
        with pytest.raises(NotFound):
            await wallets.remove_member(session, group=family.group, wallet_id=one, now=LATER)
    await join(other)
    async with world.unit_of_work() as session:
        assert await queries.members(session, estate_id=world.estate_id, group_id=other.group_id) == [one]
    assert await family.balance() == (0, [50 * R, 400 * R], 450 * R)
    await family.top_up(100 * R)
    await family.distribute(Distribution(Way.EQUAL))
    assert await family.balance() == (0, [100 * R, 450 * R], 550 * R)


async def test_an_owner_adds_the_wallets_that_the_owner_manages(family):
    world, owner = family.world, family.owner
    group = await new_group(world, owner, inside=[])
    one, two, _ = family.wallets
    async with world.unit_of_work() as session:
        await wallets.remove_member(session, group=family.group, wallet_id=one, now=NOW)
    await give(world, owner, wallet_id=one, right=Right.MANAGE)
    await give(world, owner, wallet_id=two, right=Right.TOP_UP)

    async def join(wallet_id):
        async with world.unit_of_work() as session:
            await wallets.add_member(session, group=group, wallet_id=wallet_id, caller=owner, now=NOW)

    await join(one)
    with pytest.raises(RightMissing):
        await join(two)
    with pytest.raises(NotFound):
        await join(family.wallets[2])


async def test_who_may_work_with_a_group(database, family):
    world, stranger = family.world, await new_person(database, "Stranger")
    manager = await new_person(database, "Manager")
    await give(world, manager, wallet_id=family.wallets[0], right=Right.MANAGE)
    ids = {"estate_id": world.estate_id, "group_id": family.group.group_id}
    async with world.unit_of_work() as session:
        for caller in (STAFF, family.owner):
            found = await wallets.require_group(session, **ids, caller=caller)
            assert found.group_id == family.group.group_id
        for caller in (stranger, manager):
            with pytest.raises(NotFound):
                await wallets.require_group(session, **ids, caller=caller)
        # a manager takes the wallet out of a group that is not the manager's
        await wallets.require_leaving(session, **ids, wallet_id=family.wallets[0], caller=manager)
        for wallet_id in (family.wallets[0], family.wallets[1]):
            with pytest.raises(NotFound):
                await wallets.require_leaving(session, **ids, wallet_id=wallet_id, caller=stranger)
        with pytest.raises(NotFound):
            await wallets.require_leaving(session, **ids, wallet_id=family.wallets[1], caller=manager)


# ── the standing rule ──


async def test_wallets_below_the_threshold_are_filled_to_the_target(family):
    await family.top_up(300 * R)
    await family.rule(60 * R, 100 * R)
    one, two, _ = family.wallets
    assert await family.fill() == {one: 100 * R, two: 50 * R}
    assert await family.balance() == (150 * R, [100 * R, 100 * R, 400 * R], 750 * R)
    assert await family.fill() == {}
    assert await family.alerts() == []


async def test_two_workers_fill_once(family):
    await family.top_up(300 * R)
    await family.rule(60 * R, 100 * R)
    done = await asyncio.gather(family.fill(), family.fill())
    assert sorted(map(len, done)) == [0, 2]
    assert (await family.balance())[0] == 150 * R


async def test_the_owner_hears_where_the_money_does_not_reach(family):
    await family.top_up(70 * R)
    await family.rule(60 * R, 100 * R)
    one, two, _ = family.wallets
    # needs of 100 and 50: the poorer one is lifted to 50 first, then both to 60
    assert await family.fill() == {one: 60 * R, two: 10 * R}
    detail = {"group": "Family", "available": "70.00", "lacking": "80.00", "currency": "ZAR"}
    assert await family.alerts() == [("group_low", family.owner.person_id, detail)]
    # at the threshold nobody is below it any more, but the group has no money still
    assert await family.fill() == {}
    assert len(await family.alerts()) == 1
    await family.top_up(R, key="g2")
    assert await family.fill() == {}
    assert await family.alerts() == []


async def test_a_rule_that_is_off_does_nothing(family):
    await family.top_up(300 * R)
    assert await family.fill() == {}
    await family.rule(60 * R, 100 * R, is_on=False)
    assert await family.fill() == {}
    with pytest.raises(Invalid):
        await family.rule(100 * R, 99 * R)


async def test_a_crossing_and_a_top_up_ask_for_filling(family, admin):
    def asked():
        found = admin.execute(
            "SELECT args FROM procrastinate_jobs WHERE task_name = 'wallets:fill_group' ORDER BY id"
        )
        return [args for (args,) in found.fetchall()]

    mine = {"estate_id": family.world.estate_id, "group_id": family.group.group_id}
    rule = Rule("electricity", is_cutting=True, low_micro=50 * R, cut_micro=0, restore_micro=10 * R)
    await family.world.set_rule(rule)
    assert asked() == []
    await family.rule(60 * R, 100 * R)
    await family.top_up(1000 * R)
    assert asked() == [mine, mine]
    await family.world.charge([("M3", at(0), "0"), ("M3", at(1), "160")])
    assert asked() == [mine, mine, mine]
    # 400.00 less 160 kWh at 2.30 is 32.00
    await family.fill()
    assert await family.balance() == (782 * R, [100 * R, 100 * R, 100 * R], 1082 * R)
    await family.world.charge([("M3", at(2), "170")])
    assert (await family.balance())[1] == [100 * R, 100 * R, 77 * R]


async def test_a_group_may_not_fall_below_nothing(family):
    async with family.world.unit_of_work() as session:
        account = await ledger_queries.account(
            session, estate_id=family.world.estate_id, account_id=family.group.account_id
        )
        assert (account.code, account.floor_micro) == (f"group:{family.group.group_id}", 0)


async def test_workers_fill_what_is_asked_for(family, postgres, database_name):
    # given a rule and money that came in, each of which asks for filling, and the look of every 15 minutes
    await family.rule(60 * R, 100 * R)
    await family.top_up(300 * R)
    app = create_worker_app(postgres.app_url(database_name))
    async with app.open_async():
        await app.configure_task("wallets:fill_groups").defer_async(timestamp=0)
        # when a worker does all there is to do, and what comes of it
        for _ in range(2):
            await app.run_worker_async(wait=False, additional_context={"database": family.world.database})
    # then
    assert await family.balance() == (150 * R, [100 * R, 100 * R, 400 * R], 750 * R)
