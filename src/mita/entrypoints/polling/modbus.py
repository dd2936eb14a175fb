"""Modbus meters over TCP, serial RTU and RTU over TCP: one bus, one conversation at a time."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mita.drivers.modbus.driver import CHANNEL, Modbus, limit_state, refusal
from mita.drivers.modbus.maps import BLOCK_WORDS_MAX
from mita.drivers.modbus.probing import probe_problem
from mita.drivers.modbus.setup import BadSettings, Setup, address_of, setup
from mita.drivers.modbus.values import WORDS
from mita.drivers.wire import Arrival, Decoded, Step, SwitchState
from mita.entrypoints.polling.line import RefusedByDevice, Unreachable
from mita.entrypoints.polling.modbus_bus import Bus, Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from mita.drivers.modbus.maps import Limit, Readback, Relay
    from mita.drivers.wire import Device, Order, Outgoing, Report

# illegal data address, and illegal data value, which some meters answer to a block that is too long for them
_NOT_IN_ONE = {2, 3}
_BUSY = {5, 6}
_LIMIT_S = 60.0
# relays of meters take a moment to move
_READBACKS = 5
_READBACK_EVERY_S = 0.2

Run = tuple[int, int, int]


class ModbusLine:
    """A bus with the units on it."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._bus: Bus | None = None
        self._driver = Modbus()
        # (map, unit) where blocks with holes are refused: only what the map names is read there
        self._holed: set[tuple[str, int]] = set()

    @staticmethod
    def key(device: Device) -> str:
        """Return the bus of the device, such as ``tcp://10.0.0.7:502`` or ``rtu:///dev/ttyUSB0``.

        :raises BadSettings: if its url names none
        """
        return address_of(device.settings.get("url")).key

    async def read(self, device: Device, *, now_s: int) -> Decoded:
        """Ask for all blocks of the device's map, and for the state of its relay.

        :raises Unreachable: if it does not answer
        """
        ready = _ready(device)
        async with self._talk(ready) as talk:
            payload = await self._payload(talk)
        return self._driver.decode(Arrival(CHANNEL, payload, now_s), device)

    async def carry_out(self, order: Order, device: Device, *, now_s: int) -> Sequence[Report]:
        """Write to the relay, and read it back until it stands as ordered, for at most a second.

        :raises Unreachable: if it does not answer; the write may have arrived all the same
        """
        ready = _ready(device)
        outgoing = self._driver.encode(order, device)
        if order.limit is not None:
            return await self._limit(order, ready, outgoing, now_s=now_s)
        if ready.relay is None or not outgoing:
            return [Step(order.command_id, "failed", "the device has no relay")]
        write = json.loads(outgoing[0].payload)
        async with self._talk(ready) as talk:
            try:
                await talk.write(ready.relay, write)
            except Refused as refused:
                may_retry = refused.code in _BUSY
                return [Step(order.command_id, "failed", f"the relay refused: {refused}", may_retry)]
            reports: list[Report] = [Step(order.command_id, "acknowledged")]
            if ready.relay.readback is not None:
                reports += await _confirmed(talk, order, ready.relay, ready.relay.readback, now_s=now_s)
            return reports

    async def _limit(
        self, order: Order, ready: Setup, outgoing: Sequence[Outgoing], *, now_s: int
    ) -> Sequence[Report]:
        """Write to the register that limits, and read it back."""
        if ready.limit is None or not outgoing:
            return [Step(order.command_id, "failed", "the map names no register that limits")]
        write = json.loads(outgoing[0].payload)
        async with self._talk(ready) as talk:
            try:
                await talk.write_words(ready.limit, write)
                found = await talk.read_limit(ready.limit)
            except Refused as refused:
                may_retry = refused.code in _BUSY
                return [Step(order.command_id, "failed", f"the limit was refused: {refused}", may_retry)]
        state = limit_state(found, ready, taken_s=now_s)
        reports: list[Report] = [Step(order.command_id, "acknowledged")]
        if found != write["values"]:
            reason = f"it took the limit {write['values']} and still reads {found}"
            return [*reports, Step(order.command_id, "failed", reason, may_retry=True), state]
        return [*reports, replace(state, command_id=order.command_id)]

    async def probe(self, device: Device) -> Sequence[str]:
        """Return what is wrong between us and the device; nothing if it answers sensibly."""
        try:
            ready = _ready(device)
            async with self._talk(ready) as talk:
                return await _probe(talk, ready)
        except Unreachable as unreachable:
            return [str(unreachable)]

    async def set_clock(self, device: Device, *, now_s: int) -> int:  # noqa: ARG002 - the interface
        """Refuse: no register map knows a clock.

        :raises RefusedByDevice: always
        """
        raise RefusedByDevice("no register map knows a clock")

    async def close(self) -> None:
        """Let go of the bus."""
        async with self._lock:
            if self._bus is not None:
                self._bus.close()

    @asynccontextmanager
    async def _talk(self, ready: Setup) -> AsyncIterator[_Talk]:
        """Have the bus to oneself, for a limited time; one that failed is closed."""
        async with self._lock:
            if self._bus is None or self._bus.address != ready.address:
                if self._bus is not None:
                    self._bus.close()
                self._bus = Bus(ready.address)
            try:
                async with asyncio.timeout(_LIMIT_S):
                    yield _Talk(self._bus, ready)
            except TimeoutError as error:
                self._bus.close()
                raise Unreachable(f"unit {ready.unit} did not end its answers in {_LIMIT_S:.0f} s") from error
            except OSError:
                self._bus.close()
                raise

    async def _payload(self, talk: _Talk) -> bytes:
        ready = talk.ready
        blocks: list[list[Any]] = []
        refused: list[list[int]] = []
        runs = _gapless(ready) if (ready.map.id, ready.unit) in self._holed else _blocks(ready)
        for run in runs:
            await self._take(talk, run, blocks, refused)
        if not blocks and refused:
            why = refusal(refused[0][3])
            raise Unreachable(f"unit {ready.unit} answers every question with {why!r}: wrong map or unit?")
        payload: dict[str, Any] = {"blocks": blocks, "refused": refused}
        if ready.relay is not None and ready.relay.readback is not None:
            try:
                payload["relay"] = await talk.read_back(ready.relay, ready.relay.readback)
            except Refused as refusing:
                payload["refused"].append(
                    [ready.relay.readback.fn, ready.relay.readback.address, 1, refusing.code]
                )
        if ready.limit is not None:
            limit = ready.limit
            try:
                payload["limit"] = await talk.read_limit(limit)
            except Refused as refusing:
                payload["refused"].append([limit.read_fn, limit.read_address, limit.count, refusing.code])
        return json.dumps(payload).encode()

    async def _take(self, talk: _Talk, run: Run, blocks: list[list[Any]], refused: list[list[int]]) -> None:
        """Read a run of words; value by value if the unit does not bear the holes between them."""
        fn, start, count = run
        try:
            blocks.append([fn, start, await talk.words(run)])
        except Refused as refusing:
            inside = [one for one in _points(talk.ready) if one[0] == fn and start <= one[1] < start + count]
            if refusing.code not in _NOT_IN_ONE or inside == [run]:
                refused.append([fn, start, count, refusing.code])
                return
            before = len(blocks)
            for one in inside:
                await self._take(talk, one, blocks, refused)
            if len(blocks) > before:
                self._holed.add((talk.ready.map.id, talk.ready.unit))


class _Talk:
    """A conversation with one unit of the bus."""

    def __init__(self, bus: Bus, ready: Setup) -> None:
        self._bus = bus
        self.ready = ready

    async def words(self, run: Run, *, unit: int | None = None) -> list[int]:
        return await self._bus.words(
            self.ready.unit if unit is None else unit,
            run,
            timeout_ms=self.ready.timeout_ms,
            retries=self.ready.retries,
        )

    async def read_back(self, relay: Relay, readback: Readback) -> int:
        return (await self.words((readback.fn, readback.address, 1), unit=relay.unit))[0]

    async def read_limit(self, limit: Limit) -> list[int]:
        return await self.words((limit.read_fn, limit.read_address, limit.count), unit=limit.unit)

    async def write_words(self, limit: Limit, write: dict[str, Any]) -> None:
        await self._bus.write(
            self.ready.unit if limit.unit is None else limit.unit,
            write["fn"],
            write["address"],
            *write["values"],
            timeout_ms=self.ready.timeout_ms,
        )

    async def write(self, relay: Relay, write: dict[str, int]) -> None:
        await self._bus.write(
            self.ready.unit if relay.unit is None else relay.unit,
            write["fn"],
            write["address"],
            write["value"],
            timeout_ms=self.ready.timeout_ms,
        )


async def _confirmed(
    talk: _Talk, order: Order, relay: Relay, readback: Readback, *, now_s: int
) -> list[Report]:
    """Read a relay back until it stands as ordered; what it says at last, with a failed step if otherwise."""
    wanted = readback.on if order.is_on else readback.off
    found = -1
    for attempt in range(_READBACKS):
        if attempt:
            await asyncio.sleep(_READBACK_EVERY_S)
        try:
            found = await talk.read_back(relay, readback)
        except Refused as refused:
            return [Step(order.command_id, "failed", f"the relay's state cannot be read: {refused}")]
        if found == wanted:
            return [SwitchState(order.is_on, command_id=order.command_id, taken_s=now_s)]
    if found not in {readback.on, readback.off}:
        reason = f"the relay reads {found}, which is neither on ({readback.on}) nor off ({readback.off})"
        return [Step(order.command_id, "failed", reason, may_retry=True)]
    stands = "on" if found == readback.on else "off"
    return [
        Step(
            order.command_id, "failed", f"the relay took the command and still reads {stands}", may_retry=True
        ),
        SwitchState(found == readback.on, taken_s=now_s),
    ]


async def _probe(talk: _Talk, ready: Setup) -> list[str]:
    problems = []
    probe = ready.map.probe
    try:
        if probe is not None:
            words = await talk.words((probe.fn, probe.address, WORDS[probe.type]))
            problem = probe_problem(ready.map, probe, words)
            problems += [] if problem is None else [problem]
        elif ready.map.points:
            await talk.words(_points(ready)[0])
    except Refused as refused:
        problems.append(f"unit {ready.unit} answers {str(refused)!r}: wrong map or wrong unit?")
    relay = ready.relay
    if relay is not None and relay.readback is not None:
        try:
            found = await talk.read_back(relay, relay.readback)
            if found not in {relay.readback.on, relay.readback.off}:
                problems.append(
                    f"the relay reads {found}: the map knows {relay.readback.on} and {relay.readback.off}"
                )
        except Refused as refused:
            problems.append(f"the relay's state cannot be read: {refused}")
    return problems


def _ready(device: Device) -> Setup:
    try:
        return setup(device.settings)
    except BadSettings as bad:
        raise Unreachable(f"its settings cannot work: {bad}") from bad


def _blocks(ready: Setup) -> list[Run]:
    return [(block.fn, block.start, block.count) for block in ready.map.blocks]


def _points(ready: Setup) -> list[Run]:
    return [(point.fn, point.address, point.count) for point in ready.map.points]


def _gapless(ready: Setup) -> list[Run]:
    """Return the runs of words that the map names without a hole."""
    runs: list[Run] = []
    for fn, address, count in sorted(_points(ready)):
        if runs:
            last_fn, start, length = runs[-1]
            joined = address + count - start
            if fn == last_fn and address == start + length and joined <= BLOCK_WORDS_MAX:
                runs[-1] = (fn, start, joined)
                continue
        runs.append((fn, address, count))
    return runs
