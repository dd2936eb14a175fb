from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mita.tariffs.domain import (
    BadIntervals,
    ChargeTooLarge,
    NeedsTallies,
    Runs,
    parse_document,
    rate,
    rate_totals,
)
from mita.tariffs.domain import totals_by_period as module

from .tables import (
    END,
    HOMELIGHT_BLOCKS,
    HOUR,
    INCLUSIVE,
    JOHANNESBURG,
    LONDON,
    LORD_HOWE,
    MICRO,
    START,
    TOU_BLOCKS,
    homeflex,
    ints,
    seconds,
    slots_of,
    table,
    usage,
)
from .test_rating_laws import any_document

AUTUMN = seconds("2025-09-01", JOHANNESBURG)


def rated_alone(slots, quantity, *, start_s, step_s):
    """(net, tax, unpriced) of each meter and step, through `rate`."""
    meters, steps = quantity.shape
    starts = start_s + step_s * np.arange(steps)
    rated = rate(
        slots,
        chain=np.repeat(np.arange(meters), steps),
        start_s=np.tile(starts, meters),
        end_s=np.tile(starts + step_s, meters),
        quantity_micro=quantity.reshape(-1).astype(np.int64),
        opening=Runs.zero(meters * steps),
        opening_at_s=np.tile(starts, meters),
    )
    shape = (meters, steps)
    return (
        rated.net_micro.reshape(shape),
        rated.tax_micro.reshape(shape),
        rated.unpriced.reshape(shape),
    )


def by_period(slots, values, *, start_s, step_s, periods):
    """Sums of steps that lie in one period each."""
    starts = start_s + step_s * np.arange(values.shape[1])
    period = slots.period[np.searchsorted(slots.starts, starts, side="right") - 1]
    return [[int(row[period == each].sum()) for each in periods] for row in values]


# ---- figures by hand


def test_a_month_of_homeflex():
    slots = slots_of(homeflex())
    # July 2025 has 23 weekdays, 4 Saturdays and 4 Sundays; one kWh in each hour, two on the second meter
    found = rate_totals(
        slots,
        quantity_micro=np.array([[MICRO] * 744, [2 * MICRO] * 744]),
        start_s=START,
        step_s=HOUR,
        by_row=True,
    )
    peak, standard = 23 * 5, 23 * 11 + 4 * 7 + 4 * 2
    off = 744 - peak - standard
    net = peak * 7_069_700 + standard * 2_163_100 + off * 1_592_600
    assert found.period.tolist() == [START]
    assert found.net_micro.tolist() == [[net], [2 * net]]
    assert found.tax_micro.tolist() == [[net * 15 // 100], [2 * net * 15 // 100]]
    used = {slots.letter[row]: at for at, row in enumerate(found.group_row)}
    assert found.quantity_micro[1, [used[each] for each in "PSO"]].tolist() == [
        2 * peak * MICRO,
        2 * standard * MICRO,
        2 * off * MICRO,
    ]
    assert found.group_period.tolist() == [0, 0, 0]
    assert found.unpriced_micro.tolist() == [0, 0]


def test_blocks_start_again_in_each_period():
    slots = slots_of(table(charges=[usage(blocks=HOMELIGHT_BLOCKS)]), end=AUTUMN)
    days = [[16 * MICRO] * 31 + [MICRO] * 31, [0] * 61 + [MICRO // 2]]
    found = rate_totals(slots, quantity_micro=np.array(days), start_s=START, step_s=86_400)
    # 496 kWh in July: 350 x 1.9028 + 146 x 2.1562; 31 kWh in August
    assert found.net_micro.tolist() == [[980_785_200, 58_986_800], [0, 951_400]]
    assert found.tax_micro.tolist() == [[147_117_780, 8_848_020], [0, 142_710]]


def test_what_has_no_price_costs_nothing_and_is_told():
    slots = slots_of(table(effective_from="2025-07-30"), end=AUTUMN)
    # a step of two days from the 29th lies half before the table: it has no price at all
    found = rate_totals(
        slots, quantity_micro=ints(5, 7, MICRO)[np.newaxis], start_s=END - 5 * 86_400, step_s=2 * 86_400
    )
    assert found.unpriced_micro.tolist() == [12]
    # 31 July and 1 August, half a kWh at 2.00 each
    assert found.net_micro.tolist() == [[1_000_000, 1_000_000]]
    nothing = rate_totals(
        slots_of(table(), register="export"),
        quantity_micro=ints(5, 7)[np.newaxis],
        start_s=START,
        step_s=HOUR,
        by_row=True,
    )
    assert nothing.unpriced_micro.tolist() == [12]
    assert nothing.net_micro.shape == nothing.quantity_micro.shape == (1, 0)


def test_no_meters_and_no_steps():
    slots = slots_of(homeflex())
    for shape in ((0, 5), (3, 0)):
        found = rate_totals(
            slots, quantity_micro=np.zeros(shape, dtype=np.int64), start_s=START, step_s=HOUR, by_row=True
        )
        assert found.net_micro.sum() == 0
        assert len(found.net_micro) == shape[0]


def test_what_cannot_be_summed_is_refused():
    slots = slots_of(homeflex())
    one = np.array([[MICRO]])
    for how in (
        {"quantity_micro": -one, "start_s": START, "step_s": HOUR},
        {"quantity_micro": (-one).astype(np.int32), "start_s": START, "step_s": HOUR},
        {"quantity_micro": one, "start_s": START, "step_s": 0},
        {"quantity_micro": one, "start_s": int(slots.starts[0]) - 1, "step_s": HOUR},
        {"quantity_micro": one, "start_s": int(slots.starts[-1]) - HOUR + 1, "step_s": HOUR},
    ):
        with pytest.raises(BadIntervals):
            rate_totals(slots, **how)
    volume = slots_of(table(charges=[usage(blocks=HOMELIGHT_BLOCKS, blocks_mode="volume")]))
    with pytest.raises(NeedsTallies):
        rate_totals(volume, quantity_micro=one, start_s=START, step_s=HOUR)


def test_large_numbers_are_exact_or_refused():
    slots = slots_of(homeflex(), end=AUTUMN)
    large = np.full((2, 48), 10**15 // 48)
    found = rate_totals(slots, quantity_micro=large, start_s=START, step_s=HOUR)
    net, tax, _ = rated_alone(slots, large, start_s=START, step_s=HOUR)
    assert found.net_micro[:, 0].tolist() == net.sum(axis=1).tolist()
    assert found.tax_micro[:, 0].tolist() == tax.sum(axis=1).tolist()
    with pytest.raises(ChargeTooLarge):
        rate_totals(slots, quantity_micro=np.full((1, 48), 2**61), start_s=START, step_s=HOUR)
    free = slots_of(table(charges=[usage(price="0.00")]))
    with pytest.raises(ChargeTooLarge):
        rate_totals(free, quantity_micro=np.full((1, 3), 2**61), start_s=START, step_s=HOUR)


def test_large_numbers_without_a_price_are_exact_or_refused():
    slots = slots_of(table(effective_from="2025-07-30", charges=[usage(price="0.00")]))
    large = np.full((1, 5), 10**18)
    large[0, 0] += 1
    found = rate_totals(slots, quantity_micro=large, start_s=END - 5 * 86_400, step_s=86_400)
    # three days before the table, two in it
    assert found.unpriced_micro.tolist() == [3 * 10**18 + 1]
    too_large = np.array([[4 * 10**18] * 3 + [0, 0]])
    with pytest.raises(ChargeTooLarge):
        rate_totals(slots, quantity_micro=too_large, start_s=END - 5 * 86_400, step_s=86_400)


# ---- the same as `rate`


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_the_sums_are_those_of_rate(data):
    zone = data.draw(st.sampled_from([JOHANNESBURG, LONDON, LORD_HOWE]))
    register = data.draw(st.sampled_from(["import", "export"]))
    documents = [
        data.draw(any_document("2025-01-01", register)),
        data.draw(any_document(data.draw(st.sampled_from(["2025-03-29", "2025-04-06"])), register)),
    ]
    step_s = data.draw(st.sampled_from([900, 1_800, HOUR, 5 * HOUR, 86_400]))
    steps = data.draw(st.integers(1, 12 * 86_400 // step_s))
    # on the hour in Johannesburg and London, never so on Lord Howe
    start_s = seconds(data.draw(st.sampled_from(["2025-03-26", "2025-03-29T21:00", "2024-12-30T22:00"])))
    slots = slots_of(
        *map(parse_document, documents),
        start=start_s,
        end=start_s + steps * step_s,
        zone=zone,
        register=register,
    )
    numbers = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    highest = data.draw(st.sampled_from([50_000, 5 * MICRO, 10**9, 10**13]))
    quantity = numbers.integers(0, highest, (data.draw(st.integers(1, 5)), steps))
    if highest < 2**31 and data.draw(st.booleans()):
        quantity = quantity.astype(np.int32)
    found = rate_totals(
        slots,
        quantity_micro=quantity,
        start_s=start_s,
        step_s=step_s,
        by_row=data.draw(st.booleans()),
    )
    net, tax, unpriced = rated_alone(slots, quantity, start_s=start_s, step_s=step_s)
    assert found.net_micro.sum(axis=1).tolist() == net.sum(axis=1).tolist()
    assert found.tax_micro.sum(axis=1).tolist() == tax.sum(axis=1).tolist()
    assert found.unpriced_micro.tolist() == (quantity * (unpriced != 0)).sum(axis=1).tolist()
    if found.quantity_micro is not None:
        priced = found.quantity_micro.sum(axis=1) + found.unpriced_micro
        assert priced.tolist() == quantity.sum(axis=1).tolist()
    starts = start_s + step_s * np.arange(steps + 1)
    inside = np.searchsorted(slots.starts, starts[:-1], side="right") == np.searchsorted(
        slots.starts, starts[1:], side="left"
    )
    if inside.all():
        place = {"start_s": start_s, "step_s": step_s, "periods": found.period}
        assert found.net_micro.tolist() == by_period(slots, net, **place)
        assert found.tax_micro.tolist() == by_period(slots, tax, **place)


@pytest.mark.parametrize(
    "priced",
    [
        homeflex(),
        homeflex(tax=INCLUSIVE, charges=[usage(blocks=TOU_BLOCKS)]),
        homeflex(utility="gas", conversion={"unit": "kWh", "factor": "11.186837"}),
    ],
    ids=["letters", "blocks by letter", "conversion"],
)
def test_blocks_of_meters_and_threads_change_nothing(priced, monkeypatch):
    slots = slots_of(priced, end=AUTUMN)
    quantity = np.random.default_rng(7).integers(0, MICRO, (23, 24 * 62))
    whole = rate_totals(slots, quantity_micro=quantity, start_s=START, step_s=HOUR, by_row=True)
    net, tax, _ = rated_alone(slots, quantity, start_s=START, step_s=HOUR)
    place = {"start_s": START, "step_s": HOUR, "periods": whole.period}
    assert whole.net_micro.tolist() == by_period(slots, net, **place)
    assert whole.tax_micro.tolist() == by_period(slots, tax, **place)
    monkeypatch.setattr(module, "_BLOCK_NUMBERS", 10_000)
    with ThreadPoolExecutor(2) as threads:
        for pool in (None, threads):
            again = rate_totals(
                slots, quantity_micro=np.asfortranarray(quantity), start_s=START, step_s=HOUR, pool=pool
            )
            assert again.net_micro.tolist() == whole.net_micro.tolist()
            assert again.tax_micro.tolist() == whole.tax_micro.tolist()


@pytest.mark.parametrize("highest", [MICRO, 2**31 - 1])
@pytest.mark.parametrize("offset", [0, HOUR // 2])
@pytest.mark.parametrize("letters", ["O" * 12 + "P" * 4 + "O" * 32, "O" * 13 + "P" * 3 + "O" * 32, None])
def test_narrow_numbers_cost_what_wide_ones_do(highest, offset, letters):
    """Two steps of 32 bits are added as one number where that is right, and only there."""
    clocks = letters and {"weekday": letters, "saturday": letters, "sunday": letters}
    charges = [usage(price={"O": "1.00", "P": "2.00"} if letters else "1.234567")]
    slots = slots_of(table(clocks=clocks, charges=charges), end=AUTUMN)
    wide = np.random.default_rng(11).integers(highest // 2, highest, (2, 48 * 40), endpoint=True)
    place = {"start_s": START + offset, "step_s": HOUR // 2}
    net, tax, _ = rated_alone(slots, wide, **place)
    for quantity in (wide, wide.astype(np.int32), wide.astype(np.int32)[:, ::-1][:, ::-1]):
        found = rate_totals(slots, quantity_micro=quantity, **place, by_row=True)
        assert found.net_micro.tolist() == by_period(slots, net, **place, periods=found.period)
        assert found.tax_micro.tolist() == by_period(slots, tax, **place, periods=found.period)
        assert found.quantity_micro.sum(axis=1).tolist() == wide.sum(axis=1).tolist()
