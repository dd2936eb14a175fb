"""M-Bus meters that answer from recorded frames, over TCP or a pair of pseudo terminals."""

from __future__ import annotations

import asyncio
import os
import pty
import tty
from dataclasses import dataclass, field
from typing import Self

_SELECTED = 0xFD


def patched(frame: bytes, *, address: int) -> bytes:
    """Return a long frame as if it came from an address."""
    inner = bytes([frame[4], address]) + frame[6:-2]
    return frame[:4] + inner + bytes([sum(inner) & 0xFF, 0x16])


@dataclass
class Slave:
    """A meter with the telegrams that it sends one after another; ``shows`` is the address it puts there."""

    address: int
    frames: list[bytes]
    shows: int | None = None
    place: int = 0
    toggle: bool | None = None
    is_selected: bool = False

    @property
    def secondary(self) -> bytes:
        return self.frames[0][7:15]

    def reset(self) -> None:
        self.place, self.toggle, self.is_selected = 0, None, False

    def request(self, *, is_toggled: bool) -> bytes:
        if self.toggle is not None and is_toggled is not self.toggle:
            self.place = (self.place + 1) % len(self.frames)
        self.toggle = is_toggled
        shown = self.address if self.shows is None else self.shows
        return patched(self.frames[self.place], address=shown)


@dataclass
class Bus:
    """The meters on a bus. ``faults`` befall one telegram each, in order."""

    slaves: list[Slave]
    faults: list[str] = field(default_factory=list)
    heard: list[bytes] = field(default_factory=list)

    def answer(self, raw: bytes) -> bytes:
        """Return what is heard on the bus after a master's frame."""
        self.heard.append(raw)
        answers = [each for each in (self._answer(slave, raw) for slave in self.slaves) if each]
        # what several meters say at once is heard as the bits that any of them pulls
        heard = bytearray(max((len(each) for each in answers), default=0))
        for each in answers:
            for at, byte in enumerate(each):
                heard[at] |= byte
        return self._spoiled(bytes(heard)) if heard else b""

    def _answer(self, slave: Slave, raw: bytes) -> bytes:
        if len(raw) == 5 and raw[0] == 0x10 and sum(raw[1:3]) & 0xFF == raw[3]:
            mine = raw[2] == slave.address or (raw[2] == _SELECTED and slave.is_selected)
            if raw[1] == 0x40 and (mine or raw[2] == _SELECTED):
                slave.reset()
                return b"\xe5" if mine else b""
            if raw[1] in {0x5B, 0x7B} and mine:
                return slave.request(is_toggled=raw[1] == 0x7B)
        if len(raw) == 17 and raw[4:7] == bytes([0x53, _SELECTED, 0x52]):
            slave.is_selected = _matches(raw[7:15].hex(), slave.secondary.hex())
            return b"\xe5" if slave.is_selected else b""
        return b""

    def _spoiled(self, answer: bytes) -> bytes:
        # an acknowledgement passes
        fault = self.faults.pop(0) if self.faults and len(answer) > 1 else ""
        if fault == "silence":
            return b""
        if fault == "checksum":
            return answer[:-2] + bytes([answer[-2] ^ 1]) + answer[-1:]
        if fault == "cut":
            return answer[: len(answer) // 2]
        if fault == "noise":
            return b"\x00\xff\x68\x03"
        return answer


def _matches(asked: str, has: str) -> bool:
    return all(one in {"f", other} for one, other in zip(asked, has, strict=True))


class TcpGateway:
    """A gateway on loopback that passes bytes on to a bus."""

    def __init__(self, bus: Bus) -> None:
        self.bus, self.port = bus, 0
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await asyncio.sleep(0)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while raw := await reader.read(300):
                answer = self.bus.answer(raw)
                # in two pieces, as gateways do
                writer.write(answer[:7])
                await writer.drain()
                await asyncio.sleep(0.001)
                writer.write(answer[7:])
        except ConnectionError:
            pass
        finally:
            self._open.discard(writer)
            writer.close()


class SerialBus:
    """A bus behind a pseudo terminal; ``path`` is what a master opens."""

    def __init__(self, bus: Bus) -> None:
        self.bus, self.path = bus, ""

    async def __aenter__(self) -> Self:
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        asyncio.get_running_loop().add_reader(self._master, self._hear)
        return self

    async def __aexit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)

    def _hear(self) -> None:
        answer = self.bus.answer(os.read(self._master, 300))
        if answer:
            os.write(self._master, answer)
