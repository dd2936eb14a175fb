"""Why a supply is off: several causes at once, friendly hours, staff."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta

import pytest

from mita.credit import operations as credit
from mita.credit import queries as credit_queries
from mita.credit.domain import FriendlyHours, Rule
from mita.credit.events import CutDeferred
from mita.credit.operations.supply import react_to_spending
from mita.kit import events
from mita.kit.errors import Invalid, NotFound
from mita.notifications import queries as notifications
from mita.notifications.domain import AlertKind, sentence
from mita.wallets import operations as wallets
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import Access, Right
from mita.wallets.events import SpendCutChanged
from mita.wallets.operations import TopUp
from tests.integration.people import STAFF, new_person
from tests.integration.world import FLAT, NOW, at, new_world

RAND = 1_000_000
CUTTING = Rule("electricity", is_cutting=True, low_micro=20 * RAND, cut_micro=0, restore_micro=10 * RAND)
NOT_CUTTING = Rule("electricity", is_cutting=False, low_micro=20 * RAND, cut_micro=0, restore_micro=10 * RAND)
# Friday 20 March 2026, in Johannesburg two hours ahead of UTC
NOON = NOW
NIGHT = datetime(2026, 3, 20, 20, 30, tzinfo=UTC)
MORNING = datetime(2026, 3, 23, 4, 0, tzinfo=UTC)  # Monday six o'clock
NIGHTS = FriendlyHours(is_on=True, night_from=time(22), night_until=time(6), weekends=True)


async def commands(world):
    async with world.unit_of_work() as session:
        rows = await credit_queries.commands(session, estate_id=world.estate_id)
    return [(row.action, row.state) for row in rows]


async def reasons(world):
    async with world.unit_of_work() as session:
        rows = await credit_queries.commands(session, estate_id=world.estate_id)
    return [row.reason for row in rows]


async def stops(world):
    async with world.unit_of_work() as session:
        rows = await credit_queries.stops(session, estate_id=world.estate_id)
    return [(row.cause, row.is_asked) for row in rows]


async def spending(world, *, until, now=NOW):
    async with world.unit_of_work() as session:
        await react_to_spending(session, SpendCutChanged(world.estate_id, 1, world.unit_ids[0], until), now)


async def by_staff(world, *, is_stop, now=NOW):
    async with world.unit_of_work() as session:
        place = {"estate_id": world.estate_id, "unit_id": world.unit_ids[0], "utility": "electricity"}
        if is_stop:
            return await credit.stop_by_staff(
                session, **place, reason="water in the board", actor="staff:test", now=now
            )
        return await credit.lift_by_staff(session, **place, now=now)


async def settle(world, *, now):
    """Do what the job of each minute does."""
    async with world.unit_of_work() as session:
        ended = await credit.lift_ended_stops(session, estate_id=world.estate_id, now=now)
    async with world.unit_of_work() as session:
        due = await credit.ask_due_stops(session, estate_id=world.estate_id, now=now)
    return ended, due


async def be_friendly(world, hours, *, now=NOW):
    async with world.unit_of_work() as session:
        await credit.set_friendly_hours(session, estate_id=world.estate_id, hours=hours, now=now)


async def use_up(world, *, now, hour=1, value="10"):
    """Take 23.00 for 10 kWh: the balance is out."""
    await world.charge([("M1", at(0), "0"), ("M1", at(hour), value)], now=now)


@pytest.fixture
async def world(database):
    """An estate that cuts; its unit has 23.00."""
    made = await new_world(database)
    await made.top_up("23.00", key="start")
    await made.set_rule(CUTTING)
    return made


# ── several causes ──


async def test_the_supply_comes_back_when_the_last_cause_is_gone(world):
    await use_up(world, now=NOON)
    await by_staff(world, is_stop=True)
    await spending(world, until=NOW + timedelta(hours=10))
    # one order for three causes
    assert await commands(world) == [("off", "asked")]
    assert await stops(world) == [("balance", True), ("spend_limit", True), ("staff", True)]

    await world.top_up("50.00", key="more")
    await by_staff(world, is_stop=False)
    assert await commands(world) == [("off", "asked")]
    assert await stops(world) == [("spend_limit", True)]
    await spending(world, until=None)
    assert await commands(world) == [("on", "asked"), ("off", "failed")]
    assert await stops(world) == []


async def test_staff_stops_once_and_lifts_only_its_own(world):
    assert await by_staff(world, is_stop=True) is True
    assert await by_staff(world, is_stop=True) is False
    assert await commands(world) == [("off", "asked")]
    assert (await reasons(world))[0] == "stopped by staff: water in the board"
    await by_staff(world, is_stop=False)
    assert await commands(world) == [("on", "asked"), ("off", "failed")]
    await use_up(world, now=NOON)
    with pytest.raises(NotFound, match="staff has not stopped"):
        await by_staff(world, is_stop=False)
    assert await stops(world) == [("balance", True)]


async def test_a_unit_has_only_the_supplies_it_has(world):
    async with world.unit_of_work() as session:
        with pytest.raises(NotFound, match="has no gas"):
            await credit.stop_by_staff(
                session,
                estate_id=world.estate_id,
                unit_id=world.unit_ids[0],
                utility="gas",
                reason="x",
                actor="staff:test",
                now=NOW,
            )


async def test_the_switch_gives_back_what_money_stopped_and_not_what_staff_stopped(world):
    await use_up(world, now=NOON)
    await by_staff(world, is_stop=True)
    await spending(world, until=NOW + timedelta(hours=10))
    await world.set_rule(NOT_CUTTING)
    assert await stops(world) == [("staff", True)]
    assert await commands(world) == [("off", "asked")]
    await world.set_rule(CUTTING)
    assert await stops(world) == [("balance", True), ("staff", True)]
    await by_staff(world, is_stop=False)
    assert await commands(world) == [("off", "asked")]


async def test_an_estate_that_says_no_is_not_cut_by_a_limit(database):
    world = await new_world(database)
    await spending(world, until=NOW + timedelta(hours=10))
    assert await commands(world) == [("off", "asked")]
    await world.set_rule(NOT_CUTTING)
    assert await stops(world) == []
    assert (await commands(world))[0] == ("on", "asked")
    await spending(world, until=NOW + timedelta(hours=10))
    assert await stops(world) == []


async def test_a_stop_with_an_end_ends_by_itself(world):
    midnight = datetime(2026, 3, 20, 22, tzinfo=UTC)
    await spending(world, until=midnight)
    assert await settle(world, now=midnight - timedelta(microseconds=1)) == (0, 0)
    assert await stops(world) == [("spend_limit", True)]
    assert await settle(world, now=midnight) == (1, 0)
    assert await stops(world) == []
    assert await commands(world) == [("on", "asked"), ("off", "failed")]
    assert (await reasons(world))[0] == "the spending limit begins anew"


async def test_a_later_end_moves_the_stop_and_asks_nothing_twice(world):
    await spending(world, until=NOW + timedelta(hours=1))
    await spending(world, until=NOW + timedelta(hours=5))
    assert await settle(world, now=NOW + timedelta(hours=4)) == (0, 0)
    await spending(world, until=NOW + timedelta(hours=2))
    assert await settle(world, now=NOW + timedelta(hours=4)) == (1, 0)
    assert len(await commands(world)) == 2


async def test_who_stops_a_supply_waits_for_who_is_giving_it_back(world):
    await use_up(world, now=NOON)
    async with world.unit_of_work() as session:
        # money lifts the only stop, and is not committed yet
        (account, *_) = await wallet_queries.accounts(
            session, estate_id=world.estate_id, unit_ids=world.unit_ids
        )
        await wallets.receive_top_up(
            session,
            estate_id=world.estate_id,
            top_up=TopUp(account.wallet_id, 50 * RAND, "cash", "test", account.utility),
            idempotency_key="more",
            actor="staff:test",
            now=NOW,
        )
        staff = asyncio.create_task(by_staff(world, is_stop=True))
        done, _ = await asyncio.wait([staff], timeout=0.5)
        assert not done
    assert await staff
    # otherwise staff would have seen a stop that was going, and asked nothing
    assert await stops(world) == [("staff", True)]
    assert (await commands(world))[0] == ("off", "asked")


# ── friendly hours ──


async def test_at_night_nothing_is_cut_until_the_morning(world, monkeypatch):
    told = []

    async def listen(_session, event, _now):
        told.append(event)

    monkeypatch.setitem(events._handlers, CutDeferred, [listen])
    await be_friendly(world, NIGHTS)
    await use_up(world, now=NIGHT)
    assert await stops(world) == [("balance", False)]
    assert await commands(world) == []
    assert told == [
        CutDeferred(world.estate_id, world.unit_ids[0], "electricity", "balance", MORNING),
    ]
    # consumption goes on, and is charged
    await world.charge([("M1", at(2), "11")], now=NIGHT + timedelta(minutes=5))
    assert await world.balances() == [-2_300_000]
    assert await settle(world, now=MORNING - timedelta(seconds=1)) == (0, 0)
    assert await settle(world, now=MORNING) == (0, 1)
    assert await stops(world) == [("balance", True)]
    assert await commands(world) == [("off", "asked")]
    assert await settle(world, now=MORNING + timedelta(minutes=1)) == (0, 0)


async def test_the_resident_hears_until_when_and_then_no_more(world, database):
    resident = await new_person(database, "Resident")
    async with world.unit_of_work() as session:
        await wallets.grant_access(
            session,
            estate_id=world.estate_id,
            wallet_id=1,
            person_id=resident.person_id,
            access=Access(Right.VIEW, None, (AlertKind.CUT_DEFERRED,)),
            caller=STAFF,
            now=NOW,
        )

    async def heard():
        async with world.unit_of_work() as session:
            rows = await notifications.alerts(
                session, estate_id=world.estate_id, person_id=resident.person_id, is_open=True
            )
        return [sentence(AlertKind(row.kind), detail=row.detail) for row in rows]

    await be_friendly(world, NIGHTS)
    await use_up(world, now=NIGHT)
    until = "The electricity of U1 stays on until 2026-03-{} 06:00 although the money is used up."
    assert await heard() == [until.format("23")]
    # nobody looked in the morning: deferred once more
    await settle(world, now=MORNING + timedelta(hours=17))
    assert await heard() == [until.format("24")]
    await settle(world, now=MORNING + timedelta(hours=24))
    assert await heard() == []


async def test_money_in_between_spares_the_supply(world):
    await be_friendly(world, NIGHTS)
    await use_up(world, now=NIGHT)
    await world.top_up("50.00", key="at night", now=NIGHT + timedelta(hours=1))
    assert await stops(world) == []
    assert await settle(world, now=MORNING) == (0, 0)
    assert await commands(world) == []


async def test_by_day_friendly_hours_change_nothing(world):
    await be_friendly(world, NIGHTS)
    await use_up(world, now=NOON)
    assert await commands(world) == [("off", "asked")]


async def test_a_worker_that_was_away_cuts_in_the_next_hours_that_are_not_friendly(world):
    await be_friendly(world, NIGHTS)
    await use_up(world, now=NIGHT)
    monday_night = datetime(2026, 3, 23, 21, tzinfo=UTC)
    await settle(world, now=monday_night)
    assert await stops(world) == [("balance", False)]
    assert await commands(world) == []
    await settle(world, now=datetime(2026, 3, 24, 4, tzinfo=UTC))
    assert await commands(world) == [("off", "asked")]


async def test_staff_stops_at_night(world):
    await be_friendly(world, NIGHTS)
    await use_up(world, now=NIGHT)
    await by_staff(world, is_stop=True, now=NIGHT)
    assert await commands(world) == [("off", "asked")]
    # what is deferred has not taken effect: without staff's stop it is on
    await by_staff(world, is_stop=False, now=NIGHT)
    assert (await commands(world))[0] == ("on", "asked")
    await settle(world, now=MORNING)
    assert (await commands(world))[0] == ("off", "asked")


async def test_two_deferred_causes_ask_one_order(world):
    await be_friendly(world, NIGHTS)
    await use_up(world, now=NIGHT)
    await spending(world, until=datetime(2026, 3, 31, 22, tzinfo=UTC), now=NIGHT)
    assert await settle(world, now=MORNING) == (0, 2)
    assert await commands(world) == [("off", "asked")]


async def test_a_limit_that_begins_anew_in_the_same_night_cuts_nothing(world):
    await be_friendly(world, NIGHTS)
    await spending(world, until=datetime(2026, 3, 20, 22, tzinfo=UTC), now=NIGHT)
    assert await stops(world) == []
    assert await settle(world, now=MORNING) == (0, 0)
    assert await commands(world) == []


async def test_new_hours_move_what_waits(world):
    await be_friendly(world, NIGHTS)
    await use_up(world, now=NIGHT)
    await be_friendly(world, FriendlyHours(is_on=True, night_from=time(22), night_until=time(5)), now=NIGHT)
    five = datetime(2026, 3, 21, 3, tzinfo=UTC)
    assert await settle(world, now=five - timedelta(seconds=1)) == (0, 0)
    assert await settle(world, now=five) == (0, 1)
    assert await commands(world) == [("off", "asked")]


async def test_hours_switched_off_cut_what_waited(world):
    await be_friendly(world, NIGHTS)
    await use_up(world, now=NIGHT)
    await be_friendly(world, FriendlyHours(), now=NIGHT)
    assert await settle(world, now=NIGHT) == (0, 1)
    assert await commands(world) == [("off", "asked")]


async def test_public_holidays_are_the_estates_country_s(world):
    hours = FriendlyHours(is_on=True, holidays_country="ZA")
    await be_friendly(world, hours)
    # Human Rights Day is on Saturday 21 March
    holiday = datetime(2026, 3, 21, 8, tzinfo=UTC)
    await use_up(world, now=holiday)
    assert await stops(world) == [("balance", False)]
    await settle(world, now=datetime(2026, 3, 21, 22, tzinfo=UTC))
    assert await commands(world) == [("off", "asked")]


async def test_hours_that_contradict_themselves_are_refused(world):
    with pytest.raises(Invalid, match="belong together"):
        await be_friendly(world, FriendlyHours(is_on=True, night_from=time(22)))
    with pytest.raises(Invalid, match="XX"):
        await be_friendly(world, FriendlyHours(is_on=True, holidays_country="XX"))


async def test_many_stops_are_settled_a_hundred_at_a_time(database):
    world = await new_world(database, meters=130, rates=FLAT)
    await be_friendly(world, NIGHTS)
    rows = [(f"M{n + 1}", at(0), "0") for n in range(130)] + [(f"M{n + 1}", at(1), "1") for n in range(130)]
    await world.charge(rows, now=NOON)
    async with world.unit_of_work() as session:
        await credit.set_rule(session, estate_id=world.estate_id, rule=CUTTING, now=NIGHT)
    assert set(await stops(world)) == {("balance", False)}
    assert [await settle(world, now=MORNING) for _ in range(3)] == [(0, 100), (0, 30), (0, 0)]
    async with world.unit_of_work() as session:
        assert await credit_queries.command_count(session, estate_id=world.estate_id) == 130
    assert set(await stops(world)) == {("balance", True)}
