"""MQTT packet by packet, in any pieces, and whatever a broker sends."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita_meter.link import Link, Lost, packet

from .rig import Broker


class Script:
    """A stream that gives what it is told to, in pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.written = b""
        self.is_closed = False

    def read(self, size: int) -> bytes | None:
        return self.pieces.pop(0)[:size] if self.pieces else None

    def write(self, data: bytes) -> int:
        self.written += data
        return len(data)

    def close(self) -> None:
        self.is_closed = True


CONNACK, SUBACK = b"\x20\x02\x00\x00", b"\x90\x03\x00\x01\x01"


def opened(*pieces: bytes) -> tuple[Link, Script]:
    link, stream = Link("dev"), Script(*pieces)
    link.open(stream, password="secret", will=b"offline", now_ms=0)
    return link, stream


def test_the_first_bytes_are_as_the_standard_has_them():
    link, stream = opened(CONNACK, SUBACK)
    assert link.turn(5) == [("connected",)]
    assert stream.written == (
        b"\x10\x32\x00\x04MQTT\x04\xcc\x00\x3c\x00\x03dev\x00\x0bm/dev/state\x00\x07offline\x00\x03dev\x00\x06secret"
        b"\x82\x0f\x00\x01\x00\x0am/dev/down\x01"
    )
    stream.written = b""
    assert link.publish("up", b"{}", now_ms=5) == 2
    link.turn(6)
    assert stream.written == b"\x32\x0e\x00\x08m/dev/up\x00\x02{}"
    assert link.in_flight == 2
    stream.pieces = [b"\x40\x02\x00\x01", b"\x40\x02\x00\x02"]
    assert link.turn(7) == [("acknowledged", 2)], "somebody else's acknowledgement is none"
    assert link.in_flight is None


def test_lengths_as_the_standard_has_them():
    for size, head in (
        (0, b"\x00"),
        (127, b"\x7f"),
        (128, b"\x80\x01"),
        (16_383, b"\xff\x7f"),
        (16_384, b"\x80\x80\x01"),
    ):
        assert packet(3, 2, b"x" * size)[: -size or None] == b"\x32" + head


def test_a_command_in_single_bytes_and_its_acknowledgement():
    message = b"\x32\x13\x00\x0am/dev/down\x12\x34hello"
    link, stream = opened(CONNACK, SUBACK, *(bytes([byte]) for byte in message))
    events = [event for now in range(40) for event in link.turn(now)]
    assert events[1:] == [("message", b"m/dev/down", b"hello", 0x1234, False)]
    stream.written = b""
    link.puback(0x1234, now_ms=50)
    link.puback(None, now_ms=50)
    link.turn(50)
    assert stream.written == b"\x40\x02\x12\x34"


def test_silence_is_asked_about_and_ends_the_connection():
    link, stream = opened(CONNACK, SUBACK)
    link.turn(0)
    stream.written = b""
    link.turn(30_000)
    assert stream.written == b""
    link.turn(30_001)
    assert stream.written == b"\xc0\x00"
    stream.pieces = [b"\xd0\x00"]
    link.turn(40_000)
    link.turn(60_001)
    assert link.is_connected
    link.turn(80_001)
    assert link.is_connected
    with pytest.raises(Lost, match="no answer"):
        link.turn(100_002)
    assert (stream.is_closed, link.is_open, link.is_connected) == (True, False, False)


@pytest.mark.parametrize(
    ("pieces", "why"),
    [
        ([b"\x20\x02\x00\x05"], "refused 5"),
        ([b"\x20\x01\x00"], "cut short"),
        ([CONNACK, b"\x90\x03\x00\x01\x80"], "commands refused"),
        ([b""], "hung up"),
        ([CONNACK, b"\x30\xff\xff\xff\xff"], "no MQTT"),
        ([CONNACK, b"\x30\xff\x7f"], "too large"),
        ([CONNACK, b"\x32\x03\x00\x09x"], "cut short"),
        ([CONNACK, b"\x34\x05\x00\x01x\x00\x01"], "cut short"),
        ([CONNACK, b"\x30\x00"], "cut short"),
        ([CONNACK, SUBACK, b"\x40\x01\x00"], "cut short"),
    ],
)
def test_what_ends_a_connection(pieces: list[bytes], why: str):
    link, stream = opened(*pieces)
    with pytest.raises(Lost, match=why):
        [link.turn(now) for now in range(5)]
    assert stream.is_closed
    assert link.turn(9) == []


@given(st.lists(st.binary(min_size=1, max_size=80), max_size=20))
def test_garbage_never_does_more_than_end_the_connection(pieces: list[bytes]):
    link, _ = opened(CONNACK, SUBACK, *pieces)
    with contextlib.suppress(Lost):
        for now in range(40):
            link.turn(now)


def test_against_a_broker_that_reads_packets_by_itself():
    broker = Broker(passwords=("secret",))
    link = Link("dev")
    broker.order(b"first")
    link.open(broker.connect(), password="secret", will=b"offline", now_ms=0)
    events = [event for now in range(80) for event in link.turn(now)]
    assert events == [("connected",), ("message", b"m/dev/down", b"first", 1, False)]
    link.puback(1, now_ms=90)
    link.publish("up", b"x" * 3_000, now_ms=90)
    for now in range(90, 900):
        link.turn(now)
    assert broker.taken == [("m/dev/up", b"x" * 3_000)]
    assert not broker.commands
    assert broker.wills == [("m/dev/state", b"offline")]
