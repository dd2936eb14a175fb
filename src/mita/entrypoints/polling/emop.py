"""Emlite meters over TCP: one request for each connection, read back after each write."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from mita.drivers.emop import PORT, EmopDriver, clock_zone, frames, is_supply_on, objects, prices, values
from mita.drivers.urls import BadUrl, tcp_place
from mita.drivers.wire import Arrival, Decoded, Step, SwitchState
from mita.entrypoints.polling.line import Unreachable
from mita.metering.domain import Rejection

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from mita.drivers.wire import Device, Order, Report

_ANSWER_BYTES_MAX = 2_048
_LOG_ANSWERS_MAX = 60
_CLOCK_TOLERANCE_S = 30
# as existing clients introduce themselves
_US = frames.Party(0, 0x21AE42)


class RefusedByMeter(Unreachable):
    """The meter answered that it does not do it, or its answer proves that it did not."""


class _NotSent(Exception):
    """Nobody took the connection; the meter heard nothing."""


@dataclass(frozen=True, slots=True)
class TokenTaken:
    """The balance before and after a token, in millionths of the currency."""

    before_micro: int
    after_micro: int


@dataclass(frozen=True, slots=True)
class _State:
    is_prepay: bool
    balance_micro: int
    emergency_micro: int

    @property
    def is_on(self) -> bool | None:
        return is_supply_on(
            is_prepay=self.is_prepay, balance_micro=self.balance_micro, emergency_micro=self.emergency_micro
        )


class EmopLine:
    """One meter, or the gateway before it.

    A meter often refuses a second connection for about two seconds: ``rest_s`` lies between two
    conversations, and one that fails is tried again after each of ``pauses_s``. ``answer_s`` is how long a
    conversation may take, ``limit_s`` how long a call.
    """

    def __init__(
        self,
        *,
        pauses_s: Sequence[float] = (7.0,) * 5,
        rest_s: float = 2.2,
        answer_s: float = 10.0,
        limit_s: float = 80.0,
    ) -> None:
        self._pauses_s, self._rest_s = tuple(pauses_s), rest_s
        self._answer_s, self._limit_s = answer_s, limit_s
        self._lock = asyncio.Lock()
        self._free_at = 0.0

    @staticmethod
    def key(device: Device) -> str:
        """Return the meter's address; two of them never share a line."""
        return str(tcp_place(device.settings.get("url"), port=PORT))

    async def read(self, device: Device, *, now_s: int) -> Decoded:
        """Ask for the objects of the setting ``objects``, else registers, balance, clock, voltage and power.

        With the setting ``log_hours`` the half hours of profile log 1 come first.

        :raises Unreachable: if it does not answer
        """
        asked = [int(each, 16) for each in device.settings.get("objects", ())] or objects.READ_BY_DEFAULT
        payloads: dict[str, str] = {}
        why = ""
        async with self._call():
            for object_id in asked:
                try:
                    answer = await self._ask(device, _read(device, object_id))
                except RefusedByMeter as refusal:
                    why = str(refusal)
                    continue
                except Unreachable:
                    if not payloads:
                        raise
                    # what was read counts; the rest comes next time
                    break
                payloads[objects.name(object_id)] = answer.payload.hex()
        if not payloads:
            raise Unreachable(why)
        decoded = _decoded({"objects": payloads}, device, now_s=now_s)
        hours = device.settings.get("log_hours", 0)
        if hours:
            await self._add_log(decoded, device, since_s=now_s - hours * 3_600, now_s=now_s)
        return decoded

    async def _add_log(self, decoded: Decoded, device: Device, *, since_s: int, now_s: int) -> None:
        try:
            before = await self.read_profile_log(device, since_s=since_s, until_s=now_s, now_s=now_s)
        except Unreachable as error:
            # what was read before counts all the same
            reason = f"profile log 1 cannot be read: {error}"
            decoded.rejections.append(Rejection("emop", None, None, "log", "no_profile", reason))
            return
        decoded.readings[:0] = before.readings
        decoded.rejections += before.rejections

    async def read_profile_log(self, device: Device, *, since_s: int, until_s: int, now_s: int) -> Decoded:
        """Ask for the half-hourly registers of profile log 1 from a time to another, at most 300 of them.

        :raises Unreachable: if it does not answer
        """
        zone = clock_zone(device)
        bodies: list[str] = []
        next_s = values.shown_s(since_s, zone=zone)
        end_s = values.shown_s(until_s, zone=zone)
        async with self._call():
            while next_s < end_s and len(bodies) < _LOG_ANSWERS_MAX:
                body = values.log_request(next_s)
                request = frames.Frame(_meter(device), _US, 5, frames.LOG_LAYOUT, body)
                answer = await self._ask(device, request)
                try:
                    records = values.log_records(answer.body)
                except values.BadPayload as bad:
                    raise Unreachable(f"the answer with the log {bad}") from bad
                bodies.append(answer.body.hex())
                last_s = max((each.taken_s for each in records), default=0)
                if last_s < next_s:
                    break
                next_s = last_s + 1
        return _decoded({"log": bodies}, device, now_s=now_s)

    async def carry_out(self, order: Order, device: Device, *, now_s: int) -> Sequence[Report]:
        """Cut by prepay mode, which needs that no credit is left; restore by a token, or by credit mode.

        The state is what mode and balance say when they are read back. Nothing here is a relay.

        :raises Unreachable: if it does not answer; the order may have arrived all the same
        """
        if order.expires_s <= now_s:
            return [Step(order.command_id, "failed", "the command expired before it was sent")]
        reports: list[Report] = []
        async with self._call():
            state = await self._state(device)
            by_mode = not order.is_on or device.settings.get("restore") == "credit_mode"
            if state.is_on is not order.is_on and by_mode and state.is_prepay is order.is_on:
                await self._write(device, objects.PREPAY, bytes([not order.is_on]))
                reports.append(Step(order.command_id, "acknowledged"))
                state = await self._state(device)
        if state.is_on is not None:
            reports.append(SwitchState(state.is_on, order.meter, order.command_id, now_s))
        if state.is_on is not order.is_on:
            reports.append(Step(order.command_id, "failed", _why_not(order, state)))
        return reports

    async def give_token(self, device: Device, *, token: str) -> TokenTaken:
        """Give the meter a token of 20 digits; proved by the balance, which must have risen.

        A token is sent once: the meter refuses it the second time, which would look like a failure.

        :raises RefusedByMeter: if it refuses, or the balance did not rise
        :raises Unreachable: if it does not answer
        :raises mita.drivers.emop.values.BadPayload: if these are not 20 digits
        """
        payload = values.token_payload(token)
        async with self._call():
            before_micro = await self._balance(device)
            try:
                await self._ask(device, _write(device, objects.TOKEN, payload), may_repeat=False)
            except RefusedByMeter:
                raise
            except Unreachable:
                # the answer was lost; the token may have been taken all the same, and the balance shows it
                after_micro = await self._balance(device)
                if after_micro <= before_micro:
                    raise
                return TokenTaken(before_micro, after_micro)
            after_micro = await self._balance(device)
        if after_micro <= before_micro:
            raise RefusedByMeter("the meter took the token, and its balance did not rise")
        return TokenTaken(before_micro, after_micro)

    async def write_prepay(self, device: Device, *, is_prepay: bool) -> None:
        """Set prepay mode (or credit mode), proved by reading it back.

        :raises RefusedByMeter: if the meter refuses, or still says otherwise
        :raises Unreachable: if it does not answer
        """
        async with self._call():
            await self._write(device, objects.PREPAY, bytes([is_prepay]))

    async def write_prices(self, device: Device, *, wanted: prices.MeterPrices) -> None:
        """Write what the meter charges from a time on; each value is read back before the next is written.

        :raises RefusedByMeter: if the meter refuses a value, or still holds another; the time comes last
        :raises Unreachable: if it does not answer
        :raises mita.drivers.emop.values.BadPayload: for a value that the meter cannot hold
        """
        zone = clock_zone(device)
        pairs = prices.to_write(replace(wanted, from_s=values.shown_s(wanted.from_s, zone=zone)))
        for object_id, payload in pairs:
            # a call for each: a table of 64 prices takes minutes, and readings may come in between
            async with self._call():
                await self._write(device, object_id, payload)

    async def probe(self, device: Device) -> Sequence[str]:
        """Return what is wrong between us and the meter."""
        try:
            async with self._call():
                serial = values.text((await self._ask(device, _read(device, objects.SERIAL))).payload)
                voltage = values.voltage_v((await self._ask(device, _read(device, objects.VOLTAGE))).payload)
        except (Unreachable, values.BadPayload, BadUrl) as error:
            return [str(error)]
        wrong = []
        serials = {each for each, _ in device.meters}
        if serials and serial not in serials:
            wrong.append(f"it answers as {serial}, and the device's meter is {', '.join(sorted(serials))}")
        if not 80 <= voltage <= 300:  # noqa: PLR2004 - what a socket may have
            wrong.append(f"it answers, but with {voltage} V")
        return wrong

    async def set_clock(self, device: Device, *, now_s: int) -> bool:
        """Set the clock and read it back; False if the meter refuses.

        :raises Unreachable: if it does not answer
        """
        zone = clock_zone(device)
        async with self._call():
            began = asyncio.get_running_loop().time()
            payload = values.clock_payload(now_s, zone=zone)
            try:
                await self._ask(device, _write(device, objects.CLOCK, payload), may_repeat=False)
                answer = await self._ask(device, _read(device, objects.CLOCK))
            except RefusedByMeter:
                return False
            passed_s = int(asyncio.get_running_loop().time() - began)
        try:
            drift_s = values.clock_s(answer.payload, zone=zone) - now_s - passed_s
        except values.BadPayload:
            return False
        return abs(drift_s) <= _CLOCK_TOLERANCE_S

    async def close(self) -> None:
        """Do nothing: no connection outlives its question."""

    @asynccontextmanager
    async def _call(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._limit_s), self._lock:
                yield
        except TimeoutError as error:
            raise Unreachable(f"the meter took longer than {self._limit_s:g} seconds") from error

    async def _state(self, device: Device) -> _State:
        try:
            return _State(
                values.flag((await self._ask(device, _read(device, objects.PREPAY))).payload),
                await self._balance(device),
                values.price_micro(
                    (await self._ask(device, _read(device, objects.EMERGENCY_CREDIT))).payload
                ),
            )
        except values.BadPayload as bad:
            raise Unreachable(f"the meter's answer {bad}") from bad

    async def _balance(self, device: Device) -> int:
        try:
            return values.balance_micro((await self._ask(device, _read(device, objects.BALANCE))).payload)
        except values.BadPayload as bad:
            raise Unreachable(f"the meter's balance {bad}") from bad

    async def _write(self, device: Device, object_id: int, payload: bytes) -> None:
        """Write an object and read it back. Writing the same again does no harm, so it may be repeated."""
        await self._ask(device, _write(device, object_id, payload))
        held = (await self._ask(device, _read(device, object_id))).payload
        if held != payload:
            name = objects.name(object_id)
            raise RefusedByMeter(f"object {name} was written {payload.hex()} and reads {held.hex()}")

    async def _ask(self, device: Device, request: frames.Frame, *, may_repeat: bool = True) -> frames.Frame:
        why = ""
        for pause_s in (*self._pauses_s, None):
            try:
                return await self._converse(device, request)
            except _NotSent as error:
                why = str(error)
            except frames.BadFrame as bad:
                if bad.code == "refused":
                    raise RefusedByMeter(f"{_named(request)}: {bad}") from bad
                why = str(bad)
                if not may_repeat:
                    break
            if pause_s is not None:
                await asyncio.sleep(pause_s)
        raise Unreachable(f"{self.key(device)}: {_named(request)}: {why}")

    async def _converse(self, device: Device, request: frames.Frame) -> frames.Frame:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._free_at - loop.time()))
        place = tcp_place(device.settings.get("url"), port=PORT)
        try:
            async with asyncio.timeout(self._answer_s):
                reader, writer = await asyncio.open_connection(place.host, place.port)
        except TimeoutError as error:
            raise _NotSent("the connection is not answered") from error
        except OSError as error:
            raise _NotSent(f"the connection is refused: {error}") from error
        try:
            return await self._heard(reader, writer, request)
        finally:
            writer.transport.abort()
            self._free_at = loop.time() + self._rest_s

    async def _heard(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: frames.Frame
    ) -> frames.Frame:
        buffer = bytearray()
        strange: frames.BadFrame | None = None
        try:
            async with asyncio.timeout(self._answer_s):
                writer.write(frames.build(request))
                while len(buffer) <= _ANSWER_BYTES_MAX:
                    more = await reader.read(256)
                    if not more:
                        break
                    buffer += more
                    while (found := frames.take(buffer)) is not None:
                        try:
                            frames.check_answer(request, found)
                        except frames.BadFrame as bad:
                            if bad.code == "refused":
                                raise
                            # a late answer to somebody else's question may come first
                            strange = bad
                            continue
                        return found
        except (TimeoutError, OSError):
            # what came until then says more than that it ended
            pass
        raise strange or frames.problem(bytes(buffer))


def _meter(device: Device) -> frames.Party:
    return frames.Party(0, device.settings.get("meter_address", 0))


def _read(device: Device, object_id: int) -> frames.Frame:
    return frames.read_frame(object_id, to=_meter(device), by=_US)


def _write(device: Device, object_id: int, payload: bytes) -> frames.Frame:
    return frames.write_frame(object_id, payload, to=_meter(device), by=_US)


def _named(request: frames.Frame) -> str:
    if request.object_id is None:
        return "profile log"
    return f"{'writing' if request.is_write else 'reading'} {objects.name(request.object_id)}"


def _decoded(said: object, device: Device, *, now_s: int) -> Decoded:
    arrival = Arrival("poll", json.dumps(said).encode(), now_s)
    return EmopDriver().decode(arrival, device)


def _why_not(order: Order, state: _State) -> str:
    shown = f"{Decimal(state.balance_micro).scaleb(-6):.2f}"
    if order.is_on:
        return f"the meter is in prepay mode with a balance of {shown}; a token restores the supply"
    return f"prepay mode is on with a balance of {shown}; the meter cuts when that and its credit are used"
