"""Emlite meters over TCP: one request for each connection, read back after each write."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from mita.drivers.emop import EmopDriver, clock_zone, frames, is_supply_on, objects, values
from mita.drivers.emop.prices import ACTIVE, MeterPrices, flat, held, to_write
from mita.drivers.urls import BadUrl
from mita.drivers.wire import Arrival, Decoded, Step, SwitchState
from mita.entrypoints.polling.emop_talk import (
    US,
    EmopTalk,
    RefusedByMeter,
    meter_party,
    read_request,
    write_request,
)
from mita.entrypoints.polling.line import NotReached, TokenRefused, TokenTaken, Unreachable
from mita.metering.domain import Rejection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from mita.drivers.wire import Device, FlatPrices, HeldPrices, Order, Report

_LOG_ANSWERS_MAX = 60


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


class EmopLine(EmopTalk):
    """One meter, or the gateway before it."""

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
                    answer = await self._ask(device, read_request(device, object_id))
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
                request = frames.Frame(meter_party(device), US, 5, frames.LOG_LAYOUT, body)
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

    async def give_token(
        self, device: Device, *, token: str, before_sending: Callable[[int], Awaitable[None]]
    ) -> TokenTaken:
        """Give the meter a token of 20 digits; proved by the balance, which must have risen.

        A token is sent once: the meter refuses it the second time, which would look like a failure. Nothing
        was sent until ``before_sending`` returns, which is told the balance before.

        :raises TokenRefused: if it refuses, or the balance did not rise
        :raises NotReached: if it was not sent
        :raises Unreachable: if it was sent, and neither the answer nor the balance says what became of it
        :raises mita.drivers.emop.values.BadPayload: if these are not 20 digits
        """
        payload = values.token_payload(token)
        async with self._call():
            before_micro = await self._balance(device)
            await before_sending(before_micro)
            lost: Unreachable | None = None
            try:
                await self._ask(device, write_request(device, objects.TOKEN, payload), may_repeat=False)
            except RefusedByMeter as refusal:
                raise TokenRefused(str(refusal)) from refusal
            except NotReached:
                raise
            except Unreachable as error:
                # the answer was lost; the token may have been taken all the same, and the balance shows it
                lost = error
            try:
                after_micro = await self._balance(device)
            except Unreachable as error:
                raise Unreachable(f"the token was sent, and then: {error}") from error
        if after_micro > before_micro:
            return TokenTaken(before_micro, after_micro)
        if lost is None:
            raise TokenRefused("the meter took the token, and its balance did not rise", reason="no_rise")
        raise Unreachable(f"the token was sent once: {lost}")

    async def held_balance_micro(self, device: Device) -> int:
        """Return the balance that the meter shows.

        :raises Unreachable: if it does not answer
        """
        async with self._call():
            return await self._balance(device)

    async def write_prepay(self, device: Device, *, is_prepay: bool) -> None:
        """Set prepay mode (or credit mode), proved by reading it back.

        :raises RefusedByMeter: if the meter refuses, or still says otherwise
        :raises Unreachable: if it does not answer
        """
        async with self._call():
            await self._write(device, objects.PREPAY, bytes([is_prepay]))

    async def write_prices(self, device: Device, *, wanted: MeterPrices) -> None:
        """Write what the meter charges from a time on; each value is read back before the next is written.

        :raises RefusedByMeter: if the meter refuses a value, or still holds another; the time comes last
        :raises Unreachable: if it does not answer
        :raises mita.drivers.emop.values.BadPayload: for a value that the meter cannot hold
        """
        zone = clock_zone(device)
        pairs = to_write(replace(wanted, from_s=values.shown_s(wanted.from_s, zone=zone)))
        for object_id, payload in pairs:
            # a call for each: a table of 64 prices takes minutes, and readings may come in between
            async with self._call():
                await self._write(device, object_id, payload)

    async def probe(self, device: Device) -> Sequence[str]:
        """Return what is wrong between us and the meter."""
        try:
            async with self._call():
                serial = values.text((await self._ask(device, read_request(device, objects.SERIAL))).payload)
                voltage = values.voltage_v(
                    (await self._ask(device, read_request(device, objects.VOLTAGE))).payload
                )
        except (Unreachable, values.BadPayload, BadUrl) as error:
            return [str(error)]
        wrong = []
        serials = {each for each, _ in device.meters}
        if serials and serial not in serials:
            wrong.append(f"it answers as {serial}, and the device's meter is {', '.join(sorted(serials))}")
        if not 80 <= voltage <= 300:  # noqa: PLR2004 - what a socket may have
            wrong.append(f"it answers, but with {voltage} V")
        return wrong

    async def set_clock(self, device: Device, *, now_s: int) -> int:
        """Set the clock and read it back; return by how many seconds it is ahead then.

        :raises RefusedByMeter: if the meter refuses, or does not say what its clock shows
        :raises Unreachable: if it does not answer
        """
        zone = clock_zone(device)
        async with self._call():
            began = asyncio.get_running_loop().time()
            payload = values.clock_payload(now_s, zone=zone)
            await self._ask(device, write_request(device, objects.CLOCK, payload), may_repeat=False)
            answer = await self._ask(device, read_request(device, objects.CLOCK))
            passed_s = int(asyncio.get_running_loop().time() - began)
        try:
            return values.clock_s(answer.payload, zone=zone) - now_s - passed_s
        except values.BadPayload as bad:
            raise RefusedByMeter(f"the meter's clock {bad}") from bad

    async def give_prices(self, device: Device, *, prices: FlatPrices, from_s: int) -> None:
        """Write prices that are the same at each hour, as :meth:`write_prices` does.

        :raises RefusedByMeter: if the meter refuses a value, or still holds another
        :raises Unreachable: if it does not answer
        """
        await self.write_prices(device, wanted=flat(prices, from_s=from_s))

    async def held_prices(self, device: Device) -> HeldPrices:
        """Return what the meter charges now.

        :raises Unreachable: if it does not answer, or not what it should
        """
        payloads: dict[int, bytes] = {}
        for object_id in ACTIVE:
            async with self._call():
                payloads[object_id] = (await self._ask(device, read_request(device, object_id))).payload
        try:
            return held(payloads)
        except values.BadPayload as bad:
            raise Unreachable(f"a price of the meter {bad}") from bad

    async def close(self) -> None:
        """Do nothing: no connection outlives its question."""

    async def _state(self, device: Device) -> _State:
        try:
            return _State(
                values.flag((await self._ask(device, read_request(device, objects.PREPAY))).payload),
                await self._balance(device),
                values.price_micro(
                    (await self._ask(device, read_request(device, objects.EMERGENCY_CREDIT))).payload
                ),
            )
        except values.BadPayload as bad:
            raise Unreachable(f"the meter's answer {bad}") from bad

    async def _balance(self, device: Device) -> int:
        try:
            return values.balance_micro(
                (await self._ask(device, read_request(device, objects.BALANCE))).payload
            )
        except values.BadPayload as bad:
            raise Unreachable(f"the meter's balance {bad}") from bad


def _decoded(said: object, device: Device, *, now_s: int) -> Decoded:
    arrival = Arrival("poll", json.dumps(said).encode(), now_s)
    return EmopDriver().decode(arrival, device)


def _why_not(order: Order, state: _State) -> str:
    shown = f"{Decimal(state.balance_micro).scaleb(-6):.2f}"
    if order.is_on:
        return f"the meter is in prepay mode with a balance of {shown}; a token restores the supply"
    return f"prepay mode is on with a balance of {shown}; the meter cuts when that and its credit are used"
