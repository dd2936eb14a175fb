"""Acknowledgements of one turn of the loop go out as one piece, in order."""

from __future__ import annotations

import asyncio

from mita.entrypoints.ingest.gathered import Gathered


class Transport:
    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        assert not self.is_closed
        self.sent.append(data)

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True


async def test_one_turn_is_one_write() -> None:
    wire = Transport()
    gathered = Gathered(wire)
    for data in (b"a", b"b", bytearray(b"c")):
        gathered.write(data)
    assert wire.sent == []
    await asyncio.sleep(0)
    assert wire.sent == [b"abc"]
    gathered.write(b"d")
    # a goodbye is not lost
    gathered.close()
    assert (wire.sent, gathered.is_closing()) == ([b"abc", b"d"], True)
    # what comes too late is not sent: the broker sends its message again
    gathered.write(b"e")
    await asyncio.sleep(0)
    assert wire.sent == [b"abc", b"d"]
