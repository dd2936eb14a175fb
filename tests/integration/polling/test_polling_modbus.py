"""The polling service over real Modbus buses: readings arrive, orders are proved, silence harms nobody."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field

from mita.drivers.modbus import maps
from mita.drivers.wire import Decoded, Device, Order, Step, SwitchState
from mita.entrypoints.polling.ends import Kind, Polled, Waiting
from mita.entrypoints.polling.modbus import ModbusLine
from mita.entrypoints.polling.service import PollingService
from tests.fakes.modbus import Served, Unit, serve

SDM120 = maps.named("eastron_sdm120")
COIL = {"fn": 5, "address": 0, "on": 1, "off": 0, "readback": {"fn": 1, "address": 0, "on": 1, "off": 0}}


@dataclass
class House:
    polled: list[Polled] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    told: dict[str, Decoded] = field(default_factory=dict)
    proved: list[object] = field(default_factory=list)
    reached_: dict[str, str] = field(default_factory=dict)
    is_all_there: asyncio.Event = field(default_factory=asyncio.Event)

    async def devices(self) -> list[Polled]:
        return self.polled

    async def orders(self) -> list[Waiting]:
        return self.waiting

    async def is_due(self, waiting: Waiting) -> bool:
        return waiting in self.waiting

    async def settle(self, estate_id: int, device: Device, decoded: Decoded) -> None:
        assert estate_id == 3
        if decoded.readings:
            self.told[device.name] = decoded
        else:
            self.waiting = []
            self.proved += decoded.reports

    async def reached(self, estate_id: int, device: Device, *, ok: bool, reason: str) -> None:
        assert estate_id == 3
        self.reached_[device.name] = "" if ok else reason
        if len(self.reached_) == len(self.polled) and self.proved:
            self.is_all_there.set()


def device(served: Served, unit: int, bus: str) -> Device:
    # short for the one that is waited for in vain only: the machine may have other work
    timeout_ms = 300 if unit in served.silent else 3_000
    settings = {"url": served.url, "unit": unit, "map": "eastron_sdm120", "relay": COIL}
    return Device(
        f"modbus:{bus}{unit}",
        [(f"E-{bus}{unit}", "electricity")],
        settings={**settings, "timeout_ms": timeout_ms},
    )


async def test_two_buses_are_read_and_switched() -> None:
    units = {
        bus: [Unit(n, coils={0: True}).tell(SDM120, {"import": n + 0.5}) for n in (1, 2, 3)] for bus in "ab"
    }
    async with serve(units["a"]) as one, serve(units["b"], kind="rtu") as other:
        one.silent = {2}
        house = House()
        for served, bus in ((one, "a"), (other, "b")):
            house.polled += [Polled(3, "modbus", device(served, n, bus), 900) for n in (1, 2, 3)]
        off = Order(uuid.UUID(int=7), is_on=False, expires_s=2**40)
        house.waiting = [Waiting(3, "modbus", house.polled[5].device, off)]
        kinds = {"modbus": Kind(ModbusLine.key, ModbusLine)}
        service = PollingService(kinds=kinds, source=house, sink=house)
        running = asyncio.create_task(service.run())
        try:
            await asyncio.wait_for(house.is_all_there.wait(), 60)
        finally:
            service.stop()
            await asyncio.wait_for(running, 60)
        micro = {name: decoded.readings[0].value_micro for name, decoded in house.told.items()}
        assert micro == {
            "modbus:a1": 1_500_000,
            "modbus:a3": 3_500_000,
            "modbus:b1": 1_500_000,
            "modbus:b2": 2_500_000,
            "modbus:b3": 3_500_000,
        }
        assert "unit 2 on tcp://" in house.reached_.pop("modbus:a2")
        assert set(house.reached_.values()) == {""}
        step, state = house.proved
        assert step == Step(uuid.UUID(int=7), "acknowledged")
        assert isinstance(state, SwitchState)
        assert not state.is_on
        assert units["b"][2].written == [(5, 0, [False])]
