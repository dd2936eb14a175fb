"""Spending limits: counted with the charges, told once, binding what is authorised and nothing else."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from mita.charging import operations as charging
from mita.charging.domain.cadence import Cadence
from mita.credit import operations as credit
from mita.credit import queries as credit_queries
from mita.kit import events
from mita.kit.errors import Invalid, NotFound
from mita.ledger import operations as ledger
from mita.ledger import queries as ledger_queries
from mita.ledger.operations import Authorisation, NotEnough, Order, SpendLimitReached
from mita.metering.domain import Limits
from mita.notifications import queries as notifications
from mita.wallets import operations as wallets
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import Right, Span, SpendLimit, Spent
from mita.wallets.events import SpendCutChanged, SpendReached, SpendWarned
from tests.integration.people import give, new_person
from tests.integration.world import NOW, at, new_world

# 1 kWh costs 2.00 and 15 %: 2.30
KWH = 2_300_000
RAND = 1_000_000
# in Johannesburg the day of NOW ends at 22:00 UTC
MIDNIGHT = datetime(2026, 3, 20, 22, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 10, 12, tzinfo=UTC)
APRIL = datetime(2026, 3, 31, 22, tzinfo=UTC)


@pytest.fixture
async def world(database):
    """Two units, each with 1,000.00."""
    made = await new_world(database, meters=2)
    # along a chain time does not go back, so what is booked later must not be booked before
    await made.top_up("1000.00", key="first", now=FEBRUARY)
    await made.top_up("1000.00", key="second", unit=1, now=FEBRUARY)
    await made.charge([("M1", at(0), "0"), ("M2", at(0), "0")])
    return made


@pytest.fixture
def told(monkeypatch):
    """What was told of limits, as (event, span) or (cut, until)."""
    heard = []

    async def listen(_session, event, _now):
        heard.append((type(event).__name__, getattr(event, "span", getattr(event, "cut_until", None))))

    for kind in (SpendWarned, SpendReached, SpendCutChanged):
        monkeypatch.setitem(events._handlers, kind, [*events._handlers[kind], listen])
    return heard


async def wallet_of(world, unit=0):
    async with world.unit_of_work() as session:
        (account, *_) = await wallet_queries.accounts(
            session, estate_id=world.estate_id, unit_ids=[world.unit_ids[unit]]
        )
    return account


async def limit(world, daily=None, monthly=None, *, is_cutting=False, now=NOW, unit=0):
    wallet_id = (await wallet_of(world, unit)).wallet_id
    async with world.unit_of_work() as session:
        await wallets.set_spend_limit(
            session,
            estate_id=world.estate_id,
            wallet_id=wallet_id,
            limit=SpendLimit(daily, monthly, is_cutting),
            actor="staff:test",
            now=now,
        )


async def remove(world, *, now=NOW):
    wallet_id = (await wallet_of(world)).wallet_id
    async with world.unit_of_work() as session:
        await wallets.remove_spend_limit(session, estate_id=world.estate_id, wallet_id=wallet_id, now=now)


async def spent(world, *, now=NOW, unit=0):
    wallet_id = (await wallet_of(world, unit)).wallet_id
    day = (now + timedelta(hours=2)).date()
    async with world.unit_of_work() as session:
        found = await wallet_queries.spent(
            session, estate_id=world.estate_id, wallet_ids=[wallet_id], day=day
        )
    return found[wallet_id]


async def send(world, amount, *, key, now=NOW, giving=0, taking=1):
    """Transfer money from one unit's wallet to the other's."""
    giver, taker = await wallet_of(world, giving), await wallet_of(world, taking)
    async with world.unit_of_work() as session:
        return await ledger.transfer(
            session,
            estate_id=world.estate_id,
            from_id=giver.account_id,
            to_id=taker.account_id,
            order=Order(amount, "a gift", key, "staff:test"),
            now=now,
        )


async def commands(world):
    async with world.unit_of_work() as session:
        rows = await credit_queries.commands(session, estate_id=world.estate_id)
    return [(row.action, row.state) for row in rows]


async def alerts(world):
    async with world.unit_of_work() as session:
        rows = await notifications.alerts(session, estate_id=world.estate_id, person_id=None, is_open=True)
    return [(row.kind, row.subject, row.person_id, row.detail["spent"]) for row in rows]


# ── counting ──


async def test_charges_count_on_their_local_day(world):
    await limit(world, 100 * RAND, 500 * RAND)
    await world.charge([("M1", at(1), "10"), ("M2", at(1), "3")])
    assert await spent(world) == Spent(10 * KWH, 10 * KWH)
    late = MIDNIGHT - timedelta(microseconds=1)
    await world.charge([("M1", at(2), "11")], now=late)
    await world.charge([("M1", at(3), "15")], now=MIDNIGHT)
    assert await spent(world) == Spent(11 * KWH, 11 * KWH)
    assert await spent(world, now=MIDNIGHT) == Spent(4 * KWH, 15 * KWH)
    # who has no limit is not counted
    assert await spent(world, unit=1) == Spent(0, 0)
    assert await spent(world, now=APRIL) == Spent(0, 0)
    assert await world.verified()


async def test_a_limit_knows_what_was_spent_before_it_was_set(database):
    world = await new_world(database, meters=2)
    yesterday = NOW - timedelta(days=1)
    await world.top_up("1000.00", key="first", now=FEBRUARY)
    await world.top_up("1000.00", key="second", unit=1, now=FEBRUARY)
    await world.charge([("M1", at(-600), "0"), ("M1", at(-500), "10")], now=FEBRUARY)
    # from here on in March: a charge over two months is priced in two parts
    await world.charge([("M1", at(0), "10")], now=yesterday)
    await world.charge([("M1", at(2), "17")], now=yesterday)
    await world.charge([("M1", at(3), "20")])
    await send(world, 5 * RAND, key="out")
    await send(world, 50 * RAND, key="in", giving=1, taking=0)
    await limit(world, 100 * RAND)
    assert await spent(world) == Spent(3 * KWH + 5 * RAND, 10 * KWH + 5 * RAND)
    assert await spent(world, now=yesterday) == Spent(7 * KWH, 7 * KWH)
    # the lane had the accounts in memory and counts from here on
    await world.charge([("M1", at(4), "21")])
    assert await spent(world) == Spent(4 * KWH + 5 * RAND, 11 * KWH + 5 * RAND)


async def test_setting_it_again_counts_the_same(world):
    await limit(world, 100 * RAND)
    await world.charge([("M1", at(1), "10")], now=NOW - timedelta(days=1))
    await world.charge([("M1", at(2), "20")])
    await send(world, 3 * RAND, key="out")
    before = await spent(world)
    assert before == Spent(10 * KWH + 3 * RAND, 20 * KWH + 3 * RAND)
    await limit(world, 200 * RAND)
    assert await spent(world) == before
    await remove(world)
    assert await spent(world) == Spent(0, 0)
    await limit(world, 50 * RAND)
    assert await spent(world) == before


async def test_a_correction_gives_back(database, told):
    world = await new_world(database, limits=Limits(20 * RAND, 0))
    await world.top_up("1000.00", key="first")
    await world.charge([("M1", at(0), "0")])
    await limit(world, 10 * KWH, is_cutting=True)
    # 12 kWh in an hour; then it shows that they were 5 kWh before the limit was reached
    await world.charge([("M1", at(1), "12")])
    assert await spent(world) == Spent(12 * KWH, 12 * KWH)
    assert await commands(world) == [("off", "asked")]
    wallet_id = (await wallet_of(world)).wallet_id
    async with world.unit_of_work() as session:
        await wallets.count_spending(
            session, estate_id=world.estate_id, spent_micro={wallet_id: -7 * KWH}, now=NOW
        )
    assert await spent(world) == Spent(5 * KWH, 5 * KWH)
    assert await commands(world) == [("on", "asked"), ("off", "failed")]
    assert await alerts(world) == []
    await world.charge([("M1", at(2), "17")])
    assert told == [
        ("SpendCutChanged", None),
        ("SpendReached", Span.DAY),
        ("SpendCutChanged", MIDNIGHT),
        ("SpendCutChanged", None),
        ("SpendReached", Span.DAY),
        ("SpendCutChanged", MIDNIGHT),
    ]


async def test_a_late_reading_counts_what_it_changes(world):
    rates_change_nothing = [("M1", at(1), "10"), ("M1", at(3), "30")]
    await limit(world, 100 * RAND)
    await world.charge(rates_change_nothing)
    await world.charge([("M1", at(2), "20")])
    # one price: the late reading splits the consumption and changes no sum
    assert await spent(world) == Spent(30 * KWH, 30 * KWH)
    assert await world.verified()


async def test_posting_hourly_counts_at_once_and_once(world):
    async with world.unit_of_work() as session:
        await charging.set_cadence(session, estate_id=world.estate_id, cadence=Cadence.DAILY, now=NOW)
    await world.charge([("M1", at(1), "10")])
    await limit(world, 100 * RAND)
    assert await spent(world) == Spent(10 * KWH, 10 * KWH)
    await world.charge([("M1", at(2), "12")])
    assert await spent(world) == Spent(12 * KWH, 12 * KWH)
    async with world.unit_of_work() as session:
        await charging.post_accruals(session, estate_id=world.estate_id, now=NOW)
    await world.charge([("M1", at(3), "13")])
    assert await spent(world) == Spent(13 * KWH, 13 * KWH)
    await limit(world, 100 * RAND)
    assert await spent(world) == Spent(13 * KWH, 13 * KWH)


# ── telling ──


async def test_a_warning_and_the_limit_are_told_once(world, database, told):
    await limit(world, 10 * KWH)
    told.clear()
    parent = await new_person(database, "Parent")
    await give(world, parent, wallet_id=(await wallet_of(world)).wallet_id, right=Right.VIEW)
    await world.charge([("M1", at(1), "7.9")])
    assert told == []
    await world.charge([("M1", at(2), "8")])
    assert told == [("SpendWarned", Span.DAY)]
    assert await alerts(world) == [("spend_warning", "wallet:1", parent.person_id, "18.40")]
    await world.charge([("M1", at(3), "9")])
    assert len(told) == 1
    await world.charge([("M1", at(4), "10")])
    await world.charge([("M1", at(5), "11")])
    assert told[1:] == [("SpendReached", Span.DAY), ("SpendCutChanged", None)]
    assert ("spend_reached", "wallet:1", parent.person_id, "23.00") in await alerts(world)
    # nothing is refused, nothing is cut
    assert await world.balances() == [(1_000 * RAND) - 11 * KWH, 1_000 * RAND]
    assert await commands(world) == []
    # and the day after it is told again
    await world.charge([("M1", at(6), "19.5")], now=MIDNIGHT)
    assert told[3:] == [("SpendWarned", Span.DAY)]


async def test_a_month_is_told_once_a_month(world, told):
    await limit(world, None, 10 * KWH)
    told.clear()
    await world.charge([("M1", at(1), "8")], now=NOW - timedelta(days=9))
    await world.charge([("M1", at(2), "9")])
    assert told == [("SpendWarned", Span.MONTH)]
    await world.charge([("M1", at(3), "10")])
    await world.charge([("M1", at(4), "14")], now=MIDNIGHT)
    assert told[1:] == [("SpendReached", Span.MONTH), ("SpendCutChanged", None)]
    await world.charge([("M1", at(5), "22")], now=APRIL)
    assert told[3:] == [("SpendWarned", Span.MONTH)]


async def test_alerts_of_yesterday_end(world, database):
    parent = await new_person(database, "Parent")
    await give(world, parent, wallet_id=(await wallet_of(world)).wallet_id, right=Right.VIEW)
    await limit(world, 10 * KWH, 15 * KWH)
    await world.charge([("M1", at(1), "12.5")])
    assert sorted(kind for kind, *_ in await alerts(world)) == ["spend_reached", "spend_warning"]
    async with world.unit_of_work() as session:
        await wallets.end_stale_alerts(session, estate_id=world.estate_id, now=MIDNIGHT)
    # of the month was warned only, and that stands
    assert [kind for kind, *_ in await alerts(world)] == ["spend_warning"]
    async with world.unit_of_work() as session:
        await wallets.end_stale_alerts(session, estate_id=world.estate_id, now=APRIL)
    assert await alerts(world) == []


async def test_a_limit_that_is_reached_when_it_is_set_acts_at_once(world, told):
    await world.charge([("M1", at(1), "10")])
    await limit(world, 10 * KWH, is_cutting=True)
    assert told == [("SpendReached", Span.DAY), ("SpendCutChanged", MIDNIGHT)]
    assert await commands(world) == [("off", "asked")]
    # the same again tells nothing again
    await limit(world, 10 * KWH, is_cutting=True)
    assert told[2:] == [("SpendCutChanged", MIDNIGHT)]
    assert len(await commands(world)) == 1
    await limit(world, 20 * KWH, is_cutting=True)
    assert await commands(world) == [("on", "asked"), ("off", "failed")]
    assert await alerts(world) == []


@pytest.mark.parametrize("wrong", [(None, None), (0, None), (None, -1)])
async def test_a_limit_needs_an_amount(world, wrong):
    with pytest.raises(Invalid):
        await limit(world, *wrong)


async def test_no_wallet_no_limit(world):
    with pytest.raises(NotFound, match="no spending limit"):
        await remove(world)
    async with world.unit_of_work() as session:
        with pytest.raises(NotFound):
            await wallets.set_spend_limit(
                session,
                estate_id=world.estate_id,
                wallet_id=99,
                limit=SpendLimit(1, None),
                actor="staff:test",
                now=NOW,
            )


# ── cutting ──


async def test_a_limit_cuts_until_midnight_if_its_owner_says_so(world):
    await limit(world, 10 * KWH, is_cutting=True)
    await world.charge([("M1", at(1), "11"), ("M2", at(1), "50")])
    assert await commands(world) == [("off", "asked")]
    await world.top_up("500.00", key="money does not help")
    assert len(await commands(world)) == 1
    async with world.unit_of_work() as session:
        await credit.lift_ended_stops(session, estate_id=world.estate_id, now=MIDNIGHT)
    assert await commands(world) == [("on", "asked"), ("off", "failed")]


async def test_a_month_cuts_until_the_first(world):
    await limit(world, 5 * KWH, 10 * KWH, is_cutting=True)
    await world.charge([("M1", at(1), "11")])
    async with world.unit_of_work() as session:
        (stop,) = await credit_queries.stops(session, estate_id=world.estate_id)
    assert stop.until == APRIL
    # a higher limit for the month leaves the day's
    await limit(world, 5 * KWH, 50 * KWH, is_cutting=True)
    async with world.unit_of_work() as session:
        (stop,) = await credit_queries.stops(session, estate_id=world.estate_id)
    assert stop.until == MIDNIGHT
    assert await commands(world) == [("off", "asked")]
    await remove(world)
    assert await commands(world) == [("on", "asked"), ("off", "failed")]


# ── what is authorised ──


async def test_what_is_authorised_is_refused_beyond_the_limit(world):
    await limit(world, 10 * KWH)
    await world.charge([("M1", at(1), "9")])
    await send(world, KWH, key="fits")
    assert await spent(world) == Spent(10 * KWH, 10 * KWH)
    for key in ("more", "more"):
        with pytest.raises(SpendLimitReached, match="for the day"):
            await send(world, 1, key=key)
    # a repeat is what was done, and counts nothing
    assert (await send(world, KWH, key="fits")).is_repeat
    assert await spent(world) == Spent(10 * KWH, 10 * KWH)
    assert await world.balances() == [1_000 * RAND - 10 * KWH, 1_000 * RAND + KWH]
    # the refused key was not used up: it works the next day
    assert not (await send(world, 1, key="more", now=MIDNIGHT)).is_repeat
    # consumption is never refused, nor is what others send
    await world.charge([("M1", at(2), "30")])
    await send(world, 7 * RAND, key="in", giving=1, taking=0)
    assert await world.verified()


async def test_a_pay_out_is_bound_and_counts(world):
    await limit(world, None, 10 * RAND)
    account = await wallet_of(world)

    async def pay_out(amount, key):
        async with world.unit_of_work() as session:
            await ledger.pay_out(
                session,
                estate_id=world.estate_id,
                account_id=account.account_id,
                order=Order(amount, "refund", key, "staff:test"),
                now=NOW,
            )

    await pay_out(4 * RAND, "a")
    with pytest.raises(SpendLimitReached, match="for the month"):
        await pay_out(7 * RAND, "b")
    await pay_out(6 * RAND, "c")
    assert await spent(world) == Spent(10 * RAND, 10 * RAND)


async def test_holds_take_part_of_the_limit_and_count_when_they_are_taken(world):
    await limit(world, 10 * RAND)
    account = await wallet_of(world)

    async def hold(amount, key):
        async with world.unit_of_work() as session:
            asked = Authorisation(account.account_id, amount, "washing machine", NOW + timedelta(hours=1))
            return (
                await ledger.place_hold(
                    session, estate_id=world.estate_id, asked=asked, key=key, actor="staff:test", now=NOW
                )
            )[0]

    first = await hold(6 * RAND, "a")
    with pytest.raises(SpendLimitReached):
        await hold(5 * RAND, "b")
    with pytest.raises(SpendLimitReached):
        await send(world, 5 * RAND, key="beside")
    async with world.unit_of_work() as session:
        assert (
            await ledger_queries.held_and_accrued(
                session, estate_id=world.estate_id, account_ids=[account.account_id]
            )
        ) == (6 * RAND, 0)
        payee = await ledger.open_accounts(
            session, estate_id=world.estate_id, codes=["payable:laundry"], currency="ZAR"
        )
        await ledger.resolve_hold(
            session,
            estate_id=world.estate_id,
            hold_id=first,
            taken_micro=2 * RAND,
            to_account_id=payee["payable:laundry"],
            actor="staff:test",
            now=NOW,
        )
    assert await spent(world) == Spent(2 * RAND, 2 * RAND)
    await send(world, 8 * RAND, key="the rest")


async def test_a_floor_still_binds(world):
    await limit(world, 5_000 * RAND)
    with pytest.raises(NotEnough):
        await send(world, 1_001 * RAND, key="too much")
    assert await spent(world) == Spent(0, 0)


async def test_check_spend_says_it_beforehand_and_writes_nothing(world):
    await limit(world, 10 * RAND)
    async with world.unit_of_work() as session:
        ask = {"estate_id": world.estate_id, "wallet_id": (await wallet_of(world)).wallet_id, "now": NOW}
        await wallets.check_spend(session, **ask, amount_micro=10 * RAND)
        with pytest.raises(SpendLimitReached):
            await wallets.check_spend(session, **ask, amount_micro=10 * RAND + 1)
        await wallets.check_spend(session, **{**ask, "wallet_id": 2}, amount_micro=10**15)
    assert await spent(world) == Spent(0, 0)


async def test_nobody_spends_past_the_limit_together(world):
    await limit(world, 10 * RAND)
    tries = [send(world, 3 * RAND, key=f"k{n}") for n in range(8)]
    done = await asyncio.gather(*tries, return_exceptions=True)
    refused = [each for each in done if isinstance(each, SpendLimitReached)]
    assert len(refused) == 5
    assert await spent(world) == Spent(9 * RAND, 9 * RAND)


async def test_a_limit_set_while_meters_talk_counts_every_charge(world):
    async def charge():
        for hour in range(1, 13):
            await world.charge([("M1", at(hour), str(hour * 2))])

    async def set_limits():
        for n in range(4):
            await limit(world, (100 + n) * RAND)
            await asyncio.sleep(0.05)

    await asyncio.gather(charge(), set_limits())
    assert await spent(world) == Spent(24 * KWH, 24 * KWH)
    assert await world.verified()
