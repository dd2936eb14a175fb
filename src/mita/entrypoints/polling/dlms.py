"""DLMS/COSEM meters over TCP or a serial port: registers, load profile, clock, relay, limiter and prices."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from mita.drivers.dlms import PORT, DlmsDriver, Settings, clock_bytes, clock_s, settings
from mita.drivers.dlms.driver import ROWS_MAX
from mita.drivers.dlms.limiter import held_w, threshold_of
from mita.drivers.urls import place
from mita.drivers.wire import Arrival, Decoded, LimitState, Step, SwitchState
from mita.entrypoints.polling.dlms_client import (
    DlmsFailed,
    DlmsRefused,
    Session,
    conversation,
    digits,
    rows_between,
)
from mita.entrypoints.polling.dlms_objects import give_prices, held_prices, limiter_said, set_limit
from mita.entrypoints.polling.line import RefusedByDevice, Unreachable
from mita.kit.clock import now_utc
from mita.metering.domain import Rejection

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mita.drivers.wire import Device, FlatPrices, HeldPrices, Order, Report

_T = TypeVar("_T")
_RELAY = "0.0.96.3.10.255"
_RELAY_CLASS, _OFF, _ON = 70, 1, 2
_DATA, _REGISTER, _PROFILE, _CLOCK = 1, 3, 7, 8
_OUTPUT, _CONTROL = 2, 3
_HOUR_S = 3_600
# as many as a conversation may need, a long load profile in small blocks included
_COUNTERS_PER_CALL = 5_000


class Counters(Protocol):
    """Numbers that a device's key was never used with. A meter refuses one that is not above the last."""

    async def take(self, device: str, *, key: str, count: int) -> int:
        """Return the first of ``count`` numbers that nobody is ever given again with this key.

        Not after a crash either, nor when the meter is registered anew.
        """


class CountersInMemory:
    """Counters that begin where they are told to, and are forgotten with the process."""

    def __init__(self, *, first: int = 1) -> None:
        self._first = first
        self._next: dict[str, int] = {}

    async def take(self, device: str, *, key: str, count: int) -> int:  # noqa: ARG002 - the key is enough
        """Return the first of ``count`` numbers."""
        first = self._next.get(key, self._first)
        self._next[key] = first + count
        return first


class DlmsLine:
    """A meter, or a serial port with several; ``limit_s`` is how long a conversation may take."""

    def __init__(self, counters: Counters, *, limit_s: float = 60.0) -> None:
        self._counters, self._limit_s = counters, limit_s
        self._lock = asyncio.Lock()

    @staticmethod
    def key(device: Device) -> str:
        """Return the address or the port; meters behind it speak one after another."""
        return str(place(device.settings.get("url"), port=PORT, baud=9600, parity="N"))

    async def read(self, device: Device, *, now_s: int) -> Decoded:
        """Ask for the registers of the setting ``registers``, serial, clock and relay.

        With the setting ``profile_hours`` the load profile of these hours comes first. An object that the
        meter does not have is left out.

        :raises Unreachable: if it does not answer, or has none of the registers
        """
        found = settings(device)

        def job(session: Session) -> dict[str, Any]:
            said: dict[str, Any] = {"registers": {}, "texts": {}}
            refusals = []
            for obis in found.registers:
                try:
                    said["registers"][obis] = session.register(obis)
                except DlmsRefused as refusal:
                    refusals.append(str(refusal))
            if not said["registers"]:
                raise DlmsRefused("; ".join(refusals))
            serial = _or_none(lambda: session.get(_DATA, found.serial, 2))
            if serial is not None:
                said["texts"][found.serial] = _octets(serial).hex()
            clock = _or_none(lambda: session.get(_CLOCK, found.clock, 2))
            if clock is not None:
                said["clock"] = _octets(clock).hex()
            if found.has_relay:
                said |= _relay(session) or {}
            limiter = found.limiter
            if limiter is not None:
                held = _or_none(lambda: limiter_said(session, limiter))
                said |= {} if held is None else {"limiter": held}
            return said

        decoded = _decoded(await self._converse(device, job), device, now_s=now_s)
        if found.profile_hours:
            await self._add_profile(decoded, device, hours=found.profile_hours, now_s=now_s)
        return decoded

    async def _add_profile(self, decoded: Decoded, device: Device, *, hours: int, now_s: int) -> None:
        try:
            since_s = now_s - hours * _HOUR_S
            before = await self.read_profile(device, since_s=since_s, until_s=now_s, now_s=now_s)
        except Unreachable as error:
            # what was read before counts all the same
            reason = f"the load profile cannot be read: {error}"
            decoded.rejections.append(Rejection("dlms", None, None, "profile", "no_profile", reason))
            return
        decoded.readings[:0] = before.readings
        decoded.rejections += before.rejections

    async def read_profile(self, device: Device, *, since_s: int, until_s: int, now_s: int) -> Decoded:
        """Ask for the load profile between two times: by selection, and as a whole where that is refused.

        :raises Unreachable: if it does not answer, or has no load profile
        """
        found = settings(device)
        ends = [
            clock_bytes(each, zone=device.zone, is_reversed=found.is_reversed) for each in (since_s, until_s)
        ]
        profile = await self._converse(device, lambda session: _profile(session, found, ends))
        decoded = _decoded({"profile": profile}, device, now_s=now_s)
        # a meter may give more than it was asked for
        decoded.readings = [each for each in decoded.readings if since_s <= each.taken_s <= until_s]
        return decoded

    async def carry_out(self, order: Order, device: Device, *, now_s: int) -> Sequence[Report]:
        """Switch the relay and read back what it does.

        :raises Unreachable: if it does not answer; the order may have arrived all the same
        """
        if order.expires_s <= now_s:
            return [Step(order.command_id, "failed", "the command expired before it was sent")]
        if order.limit is not None:
            return await self._limit(order, device, limit_w=order.limit.limit_w, now_s=now_s)
        if not settings(device).has_relay:
            return [Step(order.command_id, "failed", "the settings say that the meter has no relay")]

        def job(session: Session) -> tuple[str, dict[str, Any] | None]:
            refusal = ""
            try:
                session.act(_RELAY_CLASS, _RELAY, _ON if order.is_on else _OFF)
            except DlmsRefused as error:
                refusal = str(error)
            return refusal, _relay(session)

        refusal, state = await self._converse(device, job)
        reports: list[Report] = [] if refusal else [Step(order.command_id, "acknowledged")]
        if state is None:
            reason = refusal or "the relay was switched, and its state cannot be read back"
            return [*reports, Step(order.command_id, "failed", reason)]
        reports.append(SwitchState(state["output"], order.meter, order.command_id, now_s))
        if state["output"] is not order.is_on:
            word = {0: "disconnected", 1: "connected", 2: "ready for reconnection"}.get(state["control"], "?")
            reason = refusal or f"the meter took the command, and its control state is {word}"
            reports.append(Step(order.command_id, "failed", reason, may_retry=not refusal))
        return reports

    async def _limit(
        self, order: Order, device: Device, *, limit_w: int | None, now_s: int
    ) -> Sequence[Report]:
        """Write the threshold of the limiter, and read back which one is active."""
        limiter = settings(device).limiter
        if limiter is None:
            return [Step(order.command_id, "failed", "the settings name no limiter")]

        def job(session: Session) -> str | tuple[int, list[int]]:
            try:
                return set_limit(session, limiter, limit_w)
            except DlmsRefused as refusal:
                return str(refusal)

        done = await self._converse(device, job)
        if isinstance(done, str):
            return [Step(order.command_id, "failed", done)]
        written, said = done
        threshold = threshold_of(said[1], said[2], limiter=limiter)
        state = LimitState(
            held_w(said[0], threshold, limiter=limiter), order.meter, taken_s=now_s, step_w=threshold.step_w
        )
        reports: list[Report] = [Step(order.command_id, "acknowledged")]
        if said[0] != written:
            reason = f"the limiter took {written} and holds to {said[0]}: an emergency limit may be active"
            return [*reports, Step(order.command_id, "failed", reason, may_retry=True), state]
        return [*reports, replace(state, command_id=order.command_id)]

    async def give_prices(self, device: Device, *, prices: FlatPrices, from_s: int) -> None:
        """Write prices that hold from a time on, each read back; at once where that is not ahead.

        :raises RefusedByDevice: if it refuses, or holds others then
        :raises Unreachable: if it does not answer
        """
        found = settings(device)
        begins = clock_bytes(from_s, zone=device.zone, is_reversed=found.is_reversed)
        is_ahead = from_s > int(now_utc().timestamp())

        def job(session: Session) -> str:
            try:
                give_prices(session, found, prices, begins=begins if is_ahead else None)
            except DlmsRefused as refusal:
                return str(refusal)
            return ""

        refusal = await self._converse(device, job)
        if refusal:
            raise RefusedByDevice(refusal)

    async def held_prices(self, device: Device) -> HeldPrices:
        """Return what the meter charges now.

        :raises Unreachable: if it does not answer, or not what it should
        """
        found = settings(device)
        return await self._converse(device, lambda session: held_prices(session, found))

    async def probe(self, device: Device) -> Sequence[str]:
        """Return what is wrong between us and the meter."""
        try:
            decoded = await self.read(device, now_s=0)
        except (Unreachable, ValueError) as error:
            return [str(error)]
        wrong = [each.detail for each in decoded.rejections]
        if not decoded.readings and not wrong:
            wrong.append("it answers, but nothing of it is a register here: name the OBIS codes in fields")
        return wrong

    async def set_clock(self, device: Device, *, now_s: int) -> int:
        """Set the clock and read it back; return by how many seconds it is ahead then.

        :raises RefusedByDevice: if the meter refuses, or does not say what its clock shows
        :raises Unreachable: if it does not answer
        """
        found = settings(device)
        began = asyncio.get_running_loop().time()

        def job(session: Session) -> bytes | str:
            raw = clock_bytes(now_s, zone=device.zone, is_reversed=found.is_reversed)
            try:
                session.set_octets(_CLOCK, found.clock, 2, raw)
                return _octets(session.get(_CLOCK, found.clock, 2))
            except DlmsRefused as refusal:
                return str(refusal)

        held = await self._converse(device, job)
        if isinstance(held, str):
            raise RefusedByDevice(f"the meter does not let its clock be set: {held}")
        shown_s = clock_s(held, zone=device.zone, is_reversed=found.is_reversed)
        if shown_s is None:
            raise RefusedByDevice("the meter does not say what its clock shows")
        return shown_s - now_s - int(asyncio.get_running_loop().time() - began)

    async def close(self) -> None:
        """Do nothing: no association outlives its conversation."""

    async def _converse(self, device: Device, job: Callable[[Session], _T]) -> _T:
        found = settings(device)

        def converse(first_counter: int) -> _T:
            with conversation(found, first_counter=first_counter, limit_s=self._limit_s) as session:
                return job(session)

        async with self._lock:
            first = 0
            if found.security == "hls_gmac":
                first = await self._counters.take(device.name, key=found.counted_by, count=_COUNTERS_PER_CALL)
            try:
                # the thread ends by its own deadline; this is for the lookup of a name, which has none
                async with asyncio.timeout(self._limit_s + 10):
                    return await asyncio.to_thread(converse, first)
            except (DlmsFailed, OSError) as error:
                raise Unreachable(f"{self.key(device)}: {error}") from error


def _or_none(ask: Callable[[], _T]) -> _T | None:
    """Return what is asked for; None if the meter refuses it."""
    try:
        return ask()
    except DlmsRefused:
        return None


def _relay(session: Session) -> dict[str, Any] | None:
    """Return the relay's output and control state; None if the meter does not tell."""
    output = _or_none(lambda: session.get(_RELAY_CLASS, _RELAY, _OUTPUT))
    if not isinstance(output, bool):
        return None
    control = _or_none(lambda: session.get(_RELAY_CLASS, _RELAY, _CONTROL))
    return {"output": output, "control": control if isinstance(control, int) else None}


def _profile(session: Session, found: Settings, ends: Sequence[bytes]) -> dict[str, Any]:
    """Return the columns of registers, and the rows with their time and values."""
    captured = session.get(_PROFILE, found.profile, 3)
    clock_at, places, columns = None, [], []
    for place_at, (class_id, obis, attribute, _) in enumerate(captured):
        name = ".".join(map(str, bytes(obis)))
        if class_id == _CLOCK and attribute == 2:  # noqa: PLR2004 - its time
            clock_at = place_at
        elif class_id == _REGISTER and attribute == 2:  # noqa: PLR2004 - its value
            places.append(place_at)
            columns.append([name, *session.scaler(name)])
    if clock_at is None or not columns:
        raise DlmsRefused(f"{found.profile}: the load profile has no clock or no register")
    period = _or_none(lambda: session.get(_PROFILE, found.profile, 4))
    try:
        selection = rows_between(found.clock, *ends)
        rows = session.get(_PROFILE, found.profile, 2, selection=selection)
    except DlmsRefused:
        rows = session.get(_PROFILE, found.profile, 2)
    return {
        "columns": columns,
        "period_s": period if isinstance(period, int) else None,
        "rows": [
            [
                None if row[clock_at] is None else _octets(row[clock_at]).hex(),
                [None if row[at] is None else digits(row[at]) for at in places],
            ]
            for row in rows[-ROWS_MAX:]
        ],
    }


def _octets(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("ascii", "replace")
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    raise DlmsRefused(f"{str(value)[:40]!r} is not a string of bytes")


def _decoded(said: object, device: Device, *, now_s: int) -> Decoded:
    return DlmsDriver().decode(Arrival("poll", json.dumps(said).encode(), now_s), device)
