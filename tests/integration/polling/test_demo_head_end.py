"""Mill Lane of the demo: emulated meters are read, set and given their prices by the poller's own parts."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from mita.credit import operations as credit
from mita.devices import queries as registry
from mita.entrypoints.demo import head_end
from mita.entrypoints.keys import DEMO_PREPAID
from mita.entrypoints.polling.emop import EmopLine
from mita.entrypoints.polling.reach import Reach
from mita.entrypoints.polling.registered import Registered
from mita.entrypoints.polling.tasks import DeviceTasks
from mita.entrypoints.polling.tokens import MeterTokens
from mita.kit.clock import now_utc
from mita.metering import queries as metering
from tests.integration.ingest.rig import eventually

if TYPE_CHECKING:
    import psycopg
    import pytest

    from mita.kit.db import Database

REACH = Reach.parsed("127.0.0.1", "")


async def test_meters_are_read_set_and_given_their_prices(
    database: Database, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head_end, "TICK_S", 0.2)
    estate_id, flats = await head_end.settle_in(database, now=now_utc())
    assert len(flats) == head_end.FLATS
    # a second start finds the same estate, meters and ports
    assert await head_end.settle_in(database, now=now_utc()) == (estate_id, flats)
    living = asyncio.create_task(head_end.live(database, password="correct horse"))
    line = EmopLine(pauses_s=(), rest_s=0, answer_s=2, limit_s=30)
    source, tasks = Registered(database, reach=REACH), DeviceTasks(database, reach=REACH)

    async def is_read() -> bool:
        assert not living.done(), living
        with contextlib.suppress(Exception):
            for polled in await source.devices():
                decoded = await line.read(polled.device, now_s=int(time.time()))
                await source.settle(polled.estate_id, polled.device, decoded)
        return admin.execute("SELECT count(DISTINCT register_id) FROM reading").fetchone() == (
            head_end.FLATS,
        )

    try:
        await eventually(is_read, what="all meters are read")
        await eventually(
            lambda: _all_sent(database, admin, tasks, line, estate_id=estate_id),
            what="prices and clock are given",
        )
        await _key_in(database, admin, line, estate_id=estate_id)
    finally:
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)
    # half hours from before the demo began, and what was read just now
    (half_hours,) = admin.execute(
        "SELECT count(*) FROM reading WHERE extract(epoch FROM taken_at)::bigint % 1800 = 0"
    ).fetchone()
    assert half_hours >= head_end.FLATS * 12
    assert admin.execute("SELECT count(*) FROM rejected_reading").fetchone() == (0,)


async def _key_in(database: Database, admin: psycopg.Connection, line: EmopLine, *, estate_id: int) -> None:
    """Who lives in the first flat has a token that its meter takes, and one that it does not."""
    who = "SELECT unit_id FROM occupancy JOIN person USING (person_id) WHERE estate_id = %s AND email = %s"
    ((unit_id,),) = admin.execute(who, (estate_id, DEMO_PREPAID)).fetchall()
    tokens = MeterTokens(database, reach=REACH)
    async with database.unit_of_work(estates=[estate_id]) as session:
        (meter,) = await metering.meters_with_devices(session, estate_id=estate_id, unit_ids=[unit_id])
        for digits in (f"{head_end.TOKENS_BEGIN}{7:016d}", f"2000{7:016d}"):
            typed = credit.Typed(meter.meter_id, digits, "person:1")
            await credit.key_in_token(session, estate_id=estate_id, typed=typed, now=now_utc())
    for each in await tokens.waiting():
        await tokens.carry_out(each, line)
    states = "SELECT state, reason FROM meter_token ORDER BY meter_token_id"
    assert admin.execute(states).fetchall() == [("given", None), ("failed", "refused")]


async def _all_sent(
    database: Database, admin: psycopg.Connection, tasks: DeviceTasks, line: EmopLine, *, estate_id: int
) -> bool:
    # a meter that was too slow for an answer is left alone for minutes: here it is asked again at once
    admin.execute("UPDATE device_task SET due_at = now() WHERE state = 'asked'")
    for task in await tasks.waiting():
        await tasks.carry_out(task, line)
    async with database.unit_of_work(estates=[estate_id]) as session:
        found = await registry.tasks(session, estate_id=estate_id, limit=50)
    states = sorted((each.kind, each.state) for each in found)
    sent = [each for each in states if each[0] == "prices" and each[1] in ("sent", "verified")]
    return len(sent) == head_end.FLATS and ("clock", "verified") in states
