"""The benchmark of ingest finds what was not charged exactly once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.drivers.own import decode
from mita.entrypoints.bench.ingest import SIZES, new_home
from mita.entrypoints.bench.mqtt_driver import Sender
from mita.entrypoints.keys import Keys
from mita.entrypoints.lane import Lane
from mita.entrypoints.told import batch_of
from mita.kit.clock import now_utc, to_us

if TYPE_CHECKING:
    from mita.kit.db import Database


async def test_what_is_lost_is_found(database: Database):
    home = await new_home(database, name="bench", size=1)
    senders = [Sender(**each) for each in home.senders(Keys("x" * 40, "y"))]
    assert len(senders) == SIZES[1] == 100
    lane = Lane(database, estate_id=home.estate_id)

    async def charge(turn: int, *, leave_out: int = 0) -> None:
        told = []
        for sender in senders[leave_out:]:
            meters = [(serial, "electricity") for serial in sender.meters]
            found = decode(
                sender.payload(turn), device=sender.name, meters=meters, received_s=0, source="test"
            )
            told += found.readings
        now = now_utc()
        await lane.charge(batch_of(told, source="mqtt", received_us=to_us(now)), now=now)

    for turn in (0, 1, 2):
        await charge(turn)
    # 0.14 kWh at 2.00 for each; a message that comes again changes nothing
    await charge(2)
    assert set(await home.balances(database)) == {-280_000}
    assert await home.faults(database, turns=3) == []
    await home.is_charged(database, turns=3)
    await charge(3, leave_out=1)
    assert await home.faults(database, turns=4) == [
        "reading: 399 rows instead of 400",
        "entry: 299 rows instead of 300",
        "1 balances are wrong, such as [-280000]",
    ]
