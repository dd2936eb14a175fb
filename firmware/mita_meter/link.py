"""MQTT 3.1.1 as far as a meter needs it: QoS 1 both ways, one message of ours at a time, no waiting."""

import struct

CONNECT, CONNACK, PUBLISH, PUBACK = 1, 2, 3, 4
SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = 8, 9, 12, 13, 14
PACKET_BYTES_MAX = 4096
ANSWER_MS = 20_000
_READ = 512
_CHUNK = 1024


class Lost(Exception):
    """The connection is over, and why."""


def _text(value: bytes) -> bytes:
    return struct.pack(">H", len(value)) + value


def packet(kind: int, flags: int, body: bytes) -> bytes:
    """Return a packet's bytes."""
    head, length = bytearray([kind << 4 | flags]), len(body)
    while True:
        byte, length = length & 0x7F, length >> 7
        head.append(byte | (0x80 if length else 0))
        if not length:
            return bytes(head) + body


class Link:
    """One device's connection over a stream that does not block.

    ``turn`` returns what happened: ``("connected",)``, ``("acknowledged", packet_id)`` or
    ``("message", topic, payload, packet_id, is_retained)``. A message is acknowledged by ``puback`` only,
    after what it asks for is done.
    """

    def __init__(self, name: str, *, keepalive_s: int = 60) -> None:
        self._name = name
        self._keepalive_s = keepalive_s
        self._stream = None
        self._received = bytearray()
        self._to_send = bytearray()
        self._packet_id = 0
        self.is_connected = False
        # packet id of what waits for its acknowledgement
        self.in_flight: int | None = None
        self._asked_ms: int | None = None
        self._heard_ms = self._spoke_ms = 0

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, if only one that is being made."""
        return self._stream is not None

    def open(self, stream, *, password: str, will: bytes, now_ms: int) -> None:
        """Begin to connect over a stream: ``read(n)`` gives bytes, None for nothing yet, b"" at its end."""
        self.close()
        self._stream = stream
        name = self._name.encode()
        # the broker keeps commands while we are away; a will with QoS 1
        flags = 0x80 | 0x40 | 0x08 | 0x04
        body = _text(b"MQTT") + bytes([4, flags]) + struct.pack(">H", self._keepalive_s)
        body += (
            _text(name) + _text(self._topic("state")) + _text(will) + _text(name) + _text(password.encode())
        )
        self._heard_ms = self._asked_ms = now_ms
        self._send(packet(CONNECT, 0, body), now_ms)

    def close(self) -> None:
        """Forget the connection; what was not acknowledged is the caller's to send again."""
        if self._stream is not None:
            try:
                self._stream.close()
            except OSError:
                pass
        self._stream = None
        self._received, self._to_send = bytearray(), bytearray()
        self.is_connected, self.in_flight, self._asked_ms = False, None, None

    def _topic(self, leaf: str) -> bytes:
        return ("m/" + self._name + "/" + leaf).encode()

    def publish(self, leaf: str, payload: bytes, *, now_ms: int) -> int:
        """Send a message with QoS 1, never retained, and return its packet id."""
        self.in_flight = self._next_id()
        body = _text(self._topic(leaf)) + struct.pack(">H", self.in_flight) + payload
        self._asked_ms = now_ms
        self._send(packet(PUBLISH, 2, body), now_ms)
        return self.in_flight

    def hear(self, leaf: str, *, now_ms: int) -> None:
        """Subscribe to another topic of ours, with QoS 0: a broker keeps nothing there for who is away."""
        body = struct.pack(">H", self._next_id()) + _text(self._topic(leaf)) + b"\x00"
        self._send(packet(SUBSCRIBE, 2, body), now_ms)

    def puback(self, packet_id: int | None, *, now_ms: int) -> None:
        """Acknowledge a message of the broker; None was one that wants no acknowledgement."""
        if packet_id is not None:
            self._send(packet(PUBACK, 0, struct.pack(">H", packet_id)), now_ms)

    def _next_id(self) -> int:
        self._packet_id = self._packet_id % 65_535 + 1
        return self._packet_id

    def _send(self, data: bytes, now_ms: int) -> None:
        self._to_send.extend(data)
        self._spoke_ms = now_ms

    def turn(self, now_ms: int) -> list[tuple]:
        """Send and receive what can be without waiting.

        :raises Lost: if the connection is over; it is closed then
        """
        if self._stream is None:
            return []
        try:
            self._write()
            self._read(now_ms)
            events = self._events(now_ms)
            self._keep_alive(now_ms)
            self._write()
        except (OSError, Lost) as error:
            self.close()
            raise Lost(str(error)) from None
        return events

    def _write(self) -> None:
        while self._to_send:
            written = self._stream.write(bytes(self._to_send[:_CHUNK]))
            if not written:
                return
            # MicroPython's bytearray has no deletion of slices on every board
            self._to_send = self._to_send[written:]

    def _read(self, now_ms: int) -> None:
        while len(self._received) < PACKET_BYTES_MAX + _READ:
            data = self._stream.read(_READ)
            if data is None:
                return
            if not data:
                raise Lost("hung up")
            self._received.extend(data)
            self._heard_ms = now_ms

    def _events(self, now_ms: int) -> list[tuple]:
        events = []
        while True:
            size, start = self._size()
            if size is None or len(self._received) < size:
                return events
            head, body = self._received[0], bytes(self._received[start:size])
            self._received = self._received[size:]
            event = self._event(head >> 4, head & 15, body, now_ms)
            if event is not None:
                events.append(event)

    def _size(self) -> tuple[int | None, int]:
        length = 0
        for place in range(1, 5):
            if place >= len(self._received):
                return None, 0
            byte = self._received[place]
            length |= (byte & 0x7F) << (7 * (place - 1))
            if not byte & 0x80:
                if length > PACKET_BYTES_MAX:
                    raise Lost("a packet too large")
                return place + 1 + length, place + 1
        raise Lost("no MQTT")

    def _event(self, kind: int, flags: int, body: bytes, now_ms: int) -> tuple | None:
        if kind == PUBLISH:
            return self._message(flags, body)
        if (kind in (CONNACK, PUBACK) and len(body) != 2) or (kind == SUBACK and len(body) != 3):
            raise Lost("a packet cut short")
        if kind == CONNACK:
            if body[1]:
                raise Lost("refused " + str(body[1]))
            topic = _text(self._topic("down")) + b"\x01"
            self._send(packet(SUBSCRIBE, 2, struct.pack(">H", self._next_id()) + topic), now_ms)
            self._asked_ms = now_ms
        elif kind == SUBACK and not self.is_connected:
            if body[2] & 0x80:
                raise Lost("commands refused")
            self.is_connected, self._asked_ms = True, None
            return ("connected",)
        elif kind == PUBACK:
            packet_id = struct.unpack(">H", body)[0]
            if packet_id == self.in_flight:
                self.in_flight, self._asked_ms = None, None
                return ("acknowledged", packet_id)
        elif kind == PINGRESP:
            self._asked_ms = None if self.in_flight is None else self._asked_ms
        return None

    def _message(self, flags: int, body: bytes) -> tuple:
        qos = flags >> 1 & 3
        size = struct.unpack(">H", body[:2])[0] if len(body) > 1 else len(body)
        start = 2 + size
        packet_id = None
        if qos:
            if len(body) < start + 2:
                raise Lost("a packet cut short")
            packet_id = struct.unpack(">H", body[start : start + 2])[0]
            start += 2
        if len(body) < start or qos > 1:
            raise Lost("a packet cut short")
        return ("message", bytes(body[2 : 2 + size]), body[start:], packet_id, bool(flags & 1))

    def _keep_alive(self, now_ms: int) -> None:
        if self._asked_ms is not None and now_ms - self._asked_ms > ANSWER_MS:
            raise Lost("no answer")
        quiet_ms = now_ms - min(self._heard_ms, self._spoke_ms)
        if self.is_connected and self._asked_ms is None and quiet_ms > self._keepalive_s * 500:
            self._asked_ms = now_ms
            self._send(packet(PINGREQ, 0, b""), now_ms)
