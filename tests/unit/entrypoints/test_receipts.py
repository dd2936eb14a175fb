"""Acknowledgements go out in one piece, over the connection that the messages came over."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from mita.entrypoints.ingest.inbox import Arrival
from mita.entrypoints.ingest.receipts import Receipts, Taken


class Connection:
    """Stands for gmqtt's."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closing = False

    def is_closing(self) -> bool:
        return self.closing

    def send_package(self, data: bytes) -> None:
        self.written.append(data)


def receipts(connection: Connection | None, *, version: int = 4) -> Receipts:
    state = SimpleNamespace(protocol_version=version)
    return Receipts(SimpleNamespace(_connection=connection, _connection_state=state))


@pytest.mark.parametrize(
    ("version", "packets"),
    [(4, "40020001 40020102 4002ffff"), (5, "400400010000 400401020000 4004ffff0000")],
)
async def test_those_of_a_batch_are_one_write(version: int, packets: str) -> None:
    connection = Connection()
    found = receipts(connection, version=version)
    arrivals = [Arrival("m/d/up", b"{}", 1, Taken(found, number)) for number in (1, 258, 65_535)]
    for each in arrivals:
        each.settle()
        # once is enough
        each.settle()
    assert connection.written == [], "at the end of the turn"
    await asyncio.sleep(0)
    assert connection.written == [bytes.fromhex(packets)]
    Arrival("m/d/up", b"{}", 1, Taken(found, 7)).settle()
    await asyncio.sleep(0)
    assert connection.written[1:] == [bytes.fromhex(packets.split(maxsplit=1)[0].replace("0001", "0007"))]


async def test_what_nobody_waits_for_and_a_connection_that_is_gone_get_none() -> None:
    connection = Connection()
    found = receipts(connection)
    Arrival("m/d/up", b"{}", 1, Taken(found, None)).settle()
    await asyncio.sleep(0)
    connection.closing = True
    Arrival("m/d/up", b"{}", 1, Taken(found, 1)).settle()
    Arrival("m/d/up", b"{}", 1, Taken(receipts(None), 2)).settle()
    await asyncio.sleep(0)
    assert connection.written == []
