"""A parent with two students, for a term: one purse, two flats, a limit, and news when it matters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from mita.credit import operations as credit
from mita.credit import queries as credit_queries
from mita.credit.domain import Rule
from mita.kit.errors import NotFound
from mita.ledger.operations import NotEnough, SpendLimitReached
from mita.notifications import queries as alerts
from mita.wallets import operations as wallets
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import Access, Distribution, Right, SpendLimit, StandingOrder, Way, read_code
from mita.wallets.operations import InvitationOver
from tests.integration.people import STAFF, new_person, wallet_ids
from tests.integration.world import World, at, new_world

if TYPE_CHECKING:
    from mita.identity.domain import Principal
    from mita.kit.db import Database
    from mita.wallets.models import WalletGroup

# noon in Johannesburg on a Friday
DAY = datetime(2026, 3, 20, 10, tzinfo=UTC)
MICRO = 1_000_000
RULE = Rule("electricity", is_cutting=True, low_micro=20 * MICRO, cut_micro=0, restore_micro=5 * MICRO)


async def heard(world: World, person: Principal) -> list[tuple[str, str]]:
    """Return kind and subject of a person's alerts, oldest first."""
    async with world.unit_of_work() as session:
        found = await alerts.alerts(session, estate_id=world.estate_id, person_id=person.person_id)
    return [(alert.kind, alert.subject) for alert in reversed(found)]


async def commands(world: World, unit: int) -> list[str]:
    async with world.unit_of_work() as session:
        found = await credit_queries.commands(
            session, estate_id=world.estate_id, unit_id=world.unit_ids[unit]
        )
    return [command.action for command in reversed(found)]


async def waiting_jobs(world: World) -> list[str]:
    async with world.unit_of_work() as session:
        rows = await session.scalars(
            text("SELECT DISTINCT task_name FROM procrastinate_jobs WHERE status = 'todo' ORDER BY 1")
        )
        return list(rows.all())


async def the_group(world: World, group_id: int) -> WalletGroup:
    async with world.unit_of_work() as session:
        return await wallet_queries.group(session, estate_id=world.estate_id, group_id=group_id)


async def test_a_parent_with_two_students(database: Database) -> None:
    # given a residence with two flats; electricity costs 2.30 a kWh, and an empty wallet is cut
    world = await new_world(database, meters=2, name="Rondebosch residence")
    estate_id = world.estate_id
    thandi, sipho = await wallet_ids(world)
    await world.set_rule(RULE, now=DAY)
    await world.charge([("M1", at(0), "0"), ("M2", at(0), "0")], now=DAY)
    parent, stranger = await new_person(database, "Nomsa"), await new_person(database, "Somebody")

    # when the manager invites the parent to both wallets, the codes work once, for whoever comes first
    codes = []
    for wallet_id in (thandi, sipho):
        async with world.unit_of_work() as session:
            _, code = await wallets.invite(
                session,
                estate_id=estate_id,
                wallet_id=wallet_id,
                email="nomsa@example.org",
                access=Access(Right.MANAGE),
                expires_at=DAY + timedelta(days=7),
                caller=STAFF,
                now=DAY,
            )
        codes.append(read_code(code))
    for code in codes:
        async with world.unit_of_work() as session:
            await wallets.accept_invitation(session, code=code, person_id=parent.person_id, now=DAY)
    with pytest.raises(InvitationOver):
        async with world.unit_of_work() as session:
            await wallets.accept_invitation(session, code=codes[0], person_id=stranger.person_id, now=DAY)

    # and the parent makes one purse of both, pays 1,000 in, and gives each 200
    async with world.unit_of_work() as session:
        group = await wallets.create_group(
            session, estate_id=estate_id, name="The Ndlovus", owner_person_id=parent.person_id, now=DAY
        )
        for wallet_id in (thandi, sipho):
            await wallets.add_member(session, group=group, wallet_id=wallet_id, caller=parent, now=DAY)
        await wallets.receive_group_top_up(
            session,
            group=group,
            amount_micro=1_000 * MICRO,
            method="eft",
            reference="Term 1",
            idempotency_key="term-1",
            actor=parent.actor,
            now=DAY,
        )
    equal = Distribution(Way.EQUAL, total_micro=400 * MICRO)
    for _ in range(2):  # a thumb that slips twice
        async with world.unit_of_work() as session:
            done = await wallets.distribute(
                session,
                group=group,
                distribution=equal,
                idempotency_key="start",
                actor=parent.actor,
                now=DAY,
            )
        assert done.parts_micro == {thandi: 200 * MICRO, sipho: 200 * MICRO}
    assert await world.balances() == [200 * MICRO, 200 * MICRO]
    with pytest.raises(NotEnough):
        async with world.unit_of_work() as session:
            await wallets.distribute(
                session,
                group=group,
                distribution=Distribution(Way.AMOUNTS, parts={thandi: 600 * MICRO, sipho: 1}),
                idempotency_key="too-much",
                actor=parent.actor,
                now=DAY,
            )

    # and says: whoever falls below 50 is filled to 150; and Thandi may spend 60 a day
    async with world.unit_of_work() as session:
        await wallets.set_distribution_rule(
            session, group=group, rule=StandingOrder(True, 50 * MICRO, 150 * MICRO), now=DAY
        )
        await wallets.set_spend_limit(
            session,
            estate_id=estate_id,
            wallet_id=thandi,
            limit=SpendLimit(daily_micro=60 * MICRO, monthly_micro=None, is_cutting=True),
            actor=parent.actor,
            now=DAY,
        )

    # then at 48.30 the parent hears a warning, at 62.10 that the limit is reached, and the supply is off
    await world.charge([("M1", at(5), "21")], now=DAY)
    assert await heard(world, parent) == [("spend_warning", f"wallet:{thandi}")]
    assert await commands(world, 0) == ["off", "on"], "cut when the rule came, back with the first money"
    await world.charge([("M1", at(6), "27")], now=DAY + timedelta(hours=1))
    assert ("spend_reached", f"wallet:{thandi}") in await heard(world, parent)
    assert await commands(world, 0) == ["off", "on", "off"]
    assert (await world.balances())[0] == 137_900_000, "what was used was charged all the same"
    with pytest.raises(SpendLimitReached):
        async with world.unit_of_work() as session:
            await wallets.check_spend(
                session, estate_id=estate_id, wallet_id=thandi, amount_micro=1, now=DAY + timedelta(hours=2)
            )

    # and after midnight in Johannesburg it is on again
    midnight = datetime(2026, 3, 20, 22, tzinfo=UTC)
    async with world.unit_of_work() as session:
        assert (
            await credit.lift_ended_stops(session, estate_id=estate_id, now=midnight - timedelta(seconds=1))
            == 0
        )
    async with world.unit_of_work() as session:
        await credit.lift_ended_stops(session, estate_id=estate_id, now=midnight)
    assert await commands(world, 0) == ["off", "on", "off", "on"]

    # and when Sipho falls low, the parent hears of him, and the purse fills his wallet
    await world.charge([("M2", at(7), "80")], now=midnight)
    assert (await world.balances())[1] == 16 * MICRO
    assert ("low_balance", f"wallet:{sipho}:electricity") in await heard(world, parent)
    assert "wallets:fill_group" in await waiting_jobs(world)
    async with world.unit_of_work() as session:
        await wallets.fill_group(session, estate_id=estate_id, group_id=group.group_id, now=midnight)
    assert (await world.balances())[1] == 150 * MICRO
    async with world.unit_of_work() as session:
        purse = await wallet_queries.group_balance(session, group=await the_group(world, group.group_id))
    assert purse.own_micro == 466 * MICRO
    assert purse.total_micro == (466 + 150) * MICRO + 137_900_000
    assert await heard(world, stranger) == []

    # and at the end of the term the manager ends the access, and nothing is the parent's to move any more
    for wallet_id in (thandi, sipho):
        async with world.unit_of_work() as session:
            (grant,) = await wallet_queries.live_grants(session, estate_id=estate_id, wallet_id=wallet_id)
            await wallets.revoke_access(
                session,
                estate_id=estate_id,
                wallet_id=wallet_id,
                grant_id=grant.grant_id,
                caller=STAFF,
                now=midnight,
            )
    with pytest.raises(NotFound):
        async with world.unit_of_work() as session:
            await wallets.require_right(
                session, estate_id=estate_id, wallet_id=thandi, caller=parent, right=Right.VIEW
            )
    assert await world.verified()
