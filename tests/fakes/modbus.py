"""Modbus units for tests: pymodbus servers on TCP, RTU over TCP and RTU over a pty pair."""

from __future__ import annotations

import contextlib
import os
import select
import struct
import threading
import tty
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from pymodbus.constants import ExcCodes

    from mita.drivers.modbus.maps import Map

_PACKED = {
    "int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "int64": ">q", "uint64": ">Q",
    "float32": ">f", "float64": ">d",
}  # fmt: skip
_UNIT_PLACE = {"tcp": 6, "rtu+tcp": 0, "rtu": 0}


def words_of(kind: str, raw: float, *, word_order: str = "big") -> list[int]:
    """Return the words in which a unit tells a number, by struct and nothing of ours."""
    octets = bytes.fromhex(f"{raw:08d}") if kind == "bcd32" else struct.pack(_PACKED[kind], raw)
    words = [int.from_bytes(octets[place : place + 2], "big") for place in range(0, len(octets), 2)]
    return words if word_order == "big" else words[::-1]


@dataclass
class Unit:
    """A unit of the bus: words by (function, address), coils by address.

    ``is_stuck`` takes writes to coils and does not move; ``refuses`` answers these functions with an
    exception; ``written`` is what it was told, in order.
    """

    id: int
    words: dict[tuple[int, int], int] = field(default_factory=dict)
    coils: dict[int, bool] = field(default_factory=dict)
    is_stuck: bool = False
    refuses: dict[int, ExcCodes] = field(default_factory=dict)
    written: list[tuple[int, int, list[Any]]] = field(default_factory=list)
    asked: int = 0

    def tell(self, found: Map, raws: dict[str, float], *, fills_holes: bool = True) -> Unit:
        """Hold the raw numbers of a map's points; the other words of its blocks are 0, or do not exist."""
        if fills_holes:
            for block in found.blocks:
                for address in range(block.start, block.start + block.count):
                    self.words.setdefault((block.fn, address), 0)
        for point in found.points:
            if point.name in raws:
                words = words_of(
                    point.type, raws[point.name], word_order=point.word_order or found.word_order
                )
                for place, word in enumerate(words):
                    self.words[point.fn, point.address + place] = word
        return self

    def device(self) -> SimDevice:
        coils = [
            SimData(address, values=[on], datatype=DataType.BITS)
            for address, on in sorted((self.coils or {0: False}).items())
        ]
        bits = [SimData(0, values=[False], datatype=DataType.BITS)]
        return SimDevice(id=self.id, simdata=(coils, bits, self._data(3), self._data(4)), action=self._action)

    def _data(self, fn: int) -> list[SimData]:
        told = sorted((address, word) for (function, address), word in self.words.items() if function == fn)
        runs: list[tuple[int, list[int]]] = []
        for address, word in told or [(0xFFF0, 0)]:
            if runs and address == runs[-1][0] + len(runs[-1][1]):
                runs[-1][1].append(word)
            else:
                runs.append((address, [word]))
        return [SimData(start, values=words, datatype=DataType.REGISTERS) for start, words in runs]

    async def _action(self, function_code: int, *asked: Any) -> ExcCodes | None:
        _, address, _, _, set_values = asked
        self.asked += 1
        if function_code in self.refuses:
            return self.refuses[function_code]
        if set_values is not None:
            self.written.append((function_code, address, list(set_values)))
            if self.is_stuck:
                set_values[:] = [self.coils[address + place] for place in range(len(set_values))]
        return None


@dataclass
class Served:
    """A running bus: ``silent`` units say nothing; ``spoils`` changes or keeps what all others say."""

    url: str
    kind: str
    silent: set[int] = field(default_factory=set)
    spoil: Any = None
    server: Any = None

    def trace(self, is_sending: bool, packet: bytes) -> bytes:  # noqa: FBT001 - pymodbus calls it so
        if not is_sending or not packet:
            return packet
        if packet[_UNIT_PLACE[self.kind]] in self.silent:
            return b""
        return self.spoil(packet) if self.spoil is not None else packet

    def cut(self) -> None:
        """Cut every connection."""
        for connection in list(self.server.active_connections.values()):
            connection.close()


@contextlib.asynccontextmanager
async def serve(units: list[Unit], *, kind: str = "tcp") -> AsyncIterator[Served]:
    """Serve units on loopback, or on one end of a pty pair; yield where and how to trouble it."""
    devices = [unit.device() for unit in units]
    served = Served("", kind)
    with contextlib.ExitStack() as stack:
        if kind == "rtu":
            ours, theirs = stack.enter_context(_pty_pair())
            served.server = ModbusSerialServer(
                devices, framer=FramerType.RTU, port=theirs, trace_packet=served.trace
            )
        else:
            framer = FramerType.SOCKET if kind == "tcp" else FramerType.RTU
            served.server = ModbusTcpServer(
                devices, framer=framer, address=("127.0.0.1", 0), trace_packet=served.trace
            )
        await served.server.serve_forever(background=True)
        if kind == "rtu":
            served.url = f"rtu://{ours}?baud=19200&parity=N&stop=1"
        else:
            port = served.server.transport.sockets[0].getsockname()[1]
            served.url = f"{kind}://127.0.0.1:{port}"
        try:
            yield served
        finally:
            await served.server.shutdown()


@contextlib.contextmanager
def _pty_pair() -> Iterator[tuple[str, str]]:
    """Two serial ports with a wire between them: a thread copies from one to the other."""
    masters, names, slaves = [], [], []
    for _ in range(2):
        master, slave = os.openpty()
        tty.setraw(master)
        tty.setraw(slave)
        masters.append(master)
        slaves.append(slave)
        names.append(os.ttyname(slave))
    stop_reader, stop_writer = os.pipe()
    copier = threading.Thread(target=_copy, args=(masters, stop_reader), daemon=True)
    copier.start()
    try:
        yield names[0], names[1]
    finally:
        os.write(stop_writer, b".")
        copier.join(timeout=5)
        for descriptor in (*masters, *slaves, stop_reader, stop_writer):
            os.close(descriptor)


def _copy(masters: list[int], stop: int) -> None:
    other = {masters[0]: masters[1], masters[1]: masters[0]}
    while True:
        ready, _, _ = select.select([*masters, stop], [], [])
        if stop in ready:
            return
        for descriptor in ready:
            os.write(other[descriptor], os.read(descriptor, 4096))
