"""A board without hardware: flash that loses power at a byte, a relay, pulses, a broker in memory."""

from __future__ import annotations

import struct
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mita_meter.app import App

NOW = 1_795_255_200


class PowerCut(BaseException):
    """The power is gone; nothing of the program may catch it."""


class Flash:
    """Files in memory. With ``left`` bytes to go, the power goes in the middle of a write."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.left: int | None = None
        self.is_full = False
        self.writes = 0

    def names(self) -> list[str]:
        return sorted(self.files)

    def read(self, name: str) -> bytes:
        return self.files.get(name, b"")

    def append(self, name: str, data: bytes) -> None:
        self._put(name, self.read(name), data)

    def write(self, name: str, data: bytes) -> None:
        self._put(name, b"", data)

    def _put(self, name: str, before: bytes, data: bytes) -> None:
        if self.is_full:
            raise OSError(28)
        self.writes += 1
        if self.left is not None and self.left < len(data):
            self.files[name] = before + data[: self.left]
            self.left = 0
            raise PowerCut
        if self.left is not None:
            self.left -= len(data)
        self.files[name] = before + data

    def remove(self, name: str) -> None:
        if self.left == 0:
            raise PowerCut
        self.files.pop(name, None)


class Switch:
    """A relay that remembers what it did; ``stuck`` is what its feedback contact says whatever is set."""

    def __init__(self) -> None:
        self.is_closed = True
        self.acts: list[bool] = []
        self.stuck: bool | None = None

    def set(self, is_on: bool) -> None:  # noqa: FBT001
        self.acts.append(is_on)
        self.is_closed = is_on

    def is_on(self) -> bool:
        return self.is_closed if self.stuck is None else self.stuck


class Counter:
    def __init__(self, bits: int = 14) -> None:
        self.bits, self.raw = bits, 0

    def read(self) -> int:
        return self.raw % (1 << self.bits)


class Broker:
    """What a broker does for one device; messages of an acknowledged packet stand in ``taken``."""

    def __init__(self, *, name: str = "dev", passwords: tuple[str, ...] = ("secret",)) -> None:
        self.name, self.passwords = name, passwords
        self.taken: list[tuple[str, bytes]] = []
        # commands, kept until they are acknowledged
        self.commands: deque[bytes] = deque()
        self.connects: list[str] = []
        self.wills: list[tuple[str, bytes]] = []
        # what is answered to who asks for a token, how, and whether it may listen for that
        self.next_tokens: list[bytes] = []
        self.next_flags, self.hears_tokens = 0, b"\x00"
        self.is_silent = self.is_away = False
        self.stream: Stream | None = None

    def connect(self) -> Stream:
        if self.is_away:
            raise OSError(113)
        self.stream = Stream(self)
        return self.stream

    def take(self, stream: Stream, kind: int, flags: int, body: bytes) -> None:
        if kind == 1:
            self._connect(stream, body)
        elif kind == 8:
            packet_id, topic = body[:2], body[4:-1].decode()
            if topic == f"m/{self.name}/token":
                assert (body[-1], flags) == (0, 2), "nothing is kept there for who is away"
                stream.send(0x90, packet_id + self.hears_tokens)
                return
            assert (topic, body[-1], flags) == (f"m/{self.name}/down", 1, 2)
            stream.send(0x90, packet_id + b"\x01")
            for number, command in enumerate(self.commands, 1):
                self.push(command, packet_id=number)
        elif kind == 3:
            size = struct.unpack(">H", body[:2])[0]
            assert flags in (2, 10), "QoS 1, not retained"
            if not self.is_silent:
                self.taken.append((body[2 : 2 + size].decode(), body[4 + size :]))
                stream.send(0x40, body[2 + size : 4 + size])
                if self.taken[-1][0] == f"m/{self.name}/renew" and self.next_tokens:
                    self.push(self.next_tokens.pop(0), leaf="token", flags=self.next_flags)
        elif kind == 4:
            self.commands.popleft()
        elif kind == 12:
            stream.send(0xD0, b"")

    def _connect(self, stream: Stream, body: bytes) -> None:
        assert body[:7] == b"\x00\x04MQTT\x04"
        # user name, password, will with QoS 1, no clean session
        assert body[7] == 0b11001100
        texts, rest = [], body[10:]
        while rest:
            size = struct.unpack(">H", rest[:2])[0]
            texts.append(rest[2 : 2 + size])
            rest = rest[2 + size :]
        client, will_topic, will, user, password = texts
        assert client.decode() == user.decode() == self.name
        self.wills.append((will_topic.decode(), will))
        self.connects.append(password.decode())
        stream.send(0x20, b"\x00\x00" if password.decode() in self.passwords else b"\x00\x05")

    def push(self, command: bytes, *, packet_id: int = 1, flags: int = 2, leaf: str = "down") -> None:
        assert self.stream is not None
        topic = f"m/{self.name}/{leaf}".encode()
        number = struct.pack(">H", packet_id) if flags & 6 else b""
        self.stream.send(0x30 | flags, struct.pack(">H", len(topic)) + topic + number + command)

    def order(self, command: bytes) -> None:
        """Keep a command until the device has acknowledged it."""
        self.commands.append(command)
        if self.stream is not None:
            self.push(command)


class Stream:
    """Both ends of a connection; gives and takes at most ``piece`` bytes at once."""

    piece = 7

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._out = bytearray()
        self._in = bytearray()
        self.is_over = False

    def read(self, size: int) -> bytes | None:
        if self.is_over:
            return b""
        taken = bytes(self._out[: min(size, self.piece)])
        del self._out[: len(taken)]
        return taken or None

    def write(self, data: bytes) -> int:
        if self.is_over:
            raise OSError(104)
        self._in += data[: self.piece]
        while len(self._in) > 1:
            length, start = 0, 1
            while True:
                byte = self._in[start]
                length |= (byte & 0x7F) << (7 * (start - 1))
                start += 1
                if byte < 0x80:
                    break
                if start >= len(self._in):
                    return min(len(data), self.piece)
            if len(self._in) < start + length:
                break
            head, body = self._in[0], bytes(self._in[start : start + length])
            del self._in[: start + length]
            self._broker.take(self, head >> 4, head & 15, body)
        return min(len(data), self.piece)

    def send(self, head: int, body: bytes) -> None:
        assert len(body) < 128 * 128
        size = bytes([len(body)]) if len(body) < 128 else bytes([len(body) & 127 | 128, len(body) >> 7])
        self._out += bytes([head]) + size + body

    def close(self) -> None:
        self.is_over = True


class Board:
    """What the program knows of its hardware; ``step`` lets time pass."""

    def __init__(self, broker: Broker, *, channels: int = 1, now_s: int = NOW) -> None:
        self.broker = broker
        self.files = Flash()
        self.switch: Switch | None = Switch()
        self.counters = [Counter() for _ in range(channels)]
        self.ms = 0
        self.now_ms = now_s * 1000
        self.has_clock = True
        self.beats = 0
        self.answers: list[bytes | None] = []
        self.fetched_with: list[str] = []

    def ticks_ms(self) -> int:
        return self.ms % (1 << 30)

    def wall_s(self) -> int:
        return self.now_ms // 1000 if self.has_clock else 60

    def set_clock(self, uptime_ms: int) -> None:
        pass

    def beat(self) -> None:
        self.beats += 1

    def connect(self) -> Stream:
        return self.broker.connect()

    def fetch_token(self, token: str) -> bytes | None:
        self.fetched_with.append(token)
        return self.answers.pop(0)

    def jitter(self, ms: int) -> int:
        return ms

    def step(self, seconds: float) -> None:
        self.ms += int(seconds * 1000)
        self.now_ms += int(seconds * 1000)

    def power_cycle(self) -> None:
        """Everything but flash is new; the pulse counters begin at zero and the clock is not set."""
        self.files.left = None
        self.ms = 12_345
        self.switch = None if self.switch is None else Switch()
        self.counters = [Counter() for _ in self.counters]
        if self.broker.stream is not None:
            self.broker.stream.close()


CONFIG = {
    "device": "dev",
    "token": "secret",
    "interval_s": 60,
    "keep_s": 10,
    "channels": [{"field": "kwh", "pulses": 1000, "register": "100"}],
    "buffer": {"segments": 8, "records": 16},
}


def run(app: App, board: Board, *, seconds: int, pulses: int = 0) -> None:
    """Let the program go round for so long; every second so many pulses come to each counter."""
    for _ in range(seconds):
        board.step(1)
        for counter in board.counters:
            counter.raw += pulses
        for _ in range(30):
            app.turn()
