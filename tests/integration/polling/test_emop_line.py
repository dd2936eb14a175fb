"""The Emlite line against a meter on loopback that errs in every way that such meters do."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from unittest.mock import AsyncMock
from uuid import UUID

import pytest

from mita.drivers.emop import objects, prices, values
from mita.drivers.wire import Device, Health, Order, Step, SwitchState
from mita.entrypoints.demo.emlite import EmliteMeter, first_objects
from mita.entrypoints.polling.emop import EmopLine
from mita.entrypoints.polling.emop_talk import RefusedByMeter
from mita.entrypoints.polling.line import TokenRefused, TokenTaken, Unreachable

_NOW = 1_795_255_200
_ID = UUID("019aaaaa-0000-7000-8000-000000000001")
_TOKEN = "71466394621589161020"


def meter(*, balance_micro: int = 3_000_000, log: list[values.LogRecord] | None = None) -> EmliteMeter:
    held = first_objects(
        serial="EML1", import_wh=123_456, export_wh=7, balance_micro=balance_micro, clock_s=_NOW - 90
    )
    return EmliteMeter(held, tokens_micro={_TOKEN: 5_000_000}, log=log or [])


def device(port: int, **settings: object) -> Device:
    url = {"url": f"tcp://127.0.0.1:{port}"}
    return Device("emop:EML1", [("EML1", "electricity")], settings=url | settings)


def line(*, answer_s: float = 0.3, tries: int = 2) -> EmopLine:
    return EmopLine(pauses_s=(0.01,) * (tries - 1), rest_s=0, answer_s=answer_s, limit_s=10)


async def test_readings_come_in_spite_of_faults() -> None:
    async with meter() as emlite:
        emlite.faults = ["refuse", "noise", "bad_crc", "slow", "silence", "noise", "wrong_echo"]
        decoded = await line().read(device(emlite.port), now_s=_NOW)
        assert [(each.register, each.value_micro, each.taken_s) for each in decoded.readings] == [
            ("import", 123_456_000, _NOW),
            ("export", 7_000, _NOW),
        ]
        assert SwitchState(is_on=True) in decoded.reports
        health = next(each for each in decoded.reports if isinstance(each, Health))
        assert health.clock_s == _NOW - 90
        # an object that the meter does not have is left out
        found = await line().read(device(emlite.port, objects=["0b0700", "020800"]), now_s=_NOW)
        assert [each.register for each in found.readings] == ["export"]
        assert await line().probe(device(emlite.port)) == []
        emlite.held[objects.VOLTAGE] = b"\x00\x00"
        other = replace(device(emlite.port), meters=[("EML2", "electricity")])
        assert await line().probe(other) == [
            "it answers as EML1, and the device's meter is EML2",
            "it answers, but with 0.0 V",
        ]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("refuse", "the meter does not answer"),
        ("hang_up", "the meter does not answer"),
        ("silence", "the meter does not answer"),
        ("bad_crc", "checksum"),
        ("cut", "ends in the middle"),
        ("wrong_echo", "another question"),
        ("nak", "refuses"),
    ],
)
async def test_a_fault_that_stays_is_told(fault: str, words: str) -> None:
    async with meter() as emlite:
        emlite.faults = [fault] * 20
        with pytest.raises(Unreachable, match=words):
            await line(answer_s=0.1).read(device(emlite.port, objects=["010800"]), now_s=_NOW)
        # two tries, and a refusal is not asked again
        assert len(emlite.faults) == (19 if fault == "nak" else 18)
    # the port is closed now
    with pytest.raises(Unreachable, match="connection is refused"):
        await line().read(device(emlite.port), now_s=_NOW)
    assert "refused" in (await line().probe(device(emlite.port)))[0]


async def test_a_call_ends_in_its_time_and_calls_do_not_cross() -> None:
    async with meter() as emlite:
        emlite.faults = ["silence"] * 20
        short = EmopLine(pauses_s=(0.01,) * 50, rest_s=0, answer_s=0.05, limit_s=0.2)
        with pytest.raises(Unreachable, match=r"longer than 0\.2 seconds"):
            await short.read(device(emlite.port), now_s=_NOW)
        emlite.faults = []
        rested = EmopLine(pauses_s=(), rest_s=0.05, answer_s=1, limit_s=5)
        loop = asyncio.get_running_loop()
        began = loop.time()
        one = device(emlite.port, objects=["010800"])
        both = await asyncio.gather(rested.read(one, now_s=_NOW), rested.read(one, now_s=_NOW))
        assert [len(each.readings) for each in both] == [1, 1]
        assert loop.time() - began >= 0.05


async def test_cut_and_restored_by_a_token() -> None:
    off = Order(_ID, is_on=False, expires_s=_NOW + 60)
    on = replace(off, is_on=True)
    async with meter(balance_micro=-10) as emlite:
        at = device(emlite.port)
        reports = await line().carry_out(off, at, now_s=_NOW)
        assert reports == [
            Step(_ID, "acknowledged"),
            SwitchState(is_on=False, command_id=_ID, taken_s=_NOW),
        ]
        assert emlite.held[objects.PREPAY] == b"\x01"
        reports = await line().carry_out(on, at, now_s=_NOW)
        assert reports[0] == SwitchState(is_on=False, command_id=_ID, taken_s=_NOW)
        assert isinstance(reports[1], Step)
        assert "a token restores" in reports[1].reason
        # the meter took the token and its answer was lost: the balance tells
        emlite.faults = ["noise", "deaf"]
        noted: list[int] = []

        async def note(balance_micro: int) -> None:
            assert not [each for each in emlite.asked if each.object_id == objects.TOKEN]
            noted.append(balance_micro)

        taken = await line().give_token(at, token=_TOKEN, before_sending=note)
        assert (taken, noted) == (TokenTaken(-10, 4_999_990), [-10])
        sent = [each for each in emlite.asked if each.object_id == objects.TOKEN]
        assert len(sent) == 1
        assert await line().carry_out(on, at, now_s=_NOW) == [
            SwitchState(is_on=True, command_id=_ID, taken_s=_NOW)
        ]
        with pytest.raises(TokenRefused) as refused:
            await line().give_token(at, token=_TOKEN, before_sending=AsyncMock())
        assert refused.value.reason == "refused"
        # with credit left nothing is cut yet, and that is said
        *_, state, failed = await line().carry_out(off, at, now_s=_NOW)
        assert state == SwitchState(is_on=True, command_id=_ID, taken_s=_NOW)
        assert "5.00" in failed.reason
        emlite.use(energy_wh=50_000, price_micro=100_000)
        assert (await line().carry_out(off, at, now_s=_NOW))[-1] == SwitchState(
            is_on=False, command_id=_ID, taken_s=_NOW
        )
        by_mode = device(emlite.port, restore="credit_mode")
        assert (await line().carry_out(on, by_mode, now_s=_NOW))[-1] == SwitchState(
            is_on=True, command_id=_ID, taken_s=_NOW
        )
        assert emlite.held[objects.PREPAY] == b"\x00"
        late = replace(off, expires_s=_NOW)
        assert [each.step for each in await line().carry_out(late, at, now_s=_NOW)] == ["failed"]


async def test_prices_mode_and_clock_are_proved_by_reading_back() -> None:
    wanted = prices.MeterPrices(_NOW + 3_600, {(1, 1): 76_500, (1, 2): 50_000}, standing_charge_micro=450_000)
    async with meter() as emlite:
        at = device(emlite.port)
        emlite.faults = ["noise", "bad_crc"]
        await line().write_prices(at, wanted=wanted)
        assert values.price_micro(emlite.held[objects.price(block=1, rate=1, is_future=True)]) == 76_500
        assert values.price_micro(emlite.held[objects.FUTURE_STANDING_CHARGE]) == 450_000
        assert values.date_s(emlite.held[objects.FUTURE_FROM]) == _NOW + 3_600
        await line().write_prepay(at, is_prepay=True)
        assert emlite.held[objects.PREPAY] == b"\x01"
        assert await line().set_clock(at, now_s=_NOW) == 0
        assert values.clock_s(emlite.held[objects.CLOCK]) == _NOW
        emlite.faults = ["nak"]
        with pytest.raises(RefusedByMeter):
            await line().set_clock(at, now_s=_NOW)

        class Forgetful(dict[int, bytes]):
            def __setitem__(self, key: int, value: bytes) -> None:
                """Keep nothing."""

        emlite.held = Forgetful(emlite.held)
        with pytest.raises(RefusedByMeter, match="ffff0d was written 00 and reads 01"):
            await line().write_prepay(at, is_prepay=False)
        with pytest.raises(RefusedByMeter):
            await line().write_prices(at, wanted=replace(wanted, from_s=_NOW))
        with pytest.raises(values.BadPayload):
            await line().write_prices(at, wanted=replace(wanted, standing_charge_micro=1))


async def test_the_profile_log_is_read_to_its_end() -> None:
    first = _NOW - 12 * 1_800
    log = [values.LogRecord(first + 1_800 * n, 0x8000, 1_000 + n, n) for n in range(12)]
    async with meter(log=log) as emlite:
        at = device(emlite.port)
        decoded = await line().read_profile_log(at, since_s=first, until_s=_NOW, now_s=_NOW)
        emlite.faults = ["noise", "silence", "silence"]
        without = await line(answer_s=0.1).read(
            device(emlite.port, objects=["010800"], log_hours=2), now_s=_NOW
        )
        with_log = await line().read(device(emlite.port, objects=["010800"], log_hours=2), now_s=_NOW)
    imports = [each for each in decoded.readings if each.register == "import"]
    assert [each.value_micro for each in imports] == [(1_000 + n) * 1_000 for n in range(12)]
    assert [each.taken_s for each in imports] == [first + 1_800 * n for n in range(12)]
    assert all(each.is_timed for each in imports)
    # the half hours of the last two hours, in both registers, and what the meter says now
    assert [each.taken_s for each in with_log.readings] == [
        *(first + 1_800 * n for n in range(8, 12) for _ in range(2)),
        _NOW,
    ]
    # a log that does not come takes nothing away
    assert [each.taken_s for each in without.readings] == [_NOW]
    assert [each.code for each in without.rejections] == ["no_profile"]
