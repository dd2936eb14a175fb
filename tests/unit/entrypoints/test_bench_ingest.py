"""The benchmark's own MQTT keeps its window, loses nothing and counts what it should."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from mita.entrypoints.bench import brokers
from mita.entrypoints.bench.ingest import Cell, summary
from mita.entrypoints.bench.mqtt import (
    Device,
    Listener,
    Refused,
    connecting,
    framed,
    publishing,
    subscribing,
    whole_ones,
)
from mita.entrypoints.bench.mqtt_driver import Sender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

CONNACK = b"\x20\x02\x00\x00"
SUBACK = b"\x90\x03\x00\x01\x01"


@asynccontextmanager
async def broker(serve: Serve, *, connack: bytes = CONNACK) -> AsyncIterator[int]:
    """A broker that lets in whoever comes and then does as ``serve`` says."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readexactly(len(connecting("d", "p", is_clean=True)))
            writer.write(connack)
            await serve(reader, writer)
        finally:
            writer.close()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def idle(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


def test_what_is_sent_is_mqtt() -> None:
    assert connecting("d", "p", is_clean=True) == bytes.fromhex(
        "1013 00044d515454 04 c2 0258 000164 000164 000170"
    )
    assert connecting("d", "p", is_clean=False)[9] == 0xC0
    assert publishing("m/d/up", b"{}", number=258) == b"\x32\x0c\x00\x06m/d/up\x01\x02{}"
    assert subscribing(["a", "b"]) == b"\x82\x0a\x00\x01\x00\x01a\x01\x00\x01b\x01"


@pytest.mark.parametrize(("size", "head"), [(0, 2), (127, 2), (128, 3), (16_383, 3), (16_384, 4)])
def test_a_stream_is_cut_where_its_parts_end(size: int, head: int) -> None:
    one = framed(0x32, b"x" * size)
    assert len(one) == head + size
    assert list(whole_ones(one + one)) == [
        (0x32, head, head + size),
        (0x32, 2 * head + size, 2 * (head + size)),
    ]
    for missing in {1, len(one) - 1, min(len(one), 3)}:
        assert list(whole_ones(one + one[:-missing])) == [(0x32, head, head + size)]


async def test_a_device_keeps_its_window_and_everything_is_acknowledged() -> None:
    most = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal most
        pending = b""
        while block := await reader.read(4096):
            pending += block
            parts = list(whole_ones(pending))
            most = max(most, len(parts))
            answers = b"".join(b"\x40\x02" + pending[start + 3 : start + 5] for _, start, _ in parts)
            pending = pending[parts[-1][2] :] if parts else pending
            # torn, as it may come
            writer.write(answers[:5])
            await writer.drain()
            await asyncio.sleep(0.001)
            writer.write(answers[5:])

    async with broker(serve) as port:
        device = await Device.to(port, name="d", password="p", is_clean=True)
        messages = [publishing("t", b"%d" % number, number=number + 1) for number in range(100)]
        for _ in range(2):
            assert await asyncio.wait_for(device.publish(messages, window=7), 10) == 100
        device.close()
    assert most == 7


async def test_what_a_broker_never_acknowledged_is_not_counted() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(publishing("t", b"x", number=1)))
        writer.write(b"\x40\x02\x00\x01")
        await writer.drain()

    async with broker(serve) as port:
        device = await Device.to(port, name="d", password="p", is_clean=True)
        messages = [publishing("t", b"x", number=number) for number in (1, 2, 3)]
        assert await asyncio.wait_for(device.publish(messages, window=1), 10) == 1
    async with broker(idle, connack=b"\x20\x02\x00\x05") as port:
        with pytest.raises(Refused, match="does not let 'd' in"):
            await Device.to(port, name="d", password="p", is_clean=True)


async def test_a_listener_acknowledges_each_message_by_its_number() -> None:
    got: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(subscribing(["t"])))
        # one that waited comes before the answer to the subscription
        sent = [publishing("t", b"y" * 200, number=number) for number in (1, 513, 65_535)]
        stream = sent[0] + SUBACK + sent[1] + sent[2]
        for place in range(0, len(stream), 50):
            writer.write(stream[place : place + 50])
            await writer.drain()
            await asyncio.sleep(0.001)
        got.set_result(await reader.readexactly(12))

    async with broker(serve) as port:
        listener = await Listener.to(port, name="d", password="p", is_clean=True)
        await listener.ask(subscribing(["t"]))
        await asyncio.wait_for(listener.hear(2), 10)
        await asyncio.wait_for(listener.hear(1), 10)
        assert await asyncio.wait_for(got, 10) == bytes.fromhex("40020001 40020201 4002ffff")
        assert listener.heard == 3
        with pytest.raises(Refused):
            await asyncio.wait_for(listener.hear(1), 10)


def test_a_round_is_five_minutes_and_seventy_watt_hours_after_the_one_before() -> None:
    assert Sender("d", "p", ["E-1"], 3_000).payload(15) == b'{"meter":"E-1","ts":7500,"r":{"kwh":1.050}}'
    many = Sender("d", "p", ["E-1", "E-2"], 3_000)
    assert many.payload(0).count(b'"ts":3000') == 2
    first, last = many.messages(range(65_535))[::65_534]
    assert (first[10:12], last[10:12]) == (b"\x00\x01", b"\xff\xff")


def test_the_summary_is_by_broker_and_size() -> None:
    cells = [
        Cell("embedded", 1, [400, 200], [1_000, 2_000]),
        Cell("embedded", 100, [10.5], [0.0], errors=["one is lost"]),
        Cell("embedded", 7, [], [3.0], errors=["it stalled"]),
    ]
    found = summary(cells)
    assert found["brokers"]["embedded"]["1"] == {
        "messages_per_second": 300,
        "readings_per_second": 300,
        "ceiling_per_second": 1_500,
        "of_ceiling": 0.2,
        "errors": 0,
    }
    assert found["brokers"]["embedded"]["100"]["readings_per_second"] == 1_050
    assert found["brokers"]["embedded"]["100"]["errors"] == 1
    assert found["brokers"]["embedded"]["7"]["messages_per_second"] == 0
    assert found["missing"] == [brokers.MOSQUITTO]
    assert summary([Cell("mosquitto", 1, [1.0], [1.0])])["missing"] == []
