"""Modbus meters as they are read and switched: every map, every kind of bus, and what goes wrong on them."""

from __future__ import annotations

import time
import uuid
from decimal import Decimal

import pytest
from pymodbus.constants import ExcCodes

from mita.drivers.fields import Field
from mita.drivers.modbus import maps
from mita.drivers.wire import Decoded, Device, Order, Shown, Step, SwitchState
from mita.entrypoints.polling.line import RefusedByDevice, Unreachable
from mita.entrypoints.polling.modbus import ModbusLine
from tests.fakes.modbus import Served, Unit, serve

NOW_S = 1_795_255_200
METERS = (("E-17", "electricity"),)
COIL = {"fn": 5, "address": 2, "on": 1, "off": 0, "readback": {"fn": 1, "address": 2, "on": 1, "off": 0}}
SDM120 = maps.named("eastron_sdm120")
SDM120_RAWS = {"import": 1234.567, "export": 0.25, "voltage": 230.1, "power": -512.5}


def device(served: Served, unit: int, model: str = "eastron_sdm120", **settings: object) -> Device:
    # one that answers may be slow on a busy machine; one that never does need not be waited for
    settings = {"timeout_ms": 150 if unit in served.silent else 3_000, "retries": 0, **settings}
    return Device(
        f"modbus:m{unit}", METERS, settings={"url": served.url, "unit": unit, "map": model, **settings}
    )


def registers(decoded: Decoded) -> dict[str, int]:
    assert decoded.rejections == []
    return {told.register: told.value_micro for told in decoded.readings}


def shown(decoded: Decoded) -> dict[str, object]:
    return {report.path: report.value for report in decoded.reports if isinstance(report, Shown)}


def order(*, is_on: bool) -> Order:
    return Order(uuid.UUID(int=7), is_on, NOW_S + 600)


def raw_of(point: maps.Point, place: int) -> float:
    """A number that differs from point to point, fits the type and, as a float32, keeps three decimals."""
    if point.type.startswith("float"):
        return 1000 + place + 0.125
    return 20_000 + 37 * place


def said_by(point: maps.Point, place: int) -> Decimal:
    if point.type.startswith("float"):
        return Decimal(8001 + 8 * place) / 8 / point.scale
    return Decimal(20_000 + 37 * place) / point.scale


async def test_every_map_reads_back_exactly_what_a_unit_of_it_holds() -> None:
    chosen = [maps.named(map_id) for map_id in maps.catalogue()]
    units = [
        Unit(number).tell(
            found, {point.name: raw_of(point, place) for place, point in enumerate(found.points)}
        )
        for number, found in enumerate(chosen, start=1)
    ]
    line = ModbusLine()
    micro_per_unit = {"kWh": 10**6, "Wh": 10**3}
    async with serve(units) as served:
        for number, found in enumerate(chosen, start=1):
            decoded = await line.read(device(served, number, found.id, timeout_ms=2_000), now_s=NOW_S)
            wanted = {}
            looks = {}
            for place, point in enumerate(found.points):
                value = said_by(point, place)
                if point.register is None:
                    looks[point.name] = value
                else:
                    resolution = found.resolution or Decimal("0.000001")
                    value = value.quantize(resolution, rounding="ROUND_HALF_UP")
                    wanted[point.register] = int(value * micro_per_unit[str(point.unit)])
            assert registers(decoded) == wanted, found.id
            assert shown(decoded) == looks, found.id
            assert "import" in wanted, found.id
            assert all(told.unit == "kWh" and not told.is_timed for told in decoded.readings)
        assert len(chosen) >= 36
    await line.close()


@pytest.mark.parametrize("kind", ["rtu", "rtu+tcp"])
async def test_serial_buses_read_and_switch_like_tcp(kind: str) -> None:
    abb = maps.named("abb_b2x")
    em24 = maps.named("carlo_gavazzi_em24")
    units = [
        Unit(1, coils={2: True}).tell(SDM120, SDM120_RAWS),
        Unit(2).tell(abb, {"import": 123_456, "export": 2**64 - 1, "voltage_l1": 2311}),
        Unit(3).tell(em24, {"import": 70_001, "export": 5}),
    ]
    line = ModbusLine()
    async with serve(units, kind=kind) as served:
        sdm = device(served, 1, relay=COIL)
        assert registers(await line.read(sdm, now_s=NOW_S)) == {"import": 1_234_567_000, "export": 250_000}
        # export is all ones: this meter has none
        assert registers(await line.read(device(served, 2, "abb_b2x"), now_s=NOW_S)) == {
            "import": 1_234_560_000
        }
        assert registers(await line.read(device(served, 3, "carlo_gavazzi_em24"), now_s=NOW_S)) == {
            "import": 7_000_100_000,
            "export": 500_000,
        }
        assert await line.carry_out(order(is_on=False), sdm, now_s=NOW_S) == [
            Step(uuid.UUID(int=7), "acknowledged"),
            SwitchState(is_on=False, command_id=uuid.UUID(int=7), taken_s=NOW_S),
        ]
        assert SwitchState(is_on=False, taken_s=NOW_S) in (await line.read(sdm, now_s=NOW_S)).reports
        assert await line.probe(sdm) == []
        served.silent = {2}
        with pytest.raises(Unreachable, match=r"unit 2 on .* does not answer"):
            await line.read(device(served, 2, "abb_b2x"), now_s=NOW_S)
        assert len((await line.read(sdm, now_s=NOW_S)).readings) == 2
        await line.close()


async def test_what_goes_wrong_on_a_bus_ends_in_time_and_harms_nobody_else() -> None:
    units = [Unit(number).tell(SDM120, SDM120_RAWS) for number in (1, 2)]
    units.append(Unit(3).tell(SDM120, SDM120_RAWS, fills_holes=False))
    units.append(Unit(4, refuses={4: ExcCodes.ILLEGAL_FUNCTION}).tell(SDM120, SDM120_RAWS))
    line = ModbusLine()
    async with serve(units) as served:
        good = device(served, 1)
        served.silent = {2}
        started = time.monotonic()
        with pytest.raises(Unreachable, match="does not answer"):
            await line.read(device(served, 2, retries=1), now_s=NOW_S)
        assert 0.3 <= time.monotonic() - started < 10
        assert registers(await line.read(good, now_s=NOW_S))["import"] == 1_234_567_000
        # holes between the values are refused: each is asked for by itself, from then on at once
        assert registers(await line.read(device(served, 3), now_s=NOW_S))["import"] == 1_234_567_000
        asked = units[2].asked
        holed = await line.read(device(served, 3), now_s=NOW_S)
        assert (
            units[2].asked - asked == 4
        )  # import, export, voltage, power; what is not there is not asked of it
        assert [rejection.code for rejection in holed.rejections] == []
        with pytest.raises(Unreachable, match="every question with 'illegal function'"):
            await line.read(device(served, 4), now_s=NOW_S)
        served.spoil = lambda packet: packet[:5]
        with pytest.raises(Unreachable):
            await line.read(good, now_s=NOW_S)
        # a whole answer, but with two words where thirty-two were asked for
        served.spoil = lambda packet: packet[:5] + b"\x07" + packet[6:8] + b"\x04\x44\x9a\x52\x25"
        with pytest.raises(Unreachable, match="too few or too many words"):
            await line.read(good, now_s=NOW_S)
        served.spoil = lambda _: b"\x00\xffgarbage\x00" * 20
        with pytest.raises(Unreachable):
            await line.read(good, now_s=NOW_S)

        def cut(packet: bytes) -> bytes:
            served.cut()
            return packet[:4]

        served.spoil = cut
        with pytest.raises(Unreachable):
            await line.read(good, now_s=NOW_S)
        served.spoil = None
        assert registers(await line.read(good, now_s=NOW_S))["import"] == 1_234_567_000
    await line.close()
    with pytest.raises(Unreachable, match="takes no connection"):
        await line.read(good, now_s=NOW_S)


async def test_a_relay_is_what_it_reads_back_not_what_it_was_told() -> None:
    word = {
        "fn": 6,
        "address": 10,
        "on": 0x55,
        "off": 0xAA,
        "readback": {"fn": 4, "address": 300, "on": 3, "off": 4},
        "unit": 9,
    }
    units = [
        Unit(1, coils={2: True}, is_stuck=True).tell(SDM120, SDM120_RAWS),
        Unit(2, coils={2: False}, refuses={5: ExcCodes.DEVICE_BUSY}).tell(SDM120, SDM120_RAWS),
        Unit(3).tell(SDM120, SDM120_RAWS),
        Unit(9, words={(3, 10): 0x55, (4, 300): 3}),
    ]
    command = uuid.UUID(int=7)
    line = ModbusLine()
    async with serve(units) as served:
        stuck = await line.carry_out(order(is_on=False), device(served, 1, relay=COIL), now_s=NOW_S)
        assert stuck == [
            Step(command, "acknowledged"),
            Step(command, "failed", "the relay took the command and still reads on", may_retry=True),
            SwitchState(is_on=True, taken_s=NOW_S),
        ]
        assert units[0].written == [(5, 2, [False])]
        busy = await line.carry_out(order(is_on=True), device(served, 2, relay=COIL), now_s=NOW_S)
        assert busy == [Step(command, "failed", "the relay refused: device busy", may_retry=True)]
        # a contactor beside the meter, with a unit of its own, written and read at different places
        beside = device(served, 3, relay=word)
        assert (await line.carry_out(order(is_on=True), beside, now_s=NOW_S))[-1] == SwitchState(
            is_on=True, command_id=command, taken_s=NOW_S
        )
        assert units[3].written == [(6, 10, [0x55])]
        await served.server.async_setValues(9, 4, 300, [77])
        unclear = await line.carry_out(order(is_on=False), beside, now_s=NOW_S)
        assert unclear[-1] == Step(
            command, "failed", "the relay reads 77, which is neither on (3) nor off (4)", may_retry=True
        )
        assert await line.probe(beside) == ["the relay reads 77: the map knows 3 and 4"]
        none = await line.carry_out(order(is_on=False), device(served, 3), now_s=NOW_S)
        assert none == [Step(command, "failed", "the device has no relay")]
        served.silent = {1}
        with pytest.raises(Unreachable):
            await line.carry_out(order(is_on=False), device(served, 1, relay=COIL), now_s=NOW_S)
    await line.close()


async def test_a_probe_says_in_plain_words_what_is_wrong() -> None:
    swapped = maps.named("eastron_sdm120")
    low_first = Unit(3).tell(swapped, {})
    low_first.words[4, 0], low_first.words[4, 1] = 0x199A, 0x4366  # 230.1 as a float32, low word first
    units = [Unit(1).tell(SDM120, SDM120_RAWS), Unit(2).tell(SDM120, {"voltage": 0.0}), low_first]
    units.append(Unit(4, words={(3, 0): 1}))
    line = ModbusLine()
    async with serve(units) as served:
        assert await line.probe(device(served, 1)) == []
        assert await line.probe(device(served, 2)) == [
            "it answers, but voltage is 0 V, which is not from 80 to 300 V: wrong map or wrong unit?"
        ]
        (hint,) = await line.probe(device(served, 3))
        assert hint.endswith('With "word_order": "little" it would be 230.1 V.')
        assert await line.probe(device(served, 3, word_order="little")) == []
        assert await line.probe(device(served, 4)) == [
            "unit 4 answers 'illegal data address': wrong map or wrong unit?"
        ]
        served.silent = {1}
        (silent,) = await line.probe(device(served, 1))
        assert "does not answer" in silent
        assert (await line.probe(device(served, 1, "nonsense")))[0].startswith("its settings cannot work")
        with pytest.raises(RefusedByDevice):
            await line.set_clock(device(served, 1), now_s=NOW_S)
        assert ModbusLine.key(device(served, 1)) == served.url
    await line.close()


async def test_the_ratio_of_current_transformers_and_fields_decide_what_is_billed() -> None:
    units = [Unit(1).tell(SDM120, SDM120_RAWS)]
    line = ModbusLine()
    async with serve(units) as served:
        behind = device(served, 1, ct_ratio="40")
        decoded = await line.read(behind, now_s=NOW_S)
        assert registers(decoded) == {"import": 49_382_680_000, "export": 10_000_000}
        assert shown(decoded)["power"] == Decimal(-20500)
        assert shown(decoded)["voltage"] == Decimal("230.1")
        only = Device(
            "modbus:m1", METERS, fields=[Field("total", "import", "kWh", places=3)], settings=behind.settings
        )
        decoded = await line.read(only, now_s=NOW_S)
        assert registers(decoded) == {"import": 0}
        assert shown(decoded)["import"] == Decimal("49382.68")
    await line.close()
