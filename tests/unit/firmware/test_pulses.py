"""Contacts that bounce, counters that come round, registers that are exact."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita_meter.clock import Clock
from mita_meter.pulses import BadConfig, Channel, Contact, decimal, micro, ticks_since

TICKS = 2**30


def contact(start: int = 0) -> Contact:
    return Contact(debounce_ms=20, is_closed=False, ticks=start)


def test_a_pulse_is_counted_once_it_has_lasted():
    one = contact()
    one.edge(True, 100)
    one.settle(119)
    assert one.count == 0
    one.settle(120)
    one.settle(500)
    assert one.count == 1
    one.edge(False, 600)
    # the next edge settles the one before
    one.edge(True, 700)
    one.edge(False, 725)
    assert one.count == 2


def test_a_spike_and_a_lost_edge_count_nothing():
    one = contact()
    for now in (100, 200, 300):
        one.edge(True, now)
        one.edge(False, now + 5)
    one.settle(400)
    assert one.count == 0
    # closed, open and closed again while an interrupt was lost: one pulse
    one.edge(True, 500)
    one.edge(True, 540)
    one.settle(600)
    assert one.count == 1


bounces = st.lists(st.integers(1, 19), max_size=4)


@given(
    st.lists(st.tuples(st.integers(20, 300), bounces, st.integers(20, 300), bounces), max_size=30),
    st.integers(0, TICKS - 1),
)
def test_bounces_neither_make_nor_take_pulses(pulses: list, start: int):
    """Also where the milliseconds come round in the middle."""
    one, now = contact(start), start + 1_000
    for closed_ms, on_closing, open_ms, on_opening in pulses:
        for lasting_ms, level, bounce in ((closed_ms, True, on_closing), (open_ms, False, on_opening)):
            for gap in bounce:
                one.edge(level, now % TICKS)
                one.edge(not level, (now + gap // 2) % TICKS)
                now += gap
            one.edge(level, now % TICKS)
            now += lasting_ms
    assert one.count == len(pulses)


def test_a_contact_comes_round_before_its_count_needs_memory():
    one = contact()
    one.count = 2**14 - 1
    one.edge(True, 100)
    one.settle(200)
    assert one.count == 0
    channel = Channel(0, {})
    channel.take(2**14 - 1, bits=14)
    assert channel.take(0, bits=14) == 1


@given(st.lists(st.integers(0, 2**14 - 1), max_size=40), st.integers(0, 2**30), st.integers(0, 2**40))
def test_a_counter_that_comes_round_loses_nothing(rises: list[int], start: int, count: int):
    channel, raw = Channel(0, {}, count=count), start
    assert channel.take(raw % 2**14, bits=14) == 0
    for rise in rises:
        raw += rise
        assert channel.take(raw % 2**14, bits=14) == rise
    assert channel.count == count + sum(rises)


def test_the_register():
    electricity = Channel(0, {"pulses": 1000, "register": "1234.567"})
    assert [decimal(electricity.value_micro(count)) for count in (0, 1, 433, 1_000_000_433)] == [
        "1234.567",
        "1234.568",
        "1235",
        "1001235",
    ]
    water = Channel(
        1, {"field": "m3", "pulses": 1, "per": "0.01", "register": "88.12", "register_pulses": 500}
    )
    assert [decimal(water.value_micro(count)) for count in (500, 512, 0)] == ["88.12", "88.24", "83.12"]
    # three pulses to a kWh: a third is cut down, never up, and the next whole one is exact
    odd = Channel(2, {"pulses": 3})
    assert [decimal(odd.value_micro(count)) for count in range(4)] == ["0", "0.333333", "0.666666", "1"]
    assert Channel(3, {"register_pulses": 9}).value_micro(3) == 0


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(0, 10**12), st.integers(0, 2**40))
def test_the_register_is_exact(pulses: int, per_micro: int, base: int, count: int):
    channel = Channel(0, {"pulses": pulses, "per": decimal(per_micro), "register": decimal(base)})
    exact = Fraction(per_micro, pulses) * count + base
    assert 0 <= exact - channel.value_micro(count) < 1


@given(st.integers(0, 10**15 - 1))
def test_decimals_there_and_back(value: int):
    text = decimal(value)
    assert Fraction(text) * 10**6 == value
    assert micro(text) == value


@pytest.mark.parametrize(
    "settings",
    [{"field": "w"}, {"pulses": 0}, {"pulses": -5}, {"pulses": "1000"}, {"per": "0"}, {"per": "1e3"},
     {"per": "-1"}, {"register": "1.2345678"}, {"register": ""}, {"register": ".5"}, {"register": "1.2.3"}],
)  # fmt: skip
def test_what_cannot_be_configured(settings: dict):
    with pytest.raises(BadConfig):
        Channel(0, settings)


def test_time_goes_on_when_the_ticks_come_round():
    now = TICKS - 500
    clock = Clock(ticks_ms=lambda: now % TICKS, wall_s=lambda: 1_735_689_599)
    for _ in range(3):
        now += TICKS // 2
        clock.turn()
    assert clock.uptime_ms == 3 * (TICKS // 2)
    assert ticks_since(5, TICKS - 5) == 10
    assert clock.now_s() is None, "a clock before 2025 was never set"
    assert Clock(ticks_ms=lambda: 0, wall_s=lambda: 1_735_689_600).now_s() == 1_735_689_600
