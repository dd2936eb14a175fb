"""What devices say of their switches, and how long commands are sent: database only."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from mita.credit import operations as credit
from mita.credit import queries as credit_queries
from mita.credit.domain import Rule
from mita.drivers.wire import Step, SwitchState
from mita.entrypoints.ingest.reported import record_reports
from mita.kit.clock import to_us
from mita.kit.errors import NotFound
from tests.integration.world import NOW, new_world

if TYPE_CHECKING:
    from datetime import datetime

    from mita.kit.db import Database
    from tests.integration.world import World

RAND = 1_000_000
CUTTING = Rule("electricity", is_cutting=True, low_micro=20 * RAND, cut_micro=0, restore_micro=10 * RAND)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


class Supply:
    """The supply of the first unit, and what is done with it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.place = {"estate_id": world.estate_id, "unit_id": world.unit_ids[0], "utility": "electricity"}

    async def ask(self, *, is_on: bool, at: float) -> UUID:
        """Ask to switch as staff does; return the command."""
        async with self.world.unit_of_work() as session:
            if is_on:
                await credit.lift_by_staff(session, **self.place, now=after(at))
            else:
                await credit.stop_by_staff(
                    session, **self.place, reason="test", actor="staff:test", now=after(at)
                )
            rows = await credit_queries.commands(session, estate_id=self.world.estate_id)
            return rows[0].command_id

    async def send(self, command_id: UUID, *, at: float, answer_s: int = 60, state: str = "sent") -> float:
        """Note an attempt; return how many seconds later the answer is due."""
        async with self.world.unit_of_work() as session:
            command = await credit_queries.command(
                session, estate_id=self.world.estate_id, command_id=command_id, lock=True
            )
            await credit.note_attempt(session, command=command, state=state, answer_s=answer_s, now=after(at))
            assert command.answer_due_at is not None
            return (command.answer_due_at - after(at)).total_seconds()

    async def say(
        self, *, is_on: bool, said: float, at: float | None = None, command_id: UUID | None = None
    ) -> None:
        """Let the device say how its switch stands, at one time, heard at another."""
        async with self.world.unit_of_work() as session:
            await credit.record_switch(
                session,
                **self.place,
                is_on=is_on,
                said_at=after(said),
                now=after(said if at is None else at),
                command_id=command_id,
            )

    async def step(self, command_id: UUID, state: str, *, at: float, **more) -> None:
        async with self.world.unit_of_work() as session:
            await credit.record_step(
                session,
                estate_id=self.world.estate_id,
                command_id=command_id,
                state=state,
                now=after(at),
                **{"reason": "", "may_retry": False, **more},
            )

    async def commands(self) -> list[tuple[str, str]]:
        """Oldest first."""
        async with self.world.unit_of_work() as session:
            rows = await credit_queries.commands(session, estate_id=self.world.estate_id)
        return [(row.action, row.state) for row in reversed(rows)]

    async def failures(self) -> list[str]:
        async with self.world.unit_of_work() as session:
            rows = await credit_queries.commands(session, estate_id=self.world.estate_id)
        return [row.failure for row in reversed(rows)]

    async def is_on(self) -> bool:
        async with self.world.unit_of_work() as session:
            return await credit_queries.is_supply_on(session, **self.place)

    async def due(self, *, at: float) -> list[UUID]:
        async with self.world.unit_of_work() as session:
            return await credit_queries.due_commands(
                session, estate_id=self.world.estate_id, now=after(at), limit=10
            )


@pytest.fixture
async def supply(database: Database) -> Supply:
    return Supply(await new_world(database))


async def test_a_named_command_is_confirmed_or_contradicted(supply: Supply):
    off = await supply.ask(is_on=False, at=0)
    await supply.send(off, at=1)
    with pytest.raises(NotFound):
        await supply.say(is_on=False, said=2, command_id=UUID(int=7))
    assert await supply.is_on()
    await supply.say(is_on=False, said=2, command_id=off)
    assert (await supply.commands(), await supply.is_on()) == ([("off", "confirmed")], False)
    # said again, it moves nothing
    await supply.say(is_on=False, said=3, command_id=off)
    on = await supply.ask(is_on=True, at=10)
    await supply.send(on, at=11)
    await supply.say(is_on=False, said=12, command_id=on)
    assert await supply.commands() == [("off", "confirmed"), ("on", "failed")]
    assert (await supply.failures())[1] == "the device says that it is off"
    assert not await supply.is_on()
    # the command is over; the switch is all the same as the device says
    await supply.say(is_on=True, said=20, command_id=on)
    assert await supply.commands() == [("off", "confirmed"), ("on", "failed"), ("on", "confirmed")]
    assert await supply.is_on()


async def test_a_word_without_a_name_confirms_the_newest_that_was_sent(supply: Supply):
    off = await supply.ask(is_on=False, at=0)
    # of a command that nobody has sent it cannot speak; yet it is as it says
    await supply.say(is_on=False, said=1)
    assert await supply.commands() == [("off", "asked"), ("off", "confirmed")]
    assert not await supply.is_on()
    on = await supply.ask(is_on=True, at=10)
    # what takes its place makes the first fail
    assert await supply.commands() == [("off", "failed"), ("off", "confirmed"), ("on", "asked")]
    assert (await supply.failures())[0] == "another command took its place"
    await supply.send(on, at=11)
    await supply.say(is_on=False, said=12)
    assert (await supply.commands())[2] == ("on", "sent")
    await supply.say(is_on=True, said=13)
    assert (await supply.commands())[2] == ("on", "confirmed")
    assert await supply.is_on()
    assert off != on


async def test_an_old_word_neither_confirms_nor_flips(supply: Supply):
    off = await supply.ask(is_on=False, at=100)
    await supply.send(off, at=100)
    # long before it was asked
    await supply.say(is_on=False, said=90, at=101)
    assert await supply.commands() == [("off", "sent"), ("off", "confirmed")]
    # two clocks are never the same: a little before it was asked will do
    await supply.say(is_on=False, said=99.5, at=102)
    assert (await supply.commands())[0] == ("off", "confirmed")
    on = await supply.ask(is_on=True, at=103)
    await supply.send(on, at=103)
    # from before the switching off, heard after the command to switch on
    for said in (98.5, 99.5):
        await supply.say(is_on=True, said=said, at=104)
        assert (await supply.commands())[-1] == ("on", "sent")
        assert not await supply.is_on()
    await supply.say(is_on=True, said=104)
    assert await supply.is_on()
    # and a late word of what it was before
    await supply.say(is_on=False, said=103.5, at=110)
    assert await supply.is_on()
    assert await supply.commands() == [("off", "confirmed"), ("off", "confirmed"), ("on", "confirmed")]


async def test_a_late_answer_to_an_older_command_is_no_news(supply: Supply):
    off = await supply.ask(is_on=False, at=0)
    await supply.send(off, at=1)
    on = await supply.ask(is_on=True, at=2)
    await supply.send(on, at=3)
    # the device carried out the one that was taken back as well
    await supply.say(is_on=False, said=4, command_id=off)
    assert not await supply.is_on()
    await supply.say(is_on=True, said=5, command_id=on)
    assert await supply.is_on()
    await supply.say(is_on=False, said=4, at=6, command_id=off)
    await supply.say(is_on=False, said=6, command_id=off)
    assert await supply.is_on()
    assert await supply.commands() == [("off", "failed"), ("on", "confirmed"), ("off", "confirmed")]


async def test_what_nobody_asked_is_believed_and_counts_as_off(supply: Supply):
    world = supply.world
    await supply.say(is_on=True, said=0)
    assert await supply.commands() == []
    await supply.say(is_on=False, said=60, at=61)
    await supply.say(is_on=False, said=70)
    await supply.say(is_on=True, said=120, at=121)
    assert await supply.commands() == [("off", "confirmed"), ("on", "confirmed")]
    async with world.unit_of_work() as session:
        rows = await credit_queries.commands(session, estate_id=world.estate_id)
        known = await credit_queries.supply(session, **supply.place)
        spans = await credit_queries.off_spans(session, estate_id=world.estate_id, unit_ids=world.unit_ids)
    assert {row.reason for row in rows} == {"the device reported it; nobody had asked"}
    assert known is not None
    assert (known.is_on, known.since) == (True, after(120))
    assert spans == {(world.unit_ids[0], "electricity"): [(after(61), after(121))]}


async def test_attempts_are_made_after_twice_the_wait_and_an_hour_at_most(supply: Supply):
    off = await supply.ask(is_on=False, at=0)
    assert await supply.due(at=0) == [off]
    at, waits = 0.0, []
    for _ in range(9):
        waits.append(await supply.send(off, at=at))
        assert await supply.due(at=at + waits[-1] - 1) == []
        at += waits[-1]
        assert await supply.due(at=at) == [off]
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    # a gateway has it: that is no answer, and the next attempt is as due as it was
    await supply.step(off, "acknowledged", at=at)
    assert await supply.commands() == [("off", "acknowledged")]
    assert await supply.send(off, at=at, state="queued") == 3600
    assert await supply.commands() == [("off", "acknowledged")]
    # a meter that sleeps for longer than an hour is waited for as long as it sleeps
    assert await supply.send(off, at=at, answer_s=90_000) == 90_000
    await supply.say(is_on=False, said=at)
    assert await supply.due(at=at + 10**6) == []


async def test_a_step_that_failed_is_tried_again_at_once_or_is_the_end(supply: Supply):
    off = await supply.ask(is_on=False, at=0)
    await supply.send(off, at=1, state="queued")
    await supply.step(off, "sent", at=2)
    await supply.step(off, "queued", at=3)
    assert await supply.commands() == [("off", "sent")]
    await supply.step(off, "failed", at=4, reason="the device did not acknowledge it", may_retry=True)
    assert await supply.commands() == [("off", "sent")]
    assert await supply.due(at=4) == [off]
    # the second wait is twice the first, whatever made it due
    assert await supply.send(off, at=5) == 120
    await supply.step(off, "failed", at=6, reason="EXPIRED: expired")
    assert await supply.commands() == [("off", "failed")]
    assert await supply.failures() == ["EXPIRED: expired"]
    assert await supply.due(at=10**6) == []
    await supply.step(off, "acknowledged", at=7)
    assert await supply.commands() == [("off", "failed")]


async def test_only_its_own_device_speaks_for_a_command(database: Database):
    world = await new_world(database, meters=2)
    supply = Supply(world)
    off = await supply.ask(is_on=False, at=0)
    await supply.send(off, at=1)

    async def report(number: int, *reports: Step | SwitchState) -> list[str]:
        async with world.unit_of_work() as session:
            found = await record_reports(
                session,
                estate_id=world.estate_id,
                device=f"dev-{world.estate_id}-{number}",
                reports=reports,
                received_us=to_us(after(2)),
                source="test",
                now=after(2),
            )
        return [each.code for each in found]

    # another program's downlink at the same server, and another unit's device
    assert await report(1, Step(UUID(int=9), "acknowledged")) == []
    assert await report(2, Step(off, "failed", "no"), Step(off, "acknowledged")) == []
    assert await report(2, SwitchState(is_on=False, command_id=off)) == ["unknown_command"]
    assert await report(1, SwitchState(is_on=False, meter="M2")) == ["unknown_command"]
    assert await supply.commands() == [("off", "sent")]
    assert await report(1, Step(off, "acknowledged"), SwitchState(is_on=False)) == []
    assert await supply.commands() == [("off", "confirmed")]


async def test_an_off_that_lost_its_place_and_is_carried_out_late_is_called_so(supply: Supply):
    off = await supply.ask(is_on=False, at=0)
    await supply.send(off, at=1)
    on = await supply.ask(is_on=True, at=10)
    await supply.send(on, at=11, answer_s=600)
    assert await supply.due(at=20) == []
    # it woke up, and did what had waited for it
    await supply.say(is_on=False, said=20)
    assert await supply.commands() == [("off", "failed"), ("on", "sent"), ("off", "confirmed")]
    assert not await supply.is_on()
    async with supply.world.unit_of_work() as session:
        late = (await credit_queries.commands(session, estate_id=supply.world.estate_id))[0]
    assert late.reason == "the device carried out an earlier command late"
    # what brings it back is due at once, and not after ten minutes
    assert await supply.due(at=20) == [on]
    await supply.say(is_on=True, said=30)
    assert await supply.is_on()
    # once is once: the next one nobody had asked for
    await supply.say(is_on=False, said=40)
    async with supply.world.unit_of_work() as session:
        found = (await credit_queries.commands(session, estate_id=supply.world.estate_id))[0]
    assert found.reason == "the device reported it; nobody had asked"


async def test_a_late_off_after_the_return_asks_on_again(supply: Supply):
    off = await supply.ask(is_on=False, at=0)
    await supply.send(off, at=1)
    on = await supply.ask(is_on=True, at=10)
    await supply.send(on, at=11)
    await supply.say(is_on=True, said=12, command_id=on)
    await supply.say(is_on=False, said=60)
    assert [each for each in await supply.commands() if each[0] == "on"] == [
        ("on", "confirmed"),
        ("on", "asked"),
    ]


async def test_an_off_that_was_never_sent_cannot_be_late(supply: Supply):
    await supply.ask(is_on=False, at=0)
    on = await supply.ask(is_on=True, at=10)
    await supply.send(on, at=11)
    await supply.say(is_on=False, said=20)
    async with supply.world.unit_of_work() as session:
        found = (await credit_queries.commands(session, estate_id=supply.world.estate_id))[0]
    assert found.reason == "the device reported it; nobody had asked"
