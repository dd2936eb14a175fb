"""Cut-off and restore: commands in the transaction that crosses the line."""

from __future__ import annotations

import json

import psycopg
import pytest

from mita.credit import operations as credit
from mita.credit import queries as credit_queries
from mita.credit.domain import Rule
from mita.credit.operations import CommandFinished
from mita.kit.errors import Invalid
from mita.kit.live import CHANNEL
from tests.integration.world import FLAT, NOW, at, new_world

RAND = 1_000_000
CUTTING = Rule("electricity", is_cutting=True, low_micro=20 * RAND, cut_micro=0, restore_micro=10 * RAND)


async def _commands(world):
    async with world.unit_of_work() as session:
        rows = await credit_queries.commands(session, estate_id=world.estate_id)
    return [(row.action, row.state) for row in rows]


async def test_off_by_default(database):
    world = await new_world(database)
    await world.charge([("M1", at(0), "0"), ("M1", at(1), "1000")])
    assert await _commands(world) == []


async def test_crossing_the_line_asks_and_a_top_up_over_the_restore_line_asks_back(database):
    world = await new_world(database)
    await world.top_up("23.00", key="a")
    await world.set_rule(CUTTING)
    outcome = await world.charge([("M1", at(0), "0"), ("M1", at(1), "9")])
    assert (outcome.crossings, await _commands(world)) == (1, [])  # low, not out
    await world.charge([("M1", at(2), "10")])
    assert await world.balances() == [0]
    assert await _commands(world) == [("off", "asked")]
    await world.charge([("M1", at(3), "11")])  # consumption is never refused, and asks nothing twice
    assert len(await _commands(world)) == 1
    await world.top_up("12.29", key="b")  # 9.99: above zero, below the restore line
    assert len(await _commands(world)) == 1
    await world.top_up("0.01", key="c")
    # the cut had not been sent: it must not reach the device after the return
    assert await _commands(world) == [("on", "asked"), ("off", "failed")]


async def test_the_command_is_gone_if_the_batch_is_undone(database, monkeypatch):
    from mita.charging.operations import post

    world = await new_world(database)
    await world.set_rule(CUTTING)
    await world.top_up("15.00", key="a")
    await world.charge([("M1", at(0), "0")])
    before = len(await _commands(world))

    async def broken(*_args, **_more):
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(post, "_record_reratings", broken)
        with pytest.raises(RuntimeError):
            await world.charge([("M1", at(1), "50")])
    assert len(await _commands(world)) == before
    await world.charge([("M1", at(1), "50")])
    assert len(await _commands(world)) == before + 1


async def test_water_has_a_debt_limit_and_is_not_cut_unless_the_estate_says_so(database):
    rates = FLAT.replace("electricity", "water")
    world = await new_world(database, utility="water", rates=rates)
    limit = Rule("water", is_cutting=False, low_micro=0, cut_micro=-100 * RAND, restore_micro=0)
    await world.set_rule(limit)
    outcome = await world.charge([("M1", at(0), "0"), ("M1", at(1), "60")], utility="water")
    assert outcome.crossings == 1
    assert await _commands(world) == []
    await world.set_rule(Rule("water", is_cutting=True, low_micro=0, cut_micro=-100 * RAND, restore_micro=0))
    assert await _commands(world) == [("off", "asked")]
    await world.set_rule(limit)
    assert (await _commands(world))[0] == ("on", "asked")


async def test_only_confirmed_changes_what_is_known_of_the_supply(database):
    world = await new_world(database)
    await world.set_rule(CUTTING)
    async with world.unit_of_work() as session:
        command = (await credit_queries.commands(session, estate_id=world.estate_id))[0]

    async def on() -> bool:
        async with world.unit_of_work() as session:
            return await credit_queries.is_supply_on(
                session, estate_id=world.estate_id, unit_id=world.unit_ids[0], utility="electricity"
            )

    async def move(state: str) -> None:
        async with world.unit_of_work() as session:
            await credit.record_command_state(
                session, estate_id=world.estate_id, command_id=command.command_id, state=state, now=NOW
            )

    for state in ("sent", "acknowledged"):
        await move(state)
        assert await on()
    await move("confirmed")
    await move("confirmed")
    assert not await on()
    with pytest.raises(CommandFinished):
        await move("failed")


async def test_lines_that_contradict_each_other_are_refused(database):
    world = await new_world(database)
    with pytest.raises(Invalid, match="restore_line"):
        await world.set_rule(Rule("electricity", is_cutting=True, low_micro=0, cut_micro=0, restore_micro=-1))


async def test_listeners_hear_of_the_crossing_when_it_is_committed(database, database_name, postgres):
    world = await new_world(database)
    await world.top_up("23.00", key="a")
    await world.set_rule(CUTTING)
    with psycopg.connect(postgres.app_url(database_name), autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        await world.charge([("M1", at(0), "0"), ("M1", at(1), "20")])
        told = [json.loads(n.payload) for n in listener.notifies(timeout=5, stop_after=2)]
    for hint in told:
        assert hint.pop("id")
    assert {"estate_id": world.estate_id, "topic": "balance.out", "ids": world.unit_ids} in told
    assert {"estate_id": world.estate_id, "topic": "units", "ids": world.unit_ids} in told
