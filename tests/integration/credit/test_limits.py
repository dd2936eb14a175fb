"""Load limits: asked by the path of supply commands, held to be in force by the device's word only."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mita.credit import operations as credit
from mita.credit import queries as credit_queries
from mita.credit.domain import Rule
from mita.credit.operations import CannotLimit
from mita.devices import operations as devices
from mita.devices import queries as registry
from mita.drivers.wire import LimitState, SwitchState
from mita.entrypoints.ingest.reported import record_reports
from mita.entrypoints.posts.orders import waiting_orders
from mita.kit.clock import to_us
from mita.kit.errors import Invalid
from tests.integration.world import NOW, at, new_world

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from mita.credit.models import SupplyCommand
    from mita.kit.db import Database
    from tests.integration.world import World

RAND = 1_000_000
CUTTING = Rule("electricity", is_cutting=True, low_micro=20 * RAND, cut_micro=0, restore_micro=10 * RAND)
LIFELINE = Rule(
    "electricity",
    is_cutting=True,
    low_micro=20 * RAND,
    cut_micro=0,
    restore_micro=10 * RAND,
    lifeline_w=500,
)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


class Limited:
    """The supply of the first unit, behind a device of our own convention."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.name = f"dev-{world.estate_id}-1"
        self.place: dict[str, Any] = {
            "estate_id": world.estate_id,
            "unit_id": world.unit_ids[0],
            "utility": "electricity",
        }

    async def register(self, *, can_limit: bool = True) -> None:
        async with self.world.unit_of_work() as session:
            await devices.register_device(
                session,
                estate_id=self.world.estate_id,
                driver="mita",
                address=self.name,
                terms=devices.DeviceTerms(settings={"limit": can_limit}),
                now=NOW,
            )

    async def limit(self, limit_w: int, *, now: float, until: float | None = None) -> None:
        async with self.world.unit_of_work() as session:
            await credit.limit_by_staff(
                session,
                **self.place,
                limit_w=limit_w,
                until=None if until is None else after(until),
                actor="staff:test",
                now=after(now),
            )

    async def lift(self, *, now: float) -> None:
        async with self.world.unit_of_work() as session:
            await credit.lift_limit_by_staff(session, **self.place, now=after(now))

    async def commands(self) -> list[SupplyCommand]:
        """Oldest first."""
        async with self.world.unit_of_work() as session:
            rows = await credit_queries.commands(session, estate_id=self.world.estate_id)
        return list(reversed(rows))

    async def told(self) -> list[tuple[str, int | None, str]]:
        return [(row.action, row.limit_w, row.state) for row in await self.commands()]

    async def given(self, *, now: float) -> list[dict[str, Any]]:
        """What the device is told at a time."""
        return await waiting_orders(
            self.world.database, estate_id=self.world.estate_id, devices=[self.name], now=after(now)
        )

    async def say(self, state: SwitchState | LimitState, *, now: float) -> list[Any]:
        async with self.world.unit_of_work() as session:
            return await record_reports(
                session,
                estate_id=self.world.estate_id,
                device=self.name,
                reports=[state],
                received_us=to_us(after(now)),
                source="test",
                now=after(now),
            )

    async def held_w(self) -> int | None:
        async with self.world.unit_of_work() as session:
            found = await credit_queries.supply_limit(session, **self.place)
        return None if found is None else found.limit_w

    async def newest_id(self) -> UUID:
        return (await self.commands())[-1].command_id


@pytest.fixture
async def limited(database: Database) -> Limited:
    found = Limited(await new_world(database))
    await found.register()
    return found


async def test_it_is_in_force_when_the_device_says_so_and_not_before(limited: Limited):
    await limited.limit(2_000, now=0)
    (order,) = await limited.given(now=1)
    assert (order["limit"], "relay" in order) == (2_000, False)
    assert await limited.told() == [("limit", 2_000, "sent")]
    assert await limited.held_w() is None
    # it holds another one, perhaps an older one
    await limited.say(LimitState(1_500), now=2)
    assert (await limited.told())[-1] == ("limit", 2_000, "sent")
    assert await limited.held_w() == 1_500
    await limited.say(LimitState(2_000, command_id=await limited.newest_id()), now=3)
    assert await limited.told() == [("limit", 2_000, "confirmed")]
    assert await limited.held_w() == 2_000
    await limited.limit(2_000, now=4)
    assert len(await limited.commands()) == 1
    await limited.lift(now=5)
    (order,) = await limited.given(now=6)
    assert order["limit"] is None
    await limited.say(LimitState(None), now=7)
    assert await limited.told() == [("limit", 2_000, "confirmed"), ("lift", None, "confirmed")]
    assert await limited.held_w() is None


async def test_a_device_that_contradicts_fails_the_command(limited: Limited):
    await limited.limit(2_000, now=0)
    await limited.given(now=1)
    await limited.say(LimitState(None, command_id=await limited.newest_id()), now=2)
    (row,) = await limited.commands()
    assert (row.state, "holds the supply to nothing" in row.failure) == ("failed", True)
    async with limited.world.unit_of_work() as session:
        ids = await registry.ids_of_devices(session, estate_id=limited.world.estate_id, names=[limited.name])
        (issue,) = await registry.open_issues(
            session, estate_id=limited.world.estate_id, device_ids=list(ids.values())
        )
    assert (issue.kind, "it was to limit its supply" in issue.detail) == ("limit_contradicts", True)


@pytest.mark.parametrize(
    ("said_w", "step_w", "is_confirmed"),
    [(1_380, 230, True), (1_500, 230, True), (1_270, 230, False), (1_610, 230, False), (1_499, 1, False)],
)
async def test_what_it_says_in_rough_steps_is_taken_for_what_was_asked(
    limited: Limited, said_w: int, step_w: int, *, is_confirmed: bool
):
    await limited.limit(1_500, now=0)
    await limited.given(now=1)
    await limited.say(LimitState(said_w, step_w=step_w), now=2)
    assert (await limited.told())[0][2] == ("confirmed" if is_confirmed else "sent")
    assert await limited.held_w() == said_w


async def test_an_empty_wallet_wins_and_the_limit_follows_the_return(limited: Limited):
    world = limited.world
    await world.top_up("23.00", key="a")
    await world.set_rule(CUTTING)
    await limited.limit(2_000, now=0)
    await world.charge([("M1", at(0), "0"), ("M1", at(1), "10")])
    assert [each[:2] for each in await limited.told()] == [("limit", 2_000), ("off", None)]
    (off,) = await limited.given(now=5_000)
    assert off["relay"] == "off"
    await limited.say(SwitchState(is_on=False, command_id=await limited.newest_id()), now=5_001)
    # nothing else is given as long as the supply is off
    assert await limited.given(now=5_002) == []
    async with world.unit_of_work() as session:
        due = await credit_queries.due_commands(session, estate_id=world.estate_id, now=after(9_000), limit=9)
    assert due == []
    await world.top_up("30.00", key="b", now=after(6_000))
    (on,) = await limited.given(now=6_001)
    assert on["relay"] == "on"
    await limited.say(SwitchState(is_on=True), now=6_002)
    (order,) = await limited.given(now=6_003)
    assert order["limit"] == 2_000
    await limited.say(LimitState(2_000), now=6_004)
    assert [each[::2] for each in await limited.told()] == [
        ("limit", "confirmed"),
        ("off", "confirmed"),
        ("on", "confirmed"),
    ]


async def test_a_limit_that_was_in_force_is_asked_for_again_after_the_return(limited: Limited):
    await limited.limit(2_000, now=0)
    await limited.given(now=1)
    await limited.say(LimitState(2_000), now=2)
    async with limited.world.unit_of_work() as session:
        await credit.stop_by_staff(session, **limited.place, reason="test", actor="staff:test", now=after(10))
    await limited.given(now=11)
    await limited.say(SwitchState(is_on=False), now=12)
    async with limited.world.unit_of_work() as session:
        await credit.lift_by_staff(session, **limited.place, now=after(20))
    await limited.given(now=21)
    await limited.say(SwitchState(is_on=True), now=22)
    (order,) = await limited.given(now=23)
    assert order["limit"] == 2_000


async def test_a_limit_that_the_device_forgot_is_asked_for_again_once(limited: Limited):
    await limited.limit(2_000, now=0)
    await limited.given(now=1)
    await limited.say(LimitState(2_000), now=2)
    await limited.say(LimitState(None), now=60)
    assert await limited.held_w() is None
    (order,) = await limited.given(now=61)
    assert order["limit"] == 2_000
    # it has none, and says so whenever it is asked
    await limited.say(LimitState(None), now=62)
    await limited.say(LimitState(None, command_id=await limited.newest_id()), now=63)
    assert [each[2] for each in await limited.told()] == ["confirmed", "failed"]


async def test_the_lowest_of_several_holds_and_ends_come_by_themselves(limited: Limited):
    from mita.credit.domain import Limit, LimitCause

    await limited.limit(2_000, now=0, until=100)
    async with limited.world.unit_of_work() as session:
        supplies = await credit.hold_supplies(
            session, estate_id=limited.world.estate_id, unit_ids=limited.world.unit_ids[:1]
        )
        event = Limit(LimitCause.EVENT, 3_000, "event", "test", after(200))
        await credit.put_limit(
            session, supplied=supplies[limited.world.unit_ids[0], "electricity"], limit=event, now=after(1)
        )
    assert [each[:2] for each in await limited.told()] == [("limit", 2_000)]
    assert (await limited.commands())[0].expires_at == after(100)

    async def end(now: float) -> int:
        async with limited.world.unit_of_work() as session:
            return await credit.lift_ended_limits(session, estate_id=limited.world.estate_id, now=after(now))

    assert await end(99) == 0
    assert await end(100) == 1
    assert await limited.told() == [
        ("limit", 2_000, "failed"),
        ("limit", 3_000, "asked"),
    ]
    await limited.given(now=101)
    await limited.say(LimitState(3_000), now=102)
    assert await end(200) == 1
    assert (await limited.told())[-1] == ("lift", None, "asked")


async def test_a_device_that_cannot_is_refused_and_says_why(database: Database):
    limited = Limited(await new_world(database))
    with pytest.raises(CannotLimit, match="cannot limit, as it is set up"):
        await limited.limit(2_000, now=0)
    await limited.register(can_limit=False)
    with pytest.raises(CannotLimit, match="cannot limit"):
        await limited.limit(2_000, now=0)
    assert await limited.commands() == []


@pytest.mark.parametrize(("limit_w", "until"), [(0, None), (10_000_001, None), (500, -1)])
async def test_what_is_no_limit_is_invalid(limited: Limited, limit_w: int, until: float | None):
    with pytest.raises(Invalid):
        await limited.limit(limit_w, now=0, until=until)


async def test_who_is_out_is_held_to_the_lifeline_and_not_cut(limited: Limited):
    world = limited.world
    await world.top_up("23.00", key="a")
    await world.set_rule(LIFELINE)
    await world.charge([("M1", at(0), "0"), ("M1", at(1), "10")])
    assert await limited.told() == [("limit", 500, "asked")]
    await limited.given(now=4_000)
    await limited.say(LimitState(500), now=4_001)
    # the estate cuts again: what was limited is cut
    await world.set_rule(CUTTING, now=after(5_000))
    assert [each[::2] for each in await limited.told()] == [
        ("limit", "confirmed"),
        ("off", "asked"),
        ("lift", "asked"),
    ]
    await world.set_rule(LIFELINE, now=after(5_100))
    await world.top_up("30.00", key="b", now=after(5_200))
    assert (await limited.told())[-1][0] == "lift"
    async with world.unit_of_work() as session:
        assert await credit_queries.load_limits(session, estate_id=world.estate_id) == []
        assert await credit_queries.stops(session, estate_id=world.estate_id) == []


async def test_without_the_ability_the_lifeline_is_a_cut(database: Database):
    world = await new_world(database)
    await world.set_rule(LIFELINE)
    await world.charge([("M1", at(0), "0"), ("M1", at(1), "10")])
    assert await Limited(world).told() == [("off", None, "asked")]


async def test_an_answer_that_names_a_command_of_the_other_kind_is_listed(limited: Limited):
    await limited.limit(2_000, now=0)
    await limited.given(now=1)
    (bad,) = await limited.say(SwitchState(is_on=True, command_id=await limited.newest_id()), now=2)
    assert bad.code == "unknown_command"
    assert (await limited.told())[0][2] == "sent"


@pytest.mark.parametrize("was_given", [True, False])
async def test_a_limit_that_was_given_and_never_answered_is_lifted_all_the_same(
    limited: Limited, *, was_given: bool
):
    await limited.limit(2_000, now=0, until=100)
    if was_given:
        await limited.given(now=1)
    async with limited.world.unit_of_work() as session:
        await credit.record_command_state(
            session,
            estate_id=limited.world.estate_id,
            command_id=(await limited.commands())[0].command_id,
            state="failed",
            now=after(100),
        )
    async with limited.world.unit_of_work() as session:
        await credit.lift_ended_limits(session, estate_id=limited.world.estate_id, now=after(101))
    # it may have obeyed, and its answer may be lost
    assert [each[0] for each in await limited.told()] == (["limit", "lift"] if was_given else ["limit"])
