"""An Emlite meter on loopback: answers from a dict, as such meters do, and errs where it is told to.

One request for each connection; the reply swaps the parties and echoes control, object and direction; what
is not in the dict is refused. A token adds its worth to the balance, once.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal, Self

from mita.drivers.emop import frames, objects, values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Fault = Literal[
    "refuse", "hang_up", "silence", "bad_crc", "noise", "slow", "cut", "wrong_echo", "nak", "deaf"
]

_REQUEST_BYTES_MAX = 256
_LOG_LINES = 5
_LOG_KEPT = 1_000
_KEPT_S = 20.0
_PRICES = [(block, rate) for block in range(1, 9) for rate in range(1, 9)]
_WRITABLE = {
    objects.CLOCK,
    objects.PREPAY,
    objects.EMERGENCY_CREDIT,
    objects.FUTURE_STANDING_CHARGE,
    objects.FUTURE_THRESHOLD_MASK,
    objects.FUTURE_EMERGENCY_CREDIT,
    objects.FUTURE_FROM,
} | {objects.price(block=block, rate=rate, is_future=True) for block, rate in _PRICES}
# what is to come, and what it becomes
_BECOMES = {
    objects.FUTURE_STANDING_CHARGE: objects.STANDING_CHARGE,
    objects.FUTURE_THRESHOLD_MASK: objects.THRESHOLD_MASK,
} | {
    objects.price(block=block, rate=rate, is_future=True): objects.price(block=block, rate=rate)
    for block, rate in _PRICES
}


def first_objects(
    *, serial: str, import_wh: int, export_wh: int, balance_micro: int, clock_s: int
) -> dict[int, bytes]:
    """Return the objects of a meter in credit mode that has no emergency credit."""
    held = dict.fromkeys(_WRITABLE | set(_BECOMES.values()), bytes(4))
    return held | {
        objects.SERIAL: values.serial_payload(serial),
        objects.FIRMWARE: b"3020",
        objects.IMPORT: import_wh.to_bytes(4, "little"),
        objects.EXPORT: export_wh.to_bytes(4, "little"),
        objects.ELEMENT_A: import_wh.to_bytes(4, "little") + export_wh.to_bytes(4, "little") + bytes(8),
        objects.ELEMENT_B: bytes(16),
        objects.BALANCE: values.balance_payload(balance_micro),
        objects.PREPAY: b"\x00",
        objects.CLOCK: values.clock_payload(clock_s),
        objects.VOLTAGE: bytes.fromhex("5209"),
        objects.POWER: (737).to_bytes(4, "little"),
        objects.SIGNAL: b"\x30",
        objects.FUTURE_THRESHOLD_MASK: b"\x00",
        objects.THRESHOLD_MASK: b"\x00",
    }


class EmliteMeter:
    """The meter: ``async with EmliteMeter(...) as meter`` listens on ``meter.port`` until it is left.

    ``tokens_micro`` are the tokens it knows and what each is worth; ``worth_micro`` says it of any other, or
    None. ``faults`` are committed one for each connection, in order; ``deaf`` does what is asked and does not
    answer. ``log`` are the lines of profile log 1, oldest first. ``slow_s`` lies between two bytes of a slow
    answer.
    """

    def __init__(
        self,
        held: Mapping[int, bytes],
        *,
        tokens_micro: Mapping[str, int] | None = None,
        worth_micro: Callable[[str], int | None] | None = None,
        log: Iterable[values.LogRecord] = (),
        slow_s: float = 0.002,
    ) -> None:
        self.held = dict(held)
        self.faults: list[Fault] = []
        self.asked: list[frames.Frame] = []
        self.port = 0
        self._tokens_micro = dict(tokens_micro or {})
        self._worth_micro = worth_micro
        self._used: set[str] = set()
        self._log = list(log)
        self._slow_s = slow_s
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        """Begin to listen, on loopback only."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop to listen, and hang up."""
        assert self._server is not None, "it listens"
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await asyncio.sleep(0)
        await self._server.wait_closed()

    def use(self, *, energy_wh: int, price_micro: int) -> None:
        """Count energy, and take its price per kWh from the balance."""
        total_wh = values.energy_wh(self.held[objects.IMPORT]) + energy_wh
        self.held[objects.IMPORT] = total_wh.to_bytes(4, "little")
        spent = energy_wh * price_micro // 10_000 * 10
        left = values.balance_micro(self.held[objects.BALANCE]) - spent
        self.held[objects.BALANCE] = values.balance_payload(left)

    def keep_half_hour(self, taken_s: int) -> None:
        """Write the registers as they are into profile log 1, as of a half hour."""
        import_wh, export_wh = (
            values.energy_wh(self.held[each]) for each in (objects.IMPORT, objects.EXPORT)
        )
        self._log.append(values.LogRecord(taken_s, 0, import_wh, export_wh))
        del self._log[:-_LOG_KEPT]

    def begin_prices(self) -> None:
        """Charge from now on what was written as to come, as its clock would make it."""
        self.held.update({active: self.held[future] for future, active in _BECOMES.items()})

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        fault = self.faults.pop(0) if self.faults else None
        try:
            async with asyncio.timeout(_KEPT_S):
                if fault != "refuse":
                    await self._answer(reader, writer, fault)
        except (TimeoutError, ConnectionError):
            pass
        finally:
            self._open.discard(writer)
            if fault == "refuse":
                writer.transport.abort()
            else:
                writer.close()

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: Fault | None
    ) -> None:
        request = await _request(reader)
        if request is None or fault == "hang_up":
            return
        self.asked.append(request)
        if fault == "silence":
            await reader.read()
            return
        payload = None if fault == "nak" else self._reply(request)
        if fault == "deaf":
            return
        answer = frames.answer_frame(request, payload or b"", is_refused=payload is None)
        if request.layout == frames.LOG_LAYOUT and payload is not None:
            answer = frames.Frame(request.by, request.to, request.control, request.layout, payload)
        await self._send(writer, frames.build(answer), fault)

    async def _send(self, writer: asyncio.StreamWriter, raw: bytes, fault: Fault | None) -> None:
        if fault == "bad_crc":
            raw = raw[:-1] + bytes([raw[-1] ^ 0xFF])
        elif fault == "noise":
            raw = b"\x00\x7e\x05\x7e" + raw
        elif fault == "cut":
            raw = raw[: len(raw) // 2]
        elif fault == "wrong_echo":
            asked = frames.parse(raw)
            raw = frames.build(frames.Frame(asked.by, asked.to, asked.control, asked.layout, asked.body))
        for byte in raw if fault == "slow" else ():
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(self._slow_s)
        if fault != "slow":
            writer.write(raw)
            await writer.drain()

    def _reply(self, request: frames.Frame) -> bytes | None:
        """Return the payload of the answer; None if the meter refuses."""
        if request.layout == frames.LOG_LAYOUT:
            return self._log_after(request.body[:4])
        object_id = request.object_id
        assert object_id is not None, "a frame of layout 1 names an object"
        if not request.is_write:
            return self.held.get(object_id)
        if object_id == objects.TOKEN:
            return self._take(request.payload)
        if object_id not in _WRITABLE or len(request.payload) != len(self.held[object_id]):
            return None
        self.held[object_id] = request.payload
        return b""

    def _take(self, token: bytes) -> bytes | None:
        digits = token.decode("ascii", "replace")
        worth_micro = self._tokens_micro.get(digits)
        if worth_micro is None and self._worth_micro is not None:
            worth_micro = self._worth_micro(digits)
        if worth_micro is None or digits in self._used:
            return None
        self._used.add(digits)
        balance = values.balance_micro(self.held[objects.BALANCE]) + worth_micro
        self.held[objects.BALANCE] = values.balance_payload(balance)
        return b""

    def _log_after(self, since: bytes) -> bytes:
        since_s = values.date_s(since)
        lines = [each for each in self._log if each.taken_s >= since_s][:_LOG_LINES]
        body = b"".join(
            values.date_payload(each.taken_s)
            + each.status.to_bytes(2, "little")
            + each.import_wh.to_bytes(4, "little")
            + each.export_wh.to_bytes(4, "little")
            for each in lines
        )
        return since + body.ljust(_LOG_LINES * 14 + 10, b"\x00")


async def _request(reader: asyncio.StreamReader) -> frames.Frame | None:
    """Return the first whole frame of a connection; None if there comes none."""
    buffer = bytearray()
    while len(buffer) < _REQUEST_BYTES_MAX:
        more = await reader.read(_REQUEST_BYTES_MAX)
        if not more:
            return None
        buffer += more
        found = frames.take(buffer)
        if found is not None:
            return found
    return None
