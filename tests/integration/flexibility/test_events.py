"""Flexibility events from their plan to their end: who is asked, what devices say, who leaves."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from mita.credit import operations as credit
from mita.credit import queries as credit_queries
from mita.devices import operations as devices
from mita.drivers.wire import LimitState, SwitchState
from mita.entrypoints.ingest.reported import record_reports
from mita.entrypoints.posts.orders import waiting_orders
from mita.flexibility import operations as flexibility
from mita.flexibility import queries
from mita.flexibility.domain import Terms
from mita.flexibility.operations import EventOver, EventsOverlap
from mita.kit.clock import to_us
from mita.kit.errors import Invalid, NotFound
from tests.integration.world import NOW, new_world

if TYPE_CHECKING:
    from datetime import datetime

    from mita.kit.db import Database
    from tests.integration.world import World

FROM, UNTIL = 60, 7_260


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


class Street:
    """Units behind devices of our own convention; the last one's cannot limit."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.estate = {"estate_id": world.estate_id}

    def name(self, place: int) -> str:
        return f"dev-{self.world.estate_id}-{place + 1}"

    async def set_up(self) -> None:
        for place, unit_id in enumerate(self.world.unit_ids):
            async with self.world.unit_of_work() as session:
                can = place < len(self.world.unit_ids) - 1
                terms = devices.DeviceTerms(settings={"limit": can})
                await devices.register_device(
                    session, **self.estate, driver="mita", address=self.name(place), terms=terms, now=NOW
                )
                await self._agree(session, unit_id)

    async def _agree(self, session: Any, unit_id: int, **more: Any) -> None:
        said = {"takes_part": True, "is_protected": None, "actor": "person:7", "now": NOW, **more}
        await flexibility.set_consent(session, **self.estate, unit_id=unit_id, **said)

    async def consent(self, place: int, **said: Any) -> None:
        async with self.world.unit_of_work() as session:
            await self._agree(session, self.world.unit_ids[place], **said)

    async def plan(
        self, *, limit_w: int | None = 2_000, places: list[int] | None = None, **more: Any
    ) -> UUID:
        terms = Terms("Evening peak", limit_w, **{"from_at": after(FROM), "until_at": after(UNTIL), **more})
        unit_ids = None if places is None else [self.world.unit_ids[each] for each in places]
        async with self.world.unit_of_work() as session:
            row = await flexibility.plan_event(
                session, **self.estate, terms=terms, unit_ids=unit_ids, actor="staff:test", now=NOW
            )
            return row.flexibility_event_id

    async def settle(self, *, now: float) -> int:
        async with self.world.unit_of_work() as session:
            return await flexibility.settle_events(session, **self.estate, now=after(now))

    async def units(self, event_id: UUID) -> list[str]:
        async with self.world.unit_of_work() as session:
            rows = await queries.units(session, **self.estate, event_id=event_id)
        return [row.state for row in rows]

    async def state(self, event_id: UUID) -> str:
        async with self.world.unit_of_work() as session:
            return (await queries.event(session, **self.estate, event_id=event_id)).state

    async def given(self, place: int, *, now: float) -> list[dict[str, Any]]:
        return await waiting_orders(
            self.world.database, **self.estate, devices=[self.name(place)], now=after(now)
        )

    async def say(self, place: int, state: SwitchState | LimitState, *, now: float) -> None:
        async with self.world.unit_of_work() as session:
            await record_reports(
                session,
                **self.estate,
                device=self.name(place),
                reports=[state],
                received_us=to_us(after(now)),
                source="test",
                now=after(now),
            )

    async def commands(self, place: int) -> list[tuple[str, int | None, str]]:
        async with self.world.unit_of_work() as session:
            rows = await credit_queries.commands(session, **self.estate, unit_id=self.world.unit_ids[place])
        return [(row.action, row.limit_w, row.state) for row in reversed(rows)]


@pytest.fixture
async def street(database: Database) -> Street:
    found = Street(await new_world(database, meters=5))
    await found.set_up()
    return found


async def test_an_event_asks_who_agreed_and_gives_back_at_its_end(street: Street):
    await street.consent(1, takes_part=False)
    await street.consent(2, is_protected=True)
    event_id = await street.plan()
    assert await street.settle(now=FROM - 1) == 0
    assert await street.units(event_id) == ["planned"] * 5
    assert await street.settle(now=FROM) == 5
    assert await street.units(event_id) == ["asked", "declined", "protected", "asked", "cannot"]
    assert await street.settle(now=FROM + 1) == 0
    (order,) = await street.given(0, now=61)
    assert (order["limit"], order["exp"]) == (2_000, int(after(UNTIL).timestamp()))
    await street.say(0, LimitState(2_000), now=62)
    assert await street.units(event_id) == ["confirmed", "declined", "protected", "asked", "cannot"]
    # the other one's device never says so
    await street.settle(now=UNTIL)
    assert await street.state(event_id) == "over"
    assert await street.units(event_id) == ["confirmed", "declined", "protected", "failed", "cannot"]
    assert (await street.commands(0))[-1] == ("lift", None, "asked")
    assert await street.commands(1) == await street.commands(2) == await street.commands(4) == []
    async with street.world.unit_of_work() as session:
        assert await credit_queries.load_limits(session, **street.estate) == []
    # over is over
    assert await street.settle(now=UNTIL + 60) == 0
    with pytest.raises(EventOver):
        async with street.world.unit_of_work() as session:
            await flexibility.cancel_event(session, **street.estate, event_id=event_id, now=after(UNTIL))


async def test_a_shed_supply_goes_off_and_comes_back(street: Street):
    event_id = await street.plan(limit_w=None, places=[4])
    await street.settle(now=FROM)
    (order,) = await street.given(4, now=61)
    assert order["relay"] == "off"
    await street.say(4, SwitchState(is_on=False), now=62)
    assert await street.units(event_id) == ["confirmed"]
    await street.settle(now=UNTIL)
    (order,) = await street.given(4, now=UNTIL + 1)
    assert order["relay"] == "on"


async def test_money_keeps_a_shed_supply_off_when_the_event_is_over(street: Street):
    await street.plan(limit_w=None, places=[4])
    await street.settle(now=FROM)
    async with street.world.unit_of_work() as session:
        await credit.stop_by_staff(
            session,
            **street.estate,
            unit_id=street.world.unit_ids[4],
            utility="electricity",
            reason="test",
            actor="staff:test",
            now=after(100),
        )
    await street.settle(now=UNTIL)
    assert [each[0] for each in await street.commands(4)] == ["off"]


async def test_who_opts_out_while_it_runs_is_given_back_at_once(street: Street):
    event_id = await street.plan(places=[0, 1])
    await street.settle(now=FROM)
    await street.given(0, now=61)
    await street.say(0, LimitState(2_000), now=62)
    async with street.world.unit_of_work() as session:
        await flexibility.leave_event(
            session,
            **street.estate,
            event_id=event_id,
            unit_id=street.world.unit_ids[0],
            now=after(100),
        )
    assert await street.units(event_id) == ["left", "asked"]
    (order,) = await street.given(0, now=101)
    assert order["limit"] is None
    # who takes part no more leaves as well
    await street.consent(1, takes_part=False, now=after(110))
    assert await street.units(event_id) == ["left", "left"]
    await street.settle(now=UNTIL)
    assert await street.units(event_id) == ["left", "left"]


async def test_a_device_that_refuses_is_told_as_failed(street: Street):
    event_id = await street.plan(places=[0])
    await street.settle(now=FROM)
    (order,) = await street.given(0, now=61)
    await street.say(0, LimitState(None, command_id=UUID(order["id"])), now=62)
    assert await street.units(event_id) == ["failed"]
    async with street.world.unit_of_work() as session:
        (row,) = await queries.units(session, **street.estate, event_id=event_id)
    assert "holds the supply to nothing" in row.reason


async def test_a_lower_limit_of_staff_is_enough(street: Street):
    place = {**street.estate, "unit_id": street.world.unit_ids[0], "utility": "electricity"}
    async with street.world.unit_of_work() as session:
        await credit.limit_by_staff(session, **place, limit_w=1_000, until=None, actor="staff:test", now=NOW)
    await street.given(0, now=1)
    await street.say(0, LimitState(1_000), now=2)
    event_id = await street.plan(places=[0])
    await street.settle(now=FROM)
    assert await street.units(event_id) == ["confirmed"]
    assert await street.commands(0) == [("limit", 1_000, "confirmed")]


async def test_a_cancelled_event_gives_back_and_may_be_planned_again(street: Street):
    event_id = await street.plan(places=[0])
    with pytest.raises(EventsOverlap):
        await street.plan(places=[0, 1], until_at=after(FROM + 1))
    await street.plan(places=[1])
    await street.plan(places=[0], from_at=after(UNTIL), until_at=after(UNTIL + 60))
    await street.settle(now=FROM)
    async with street.world.unit_of_work() as session:
        await flexibility.cancel_event(session, **street.estate, event_id=event_id, now=after(100))
    assert await street.state(event_id) == "cancelled"
    assert [each[0] for each in await street.commands(0)] == ["limit", "lift"]
    await street.plan(places=[0])


async def test_an_event_that_nobody_began_in_time_asks_nothing(street: Street):
    event_id = await street.plan(places=[0])
    await street.settle(now=UNTIL + 5)
    assert (await street.state(event_id), await street.units(event_id)) == ("over", ["failed"])
    assert await street.commands(0) == []


@pytest.mark.parametrize(
    "more",
    [
        {"until_at": after(FROM)},
        {"until_at": after(FROM + 86_401)},
        {"from_at": after(-10), "until_at": after(0)},
        {"limit_w": 0},
    ],
)
async def test_what_contradicts_itself_is_invalid(street: Street, more: dict[str, Any]):
    with pytest.raises(Invalid):
        await street.plan(**more)


async def test_a_unit_of_another_estate_is_not_found(street: Street, database: Database):
    other = await new_world(database, name="Other")
    terms = Terms("Peak", 500, after(FROM), after(UNTIL))
    with pytest.raises(NotFound):
        async with street.world.unit_of_work() as session:
            await flexibility.plan_event(
                session,
                **street.estate,
                terms=terms,
                unit_ids=other.unit_ids,
                actor="staff:test",
                now=NOW,
            )


async def test_who_moved_out_takes_part_no_more(street: Street):
    unit_id = street.world.unit_ids[0]
    await street.consent(0, is_protected=True)
    async with street.world.unit_of_work() as session:
        await flexibility.forget_consent(session, **street.estate, unit_id=unit_id, now=after(5))
        found = (await queries.consents(session, **street.estate, unit_ids=[unit_id]))[unit_id]
    assert (found.takes_part, found.is_protected) == (False, True)
