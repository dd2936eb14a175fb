"""Wired M-Bus over a serial port or a TCP gateway."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from mita.drivers.mbus import PORT, MbusDriver, link, wanted_identification
from mita.drivers.mbus.telegram import BadTelegram, telegram
from mita.drivers.urls import place
from mita.drivers.wire import Arrival, Decoded, Shown, Step
from mita.entrypoints.polling.line import RefusedByDevice, Unreachable
from mita.entrypoints.polling.wires import opened
from mita.metering.domain import Rejection

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from mita.drivers.wire import Device, Order, Report
    from mita.entrypoints.polling.wires import Wire

_BAUD = 2_400
_TELEGRAMS_MAX = 16
_FRAME_BYTES_MAX = 261


class MbusLine:
    """One bus.

    ``answer_s`` is how long the first byte of an answer may take, ``gap_s`` how long the next one;
    ``tries`` is how often a frame is sent, ``limit_s`` how long a call may take.
    """

    def __init__(
        self, *, answer_s: float = 1.5, gap_s: float = 0.4, tries: int = 3, limit_s: float = 60.0
    ) -> None:
        self._answer_s, self._gap_s = answer_s, gap_s
        self._tries, self._limit_s = tries, limit_s
        self._lock = asyncio.Lock()

    @staticmethod
    def key(device: Device) -> str:
        """Return the port or the gateway; all meters behind it share the bus."""
        return str(place(device.settings.get("url"), port=PORT, baud=_BAUD, parity="E"))

    async def read(self, device: Device, *, now_s: int) -> Decoded:
        """Ask a meter for all its telegrams.

        :raises Unreachable: if it does not answer
        """
        frames = await self._frames(device)
        driver, decoded = MbusDriver(), Decoded()
        for frame in frames:
            _merge(decoded, driver.decode(Arrival("telegram", frame, now_s), device))
        return decoded

    async def carry_out(self, order: Order, device: Device, *, now_s: int) -> Sequence[Report]:  # noqa: ARG002 - there is no switch
        """Return that there is no switch."""
        return [Step(order.command_id, "failed", "M-Bus meters have no switch that is known here")]

    async def probe(self, device: Device) -> Sequence[str]:
        """Return what is wrong between us and the meter."""
        try:
            frames = await self._frames(device)
        except Unreachable as error:
            return [str(error)]
        driver, decoded = MbusDriver(), Decoded()
        for frame in frames:
            _merge(decoded, driver.decode(Arrival("telegram", frame, 0), device))
        wrong = [each.detail for each in decoded.rejections]
        if not decoded.readings and not wrong:
            paths = [each.path for each in decoded.reports if isinstance(each, Shown)]
            shown = ", ".join(paths[:8]) or "nothing"
            wrong.append(
                f"it answers, but nothing of it is a register here; it tells {shown}: name it in a field"
            )
        return wrong

    async def set_clock(self, device: Device, *, now_s: int) -> int:  # noqa: ARG002 - it cannot be set
        """Refuse: the clock is not set over M-Bus here.

        :raises RefusedByDevice: always
        """
        raise RefusedByDevice("the clock of an M-Bus meter is not set from here")

    async def close(self) -> None:
        """Do nothing: the port is let go of after each call."""

    async def _frames(self, device: Device) -> list[bytes]:
        async with self._call(device) as wire:
            secondary = device.settings.get("secondary")
            if secondary is None:
                address = int(device.settings.get("address", 0))
                await self._reset(wire, address)
                return await self._telegrams(wire, address, device)
            # whoever was selected before must not answer with this one
            await self._reset(wire, link.SELECTED)
            await self._select(wire, str(secondary))
            try:
                return await self._telegrams(wire, link.SELECTED, device)
            finally:
                await self._reset(wire, link.SELECTED)

    @asynccontextmanager
    async def _call(self, device: Device) -> AsyncIterator[Wire]:
        where = place(device.settings.get("url"), port=PORT, baud=_BAUD, parity="E")
        try:
            async with asyncio.timeout(self._limit_s), self._lock:
                wire = await opened(where, within_s=self._answer_s + 5)
                try:
                    yield wire
                finally:
                    await asyncio.shield(wire.close())
        except TimeoutError as error:
            raise Unreachable(f"{where}: the meter took longer than {self._limit_s:g} seconds") from error

    async def _reset(self, wire: Wire, address: int) -> None:
        """Send SND_NKE. Not every meter acknowledges it, so that it does not is no fault."""
        await wire.send(link.reset(address))
        await self._answer(wire)

    async def _select(self, wire: Wire, secondary: str) -> None:
        found: bytes = b""
        for _ in range(self._tries):
            await wire.send(link.select(secondary))
            found = await self._answer(wire)
            if link.judged(found) == "acknowledged":
                return
        if not found:
            raise Unreachable(f"no meter on the bus has the secondary address {secondary}")
        raise Unreachable(f"answers overlap: several meters have the secondary address {secondary}")

    async def _telegrams(self, wire: Wire, address: int, device: Device) -> list[bytes]:
        """Ask for telegrams until one says that no more follow."""
        frames: list[bytes] = []
        most = min(int(device.settings.get("telegrams", 8)), _TELEGRAMS_MAX)
        is_toggled = True
        while len(frames) < most:
            frame = await self._request(wire, address, is_toggled=is_toggled)
            if frames and frame == frames[-1]:
                # a meter that does not look at the toggle says the same for ever
                break
            frames.append(frame)
            is_toggled = not is_toggled
            if not _has_more(frame, device):
                break
        return frames

    async def _request(self, wire: Wire, address: int, *, is_toggled: bool) -> bytes:
        why = f"no answer from {_called(address)}: is it wired, and is that its address and baud rate?"
        for _ in range(self._tries):
            # the same toggle again: a meter repeats what was lost, and does not go on to the next telegram
            await wire.send(link.request(address, is_toggled=is_toggled))
            found = await self._answer(wire)
            kind = link.judged(found)
            if kind == "frame" and (address == link.SELECTED or link.sender(found) == address):
                return found
            if kind == "frame":
                why = f"address {link.sender(found)} answers for {_called(address)}"
            elif kind == "acknowledged":
                why = f"{_called(address)} acknowledges, and has no data"
            elif found:
                why = f"the answer of {_called(address)} is broken: noise, or two meters answer at once"
        raise Unreachable(why)

    async def _answer(self, wire: Wire) -> bytes:
        """Return what is answered, whole if it is a frame; what is broken until it is quiet again."""
        found = await wire.receive(within_s=self._answer_s)
        while link.judged(found) in {"more", "broken"} and len(found) <= _FRAME_BYTES_MAX:
            more = await wire.receive(within_s=self._gap_s)
            if not more:
                break
            found += more
        return found


def _called(address: int) -> str:
    return "the selected meter" if address == link.SELECTED else f"address {address}"


def _has_more(frame: bytes, device: Device) -> bool:
    key = device.settings.get("secret")
    try:
        found = telegram(frame, key=bytes.fromhex(key) if key else None)
    except BadTelegram:
        return False
    return found.has_more and wanted_identification(device) in {None, found.identification}


def _merge(decoded: Decoded, more: Decoded) -> None:
    """Add what a later telegram holds; a register is told once, and by another value it is doubtful."""
    told = {(each.meter, each.register): each for each in decoded.readings}
    for reading in more.readings:
        first = told.get((reading.meter, reading.register))
        if first is None:
            decoded.readings.append(reading)
        elif first.value_micro != reading.value_micro:
            detail = "two telegrams hold the register with different values; the first one stands"
            raw = f"{reading.register} {reading.value_micro}"
            decoded.rejections.append(
                Rejection("mbus", reading.meter, reading.register, raw, "ambiguous_value", detail)
            )
    decoded.reports += [each for each in more.reports if each not in decoded.reports]
    decoded.rejections += more.rejections
