"""The M-Bus line against meters that answer from recorded frames."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from mita.drivers.wire import Device, Order, Shown, Step
from mita.entrypoints.polling.line import RefusedByDevice, Unreachable
from mita.entrypoints.polling.mbus import MbusLine
from tests.fakes.mbus import Bus, SerialBus, Slave, TcpGateway

if TYPE_CHECKING:
    from pathlib import Path

_NOW = 1_700_000_000


def frame(fixtures_path: Path, name: str) -> bytes:
    text = (fixtures_path / "metering" / "mbus_frames" / f"{name}.hex").read_text()
    return bytes.fromhex("".join(text.split()))


def long_frame(records: str, *, number: str) -> bytes:
    """Return a telegram of a water meter with a number of 8 digits."""
    head = bytes([8, 0, 0x72]) + bytes.fromhex(number)[::-1] + bytes.fromhex("93153307")
    body = head + bytes([1, 0, 0, 0]) + bytes.fromhex(records)
    return bytes([0x68, len(body), len(body), 0x68]) + body + bytes([sum(body) & 0xFF, 0x16])


def line() -> MbusLine:
    return MbusLine(answer_s=0.08, gap_s=0.03, tries=3, limit_s=5)


def device(url: str, **settings: object) -> Device:
    return Device("mbus:1", [("W1", "water"), ("H1", "hot_water")], settings={"url": url, **settings})


async def test_meters_on_one_bus_by_either_address(fixtures_path: Path) -> None:
    warm = frame(fixtures_path, "siemens_water")
    cold = frame(fixtures_path, "els_falcon")
    bus = Bus([Slave(1, [warm]), Slave(2, [cold])])
    async with TcpGateway(bus) as gateway:
        url = f"tcp://127.0.0.1:{gateway.port}"
        shared = line()
        first, second = await asyncio.gather(
            shared.read(device(url, address=1), now_s=_NOW), shared.read(device(url, address=2), now_s=_NOW)
        )
        assert [(each.meter, each.value_micro) for each in first.readings] == [("H1", 101_000)]
        assert [(each.meter, each.value_micro) for each in second.readings] == [("W1", 1_234_567_000)]
        # by the number alone, by the whole secondary address, and not by another's
        found = await shared.read(device(url, secondary="08021382"), now_s=_NOW)
        assert [each.value_micro for each in found.readings] == [101_000]
        whole = warm[7:11][::-1].hex() + warm[11:15].hex()
        found = await shared.read(device(url, secondary=whole), now_s=_NOW)
        assert [each.value_micro for each in found.readings] == [101_000]
        with pytest.raises(Unreachable, match="no meter on the bus has the secondary address 99999999"):
            await shared.read(device(url, secondary="99999999"), now_s=_NOW)
        assert await shared.probe(device(url, address=1)) == []
        electric = Device("mbus:1", [("E1", "electricity")], settings={"url": url, "address": 1})
        (hint,) = await shared.probe(electric)
        assert "nothing of it is a register here; it tells volume, on_time, " in hint
        order = Order(UUID(int=1), is_on=False, expires_s=_NOW + 9)
        (step,) = await shared.carry_out(order, device(url, address=1), now_s=_NOW)
        assert isinstance(step, Step)
        assert step.step == "failed"
        with pytest.raises(RefusedByDevice):
            await shared.set_clock(device(url, address=1), now_s=_NOW)
        assert shared.key(device(url)) == url


async def test_telegrams_that_follow_and_faults_on_the_way() -> None:
    telegrams = [
        long_frame("0413E8030000 1F", number="00000001"),
        long_frame("841013D0070000 1F", number="00000001"),
        long_frame("842013D1070000", number="00000001"),
    ]
    bus = Bus([Slave(5, telegrams)])
    async with TcpGateway(bus) as gateway:
        at = device(f"tcp://127.0.0.1:{gateway.port}", address=5)
        bus.faults = ["checksum", "silence", "", "cut", "", "noise"]
        decoded = await line().read(at, now_s=_NOW)
        assert [each.value_micro for each in decoded.readings] == [1_000_000]
        shown = {each.path for each in decoded.reports if isinstance(each, Shown)}
        assert shown == {"volume", "volume_tariff_1", "volume_tariff_2"}
        # a lost answer is asked for with the same toggle, the next telegram with the other
        toggles = [raw[1] for raw in bus.heard if raw[1] != 0x40]
        assert toggles == [0x7B, 0x7B, 0x7B, 0x5B, 0x5B, 0x7B, 0x7B]
        for fault, words in (
            ("silence", "no answer from address 5"),
            ("checksum", "broken: noise, or two meters"),
            ("cut", "broken"),
        ):
            bus.faults = [fault] * 3
            with pytest.raises(Unreachable, match=words):
                await line().read(at, now_s=_NOW)
        assert [len(each.readings) for each in [await line().read(at, now_s=_NOW)]] == [1]


async def test_two_meters_with_one_address_are_not_mistaken_for_one() -> None:
    one, two = (long_frame(f"0413{n:02d}000000", number=f"0000000{n}") for n in (1, 2))
    async with TcpGateway(Bus([Slave(1, [one]), Slave(1, [two])])) as gateway:
        at = device(f"tcp://127.0.0.1:{gateway.port}", address=1)
        with pytest.raises(Unreachable, match="two meters answer at once"):
            await line().read(at, now_s=_NOW)
    # a meter that answers with an address that is not its own
    async with TcpGateway(Bus([Slave(1, [one], shows=9)])) as gateway:
        at = device(f"tcp://127.0.0.1:{gateway.port}", address=1)
        assert await line().probe(at) == ["address 9 answers for address 1"]


async def test_over_a_serial_port_and_within_its_time() -> None:
    bus = Bus([Slave(1, [long_frame("0413E8030000", number="00000001")])])
    async with SerialBus(bus) as port:
        at = device(f"serial://{port.path}?baud=2400&parity=N", address=1)
        decoded = await line().read(at, now_s=_NOW)
        assert [each.value_micro for each in decoded.readings] == [1_000_000]
        bus.faults = ["silence"] * 9
        hurried = MbusLine(answer_s=1, limit_s=0.2)
        with pytest.raises(Unreachable, match=r"longer than 0\.2 seconds"):
            await hurried.read(at, now_s=_NOW)
        bus.faults = []
        # nothing is left open that would make the next one fail
        assert len((await line().read(at, now_s=_NOW)).readings) == 1
    assert "cannot be opened" in (await line().probe(device("serial:///dev/no-such-port", address=1)))[0]
    assert "not answered" in (await line().probe(device("tcp://127.0.0.1:1", address=1)))[0]
