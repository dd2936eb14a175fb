"""Limits and prices of a DLMS meter of another library: written, and believed when they are read back."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from mita.drivers.wire import FlatPrices, HeldPrices, LimitOrder, LimitState, Order, Step
from mita.entrypoints.polling.line import PriceLine, RefusedByDevice, Unreachable
from tests.fakes.dlms_meter import CHARGE, DAY_CHARGE, LIMITER

from .test_dlms_line import _GMAC, _NOW, device, line, running

ORDER = Order(UUID(int=7), True, _NOW + 60, "E1", LimitOrder(2_000))
LIMITS = {"obis": LIMITER, "none_w": 13_800}
CHARGES = {"charge": CHARGE, "day_charge": DAY_CHARGE}


def limited(order: Order, limit_w: int | None) -> Order:
    return replace(order, limit=LimitOrder(limit_w))


async def test_a_limit_is_what_the_meter_says_is_active() -> None:
    with running("wrapper") as url:
        at, shared = device(url, **_GMAC, limiter=LIMITS), line()
        decoded = await shared.read(at, now_s=_NOW)
        assert LimitState(None, step_w=10) in decoded.reports
        # in tens of watts, rounded down
        reports = await shared.carry_out(limited(ORDER, 2_005), at, now_s=_NOW)
        assert reports == [
            Step(ORDER.command_id, "acknowledged"),
            LimitState(2_000, "E1", ORDER.command_id, _NOW, step_w=10),
        ]
        assert LimitState(2_000, step_w=10) in (await shared.read(at, now_s=_NOW)).reports
        # an emergency limit is active: what was written does not hold
        reports = await shared.carry_out(limited(ORDER, 5_000), at, now_s=_NOW)
        steps = [each for each in reports if isinstance(each, Step)]
        assert [(each.step, each.may_retry) for each in steps] == [("acknowledged", False), ("failed", True)]
        assert LimitState(1_000, "E1", None, _NOW, step_w=10) in reports
        reports = await shared.carry_out(limited(ORDER, None), at, now_s=_NOW)
        assert reports[-1] == LimitState(None, "E1", ORDER.command_id, _NOW, step_w=10)


async def test_what_cannot_be_limited_fails_with_the_reason() -> None:
    with running("wrapper") as url:
        shared = line()
        for settings, words in (
            ({}, "no limiter"),
            ({"limiter": {**LIMITS, "obis": "0.0.17.0.9.255"}}, "refuses"),
        ):
            (step,) = await shared.carry_out(ORDER, device(url, **_GMAC, **settings), now_s=_NOW)
            assert isinstance(step, Step)
            assert (step.step, words in step.reason, step.may_retry) == ("failed", True, False)
        # what it has besides is read all the same
        away = device(url, **_GMAC, limiter={**LIMITS, "obis": "0.0.17.0.9.255"})
        assert (await shared.read(away, now_s=_NOW)).readings


async def test_prices_are_written_activated_and_read_back() -> None:
    with running("wrapper") as url:
        at, shared = device(url, **_GMAC, **CHARGES), line()
        assert isinstance(shared, PriceLine)
        assert await shared.held_prices(at) == HeldPrices((1_990_000,), 500_000)
        prices = FlatPrices(2_875_000, 1_150_000)
        # not yet: the meter has them for a time that comes
        await shared.give_prices(at, prices=prices, from_s=4_000_000_000)
        assert await shared.held_prices(at) == HeldPrices((1_990_000,), 500_000)
        await shared.give_prices(at, prices=prices, from_s=_NOW)
        held = await shared.held_prices(at)
        assert held.are(prices)
        assert not held.are(FlatPrices(2_875_001, 1_150_000))


@pytest.mark.parametrize(
    ("settings", "prices", "words"),
    [
        ({}, FlatPrices(2_000_000, 0), "no Charge object for what a unit costs"),
        ({"charge": CHARGE}, FlatPrices(2_000_000, 1), "no Charge object for what a day costs"),
        ({"charge": DAY_CHARGE}, FlatPrices(2_000_000, 0), "no charge by consumption"),
        ({"charge": CHARGE, "day_charge": CHARGE}, FlatPrices(2_000_000, 1), "no charge by time"),
        (CHARGES, FlatPrices(3_276_800, 0), "cannot hold a price"),
    ],
)
async def test_prices_that_it_cannot_hold_are_refused(
    settings: dict[str, str], prices: FlatPrices, words: str
) -> None:
    with running("wrapper") as url:
        at, shared = device(url, **_GMAC, **settings), line()
        with pytest.raises(RefusedByDevice, match=words):
            await shared.give_prices(at, prices=prices, from_s=_NOW)
        if "charge" not in settings:
            with pytest.raises(Unreachable, match="no Charge object"):
                await shared.held_prices(at)
        else:
            assert (await shared.held_prices(device(url, **_GMAC, **CHARGES))).kwh_micro == (1_990_000,)
