"""Access to wallets: who may give it, what it allows, how it ends, and the trail it leaves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mita.credit.domain import Rule
from mita.kit.errors import NotFound
from mita.notifications import queries as notification_queries
from mita.wallets import operations as wallets
from mita.wallets import queries
from mita.wallets.domain import Access, Right, read_code
from mita.wallets.operations import AboveTopUpLimit, AccessExists, InvitationOver, RightMissing
from tests.integration.people import STAFF, give, new_person, wallet_ids
from tests.integration.world import NOW, at, new_world

LATER = NOW + timedelta(days=1)


async def may(world, caller, wallet_id, right):
    async with world.unit_of_work() as session:
        try:
            await wallets.require_right(
                session, estate_id=world.estate_id, wallet_id=wallet_id, caller=caller, right=right
            )
        except NotFound:
            return "not found"
        except RightMissing:
            return "missing"
    return "yes"


async def rights(world, caller, wallet_id):
    return [await may(world, caller, wallet_id, right) for right in Right]


async def trail(world, wallet_id):
    async with world.unit_of_work() as session:
        rows = await queries.access_events(session, estate_id=world.estate_id, wallet_id=wallet_id)
        return [(row.kind, row.actor, row.person_id) for row in reversed(rows)]


async def change(world, grant_id, wallet_id, access, by):
    async with world.unit_of_work() as session:
        await wallets.change_access(
            session,
            estate_id=world.estate_id,
            wallet_id=wallet_id,
            grant_id=grant_id,
            access=access,
            caller=by,
            now=LATER,
        )


async def revoke(world, grant_id, wallet_id, by):
    async with world.unit_of_work() as session:
        await wallets.revoke_access(
            session, estate_id=world.estate_id, wallet_id=wallet_id, grant_id=grant_id, caller=by, now=LATER
        )


# ── rights ──


async def test_what_each_right_allows(database):
    world = await new_world(database, meters=2, rates=None)
    mine, other = await wallet_ids(world)
    mother, student, friend, stranger = [await new_person(database, name) for name in "MSFX"]
    await give(world, mother, wallet_id=mine, right=Right.MANAGE)
    await give(world, student, wallet_id=mine, right=Right.TOP_UP)
    await give(world, friend, wallet_id=mine, right=Right.VIEW)
    assert await rights(world, STAFF, mine) == ["yes", "yes", "yes"]
    assert await rights(world, mother, mine) == ["yes", "yes", "yes"]
    assert await rights(world, student, mine) == ["yes", "yes", "missing"]
    assert await rights(world, friend, mine) == ["yes", "missing", "missing"]
    assert await rights(world, stranger, mine) == ["not found"] * 3
    assert await rights(world, mother, other) == ["not found"] * 3
    assert await rights(world, STAFF, 10**9) == ["not found"] * 3


async def test_a_single_top_up_is_limited(database):
    world = await new_world(database, rates=None)
    (wallet_id,) = await wallet_ids(world)
    aunt, friend = await new_person(database, "Aunt"), await new_person(database, "Friend")
    await give(world, aunt, wallet_id=wallet_id, right=Right.TOP_UP, limit=500_000_000)
    await give(world, friend, wallet_id=wallet_id)

    async def top_up(caller, amount):
        async with world.unit_of_work() as session:
            await wallets.require_top_up(
                session, estate_id=world.estate_id, wallet_id=wallet_id, caller=caller, amount_micro=amount
            )

    await top_up(aunt, 500_000_000)
    await top_up(STAFF, 10**15)
    with pytest.raises(AboveTopUpLimit):
        await top_up(aunt, 500_000_001)
    with pytest.raises(RightMissing):
        await top_up(friend, 1)


async def test_a_manager_gives_up_to_what_the_manager_has(database):
    world = await new_world(database, rates=None)
    (wallet_id,) = await wallet_ids(world)
    manager, viewer, third = [await new_person(database, name) for name in ("M", "V", "T")]
    own = await give(world, manager, wallet_id=wallet_id, right=Right.MANAGE, limit=100)
    await give(world, viewer, wallet_id=wallet_id)
    with pytest.raises(RightMissing):
        await give(world, third, wallet_id=wallet_id, by=viewer)
    with pytest.raises(RightMissing):
        await give(world, third, wallet_id=wallet_id, right=Right.TOP_UP, by=manager)
    with pytest.raises(NotFound):
        await give(world, third, wallet_id=wallet_id, by=third)
    given = await give(world, third, wallet_id=wallet_id, right=Right.TOP_UP, limit=100, by=manager)
    with pytest.raises(RightMissing):
        await change(world, given, wallet_id, Access(Right.TOP_UP, 101), by=manager)
    with pytest.raises(RightMissing):
        await change(world, own, wallet_id, Access(Right.MANAGE, None), by=manager)
    with pytest.raises(RightMissing):
        await change(world, given, wallet_id, Access(Right.MANAGE, 100), by=third)
    await change(world, given, wallet_id, Access(Right.MANAGE, 99), by=manager)
    assert await rights(world, third, wallet_id) == ["yes", "yes", "yes"]


async def test_a_person_has_one_live_grant_for_a_wallet(database):
    world = await new_world(database, rates=None)
    (wallet_id,) = await wallet_ids(world)
    person = await new_person(database, "P")
    first = await give(world, person, wallet_id=wallet_id)
    with pytest.raises(AccessExists):
        await give(world, person, wallet_id=wallet_id, right=Right.MANAGE)
    await revoke(world, first, wallet_id, STAFF)
    assert await rights(world, person, wallet_id) == ["not found"] * 3
    with pytest.raises(NotFound):
        await revoke(world, first, wallet_id, STAFF)
    with pytest.raises(NotFound):
        await change(world, first, wallet_id, Access(Right.MANAGE), by=STAFF)
    await give(world, person, wallet_id=wallet_id, right=Right.TOP_UP)
    assert await rights(world, person, wallet_id) == ["yes", "yes", "missing"]


async def test_everybody_may_give_up_their_own_and_choose_what_to_hear(database):
    world = await new_world(database, rates=None)
    (wallet_id,) = await wallet_ids(world)
    one, two = await new_person(database, "One"), await new_person(database, "Two")
    mine = await give(world, one, wallet_id=wallet_id)
    theirs = await give(world, two, wallet_id=wallet_id)
    with pytest.raises(RightMissing):
        await revoke(world, theirs, wallet_id, one)
    with pytest.raises(RightMissing):
        await change(world, theirs, wallet_id, Access(Right.VIEW, hears=()), by=one)
    await change(world, mine, wallet_id, Access(Right.VIEW, hears=()), by=one)
    async with world.unit_of_work() as session:
        hearing = await queries.hearers(
            session, estate_id=world.estate_id, wallet_id=wallet_id, kind="low_balance"
        )
        assert hearing == [two.person_id]
    await revoke(world, mine, wallet_id, one)
    assert await rights(world, one, wallet_id) == ["not found"] * 3


async def test_the_trail_says_who_changed_what(database, admin):
    world = await new_world(database, rates=None)
    (wallet_id,) = await wallet_ids(world)
    mother, son = await new_person(database, "Mother"), await new_person(database, "Son")
    await give(world, mother, wallet_id=wallet_id, right=Right.MANAGE)
    grant = await give(world, son, wallet_id=wallet_id, by=mother)
    await change(world, grant, wallet_id, Access(Right.TOP_UP, 7), by=mother)
    await change(world, grant, wallet_id, Access(Right.TOP_UP, 7), by=mother)  # changes nothing
    await revoke(world, grant, wallet_id, STAFF)
    assert await trail(world, wallet_id) == [
        ("granted", "staff:test", mother.person_id),
        ("granted", mother.actor, son.person_id),
        ("changed", mother.actor, son.person_id),
        ("revoked", "staff:test", son.person_id),
    ]
    old, new = admin.execute("SELECT old, new FROM access_event WHERE kind = 'changed'").fetchone()
    assert (old["right"], old["top_up_limit_micro"]) == ("view", None)
    assert (new["right"], new["top_up_limit_micro"]) == ("top_up", 7)
    hears = ["balance_out", "low_balance", "rate_change", "reading_due", "spend_reached", "spend_warning"]
    assert old["hears"] == hears


# ── invitations ──


async def invited(world, wallet_id, *, by=STAFF, right=Right.VIEW, limit=None, days=7):
    async with world.unit_of_work() as session:
        row, code = await wallets.invite(
            session,
            estate_id=world.estate_id,
            wallet_id=wallet_id,
            email="x@example.com",
            access=Access(right, limit),
            expires_at=NOW + timedelta(days=days),
            caller=by,
            now=NOW,
        )
        return row.invitation_id, code


async def accept(world, code, person, *, now=NOW):
    async with world.unit_of_work() as session:
        row = await wallets.accept_invitation(
            session, code=read_code(code), person_id=person.person_id, now=now
        )
        return row.grant_id


async def test_a_code_gives_access_once(database, admin):
    world = await new_world(database, rates=None)
    (wallet_id,) = await wallet_ids(world)
    one, two = await new_person(database, "One"), await new_person(database, "Two")
    _, code = await invited(world, wallet_id, right=Right.TOP_UP, limit=5)
    assert code.encode() not in admin.execute("SELECT code_hash FROM invitation").fetchone()[0]
    grant = await accept(world, code, one)
    assert await rights(world, one, wallet_id) == ["yes", "yes", "missing"]
    assert await accept(world, code, one) == grant
    with pytest.raises(InvitationOver):
        await accept(world, code, two)
    assert await trail(world, wallet_id) == [
        ("invited", "staff:test", None),
        ("granted", "staff:test", one.person_id),
    ]
    # what was given up does not come back with an old code
    await revoke(world, grant, wallet_id, one)
    with pytest.raises(InvitationOver):
        await accept(world, code, one)


async def test_a_code_that_nobody_made_opens_nothing(database):
    world = await new_world(database, rates=None)
    (wallet_id,) = await wallet_ids(world)
    person = await new_person(database, "P")
    _, code = await invited(world, wallet_id)
    for wrong in (code[:-1] + ("A" if code[-1] != "A" else "B"), code.replace(".", ".0", 1)[:-1]):
        if read_code(wrong) is not None:
            with pytest.raises(NotFound):
                await accept(world, wrong, person)
    assert await rights(world, person, wallet_id) == ["not found"] * 3
    await accept(world, code, person)


async def test_an_invitation_ends_with_its_time(database):
    world = await new_world(database, rates=None)
    (wallet_id,) = await wallet_ids(world)
    person = await new_person(database, "P")
    _, code = await invited(world, wallet_id, days=7)
    with pytest.raises(InvitationOver):
        await accept(world, code, person, now=NOW + timedelta(days=7))
    await accept(world, code, person, now=NOW + timedelta(days=7, microseconds=-1))


async def test_an_invitation_can_be_withdrawn(database):
    world = await new_world(database, meters=2, rates=None)
    wallet_id, other = await wallet_ids(world)
    manager, viewer = await new_person(database, "M"), await new_person(database, "V")
    await give(world, manager, wallet_id=wallet_id, right=Right.MANAGE)
    await give(world, viewer, wallet_id=wallet_id)
    invitation, code = await invited(world, wallet_id, by=manager)

    async def withdraw(by, wallet=wallet_id):
        async with world.unit_of_work() as session:
            await wallets.withdraw_invitation(
                session,
                estate_id=world.estate_id,
                wallet_id=wallet,
                invitation_id=invitation,
                caller=by,
                now=NOW,
            )

    with pytest.raises(RightMissing):
        await withdraw(viewer)
    with pytest.raises(NotFound):
        await withdraw(STAFF, wallet=other)
    await withdraw(manager)
    with pytest.raises(InvitationOver):
        await withdraw(manager)
    with pytest.raises(InvitationOver):
        await accept(world, code, await new_person(database, "P"))


@pytest.mark.parametrize("how", ["revoked", "lowered"])
async def test_what_a_former_manager_invited_to_is_over(database, how):
    world = await new_world(database, rates=None)
    (wallet_id,) = await wallet_ids(world)
    former, stays = await new_person(database, "Former"), await new_person(database, "Stays")
    grant = await give(world, former, wallet_id=wallet_id, right=Right.MANAGE)
    await give(world, stays, wallet_id=wallet_id, right=Right.MANAGE)
    _, code = await invited(world, wallet_id, by=former, right=Right.MANAGE)
    _, other = await invited(world, wallet_id, by=stays)
    if how == "revoked":
        await revoke(world, grant, wallet_id, STAFF)
    else:
        await change(world, grant, wallet_id, Access(Right.TOP_UP), by=STAFF)
    person = await new_person(database, "P")
    with pytest.raises(InvitationOver):
        await accept(world, code, person)
    await accept(world, other, person)
    assert ("withdrawn", "staff:test", None) in await trail(world, wallet_id)


async def test_who_has_access_already_leaves_the_invitation_open(database):
    world = await new_world(database, rates=None)
    (wallet_id,) = await wallet_ids(world)
    has, other = await new_person(database, "Has"), await new_person(database, "Other")
    await give(world, has, wallet_id=wallet_id)
    _, code = await invited(world, wallet_id, right=Right.TOP_UP)
    with pytest.raises(AccessExists):
        await accept(world, code, has)
    await accept(world, code, other)
    assert await rights(world, has, wallet_id) == ["yes", "missing", "missing"]


async def test_a_manager_invites_up_to_what_the_manager_has(database):
    world = await new_world(database, rates=None)
    (wallet_id,) = await wallet_ids(world)
    manager = await new_person(database, "M")
    await give(world, manager, wallet_id=wallet_id, right=Right.MANAGE, limit=100)
    with pytest.raises(RightMissing):
        await invited(world, wallet_id, by=manager, right=Right.TOP_UP)
    await invited(world, wallet_id, by=manager, right=Right.TOP_UP, limit=100)


# ── routing: a parent hears of a student's low balance ──

RULE = Rule("electricity", is_cutting=True, low_micro=50_000_000, cut_micro=0, restore_micro=10_000_000)


async def alerts(world, *, is_open=None):
    async with world.unit_of_work() as session:
        rows = await notification_queries.alerts(
            session, estate_id=world.estate_id, person_id=None, is_open=is_open
        )
        return [(row.kind, row.person_id) for row in reversed(rows)]


async def test_a_parent_hears_of_a_students_low_balance(database):
    # given a student with 100.00, whose mother and landlord look at the wallet; the landlord hears nothing
    world = await new_world(database)
    (wallet_id,) = await wallet_ids(world)
    mother, landlord = await new_person(database, "Mother"), await new_person(database, "Landlord")
    await world.top_up("100.00", key="k1")
    await world.set_rule(RULE)
    await give(world, mother, wallet_id=wallet_id)
    deaf = await give(world, landlord, wallet_id=wallet_id)
    await change(world, deaf, wallet_id, Access(Right.VIEW, hears=()), by=landlord)
    # when 25 kWh at 2.30 leave 42.50, and then 20 more leave -3.50
    await world.charge([("M1", at(0), "0"), ("M1", at(1), "25")])
    assert await alerts(world) == [("low_balance", mother.person_id)]
    await world.charge([("M1", at(2), "30")])
    assert await alerts(world) == [("low_balance", mother.person_id)]
    await world.charge([("M1", at(3), "45")])
    # then one alert overtakes the other
    assert await alerts(world, is_open=True) == [("balance_out", mother.person_id)]
    await world.top_up("200.00", key="k2")
    assert await alerts(world, is_open=True) == []
    assert await alerts(world) == [("low_balance", mother.person_id), ("balance_out", mother.person_id)]
    async with world.unit_of_work() as session:
        rows = await notification_queries.alerts(session, estate_id=world.estate_id, person_id=None)
    assert rows[-1].detail == {
        "unit": "U1",
        "utility": "electricity",
        "balance": "42.50",
        "currency": "ZAR",
    }
    assert await world.verified()


async def test_staff_hears_what_nobody_else_does(database):
    world = await new_world(database)
    await world.top_up("100.00", key="k1")
    await world.set_rule(RULE)
    await world.charge([("M1", at(0), "0"), ("M1", at(1), "25")])
    assert await alerts(world) == []
    await world.charge([("M1", at(2), "45")])
    assert await alerts(world) == [("balance_out", None)]
