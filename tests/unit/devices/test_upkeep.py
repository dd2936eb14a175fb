"""Clocks are set away from the edges of intervals; a meter is told prices that it can hold, and no others."""

from __future__ import annotations

from typing import Any

import pytest

from mita.devices.domain import (
    NotForMeters,
    for_driver,
    meter_prices,
    setting_time_s,
    upkeep,
    upkeep_problems,
)
from mita.devices.domain.tasks import later_s
from mita.drivers.emop import EmopDriver
from mita.drivers.wire import FlatPrices, HeldPrices
from mita.tariffs.domain import parse_document

# a full half hour
EDGE = 1_795_255_200


@pytest.mark.parametrize(
    ("now", "drift_s", "interval_s", "expected"),
    [
        (0, 500, 0, 0),  # counts by no interval
        (60, 0, 1_800, 60),
        (59, 0, 1_800, 60),
        (59, None, 1_800, 60),
        (1_739, 0, 1_800, 1_739),
        (1_740, 0, 1_800, 1_860),
        (1_639, 100, 1_800, 1_639),
        (1_640, 100, 1_800, 1_860),  # its own clock would be too near
        (159, -100, 1_800, 160),
        (800, -1_680, 1_800, None),
        (800, 1_679, 1_800, 1_860),
        (800, 86_400, 900, None),
    ],
)
def test_when_a_clock_may_be_set(
    now: int, drift_s: int | None, interval_s: int, expected: int | None
) -> None:
    found = setting_time_s(EDGE + now, drift_s=drift_s, interval_s=interval_s)
    assert found == (None if expected is None else EDGE + expected)


def table(*charges: dict[str, Any], **more: Any) -> Any:
    document = {
        "rate_table": 1,
        "name": "Flat",
        "utility": "electricity",
        "currency": "ZAR",
        "effective_from": "2026-01-01",
        "tax": {"name": "VAT", "percent": "15", "prices": "exclusive"},
        "charges": list(charges),
        **more,
    }
    return parse_document(document)


ENERGY = {"name": "Energy", "kind": "usage", "price": "2.00"}
LINE = {"name": "Line", "kind": "fixed", "per": "day", "price": "1.00"}


def test_prices_of_all_tables_add_up_with_the_tax_of_each() -> None:
    network = table(
        {"name": "Network", "kind": "usage", "price": "0.50"},
        name="Network",
        tax={"name": "VAT", "percent": "15", "prices": "inclusive"},
    )
    # 2.00 and 15 %, and 0.50 that contains it; 1.00 and 15 % a day
    assert meter_prices([table(ENERGY, LINE), network], registers=["import"]) == FlatPrices(
        2_800_000, 1_150_000
    )
    # what is paid for export is nothing to a meter without that register
    export = {"name": "Feed-in", "kind": "usage", "register": "export", "price": "0.10"}
    assert meter_prices([table(ENERGY, export)], registers=["import"]) == FlatPrices(2_300_000, 0)


@pytest.mark.parametrize(
    ("charges", "more", "words"),
    [
        ([{**ENERGY, "price": None, "blocks": [{"up_to": "5", "price": "1"}, {"price": "2"}]}], {}, "blocks"),
        ([{**ENERGY, "allowance": "5"}], {}, "no allowance"),
        ([ENERGY, {**LINE, "per": "month"}], {}, "of a month"),
        ([ENERGY, {"name": "Least", "kind": "minimum", "per": "month", "price": "5"}], {}, "minimum bill"),
        (
            [ENERGY, {"name": "Peak", "kind": "demand", "interval_minutes": 30, "unit": "kW", "price": "5"}],
            {},
            "price on power",
        ),
        ([ENERGY, {**ENERGY, "name": "Feed-in", "register": "export"}], {}, "register export"),
        ([{**ENERGY, "price": "0.000001"}], {}, "finer than a millionth"),
        ([LINE], {}, "No rate table in force"),
        ([ENERGY], {"utility": "water", "conversion": {"unit": "kl", "factor": "1"}}, "counts in kl"),
        (
            [{"name": "Energy", "kind": "usage", "price": {"P": "2", "O": "1"}}],
            {
                "clocks": {
                    "weekday": "O" * 12 + "P" * 12,
                    "saturday": "O" * 12 + "P" * 12,
                    "sunday": "O" * 12 + "P" * 12,
                }
            },
            "time of day",
        ),
    ],
)
def test_what_a_meter_cannot_be_told_is_refused_in_words(
    charges: list[dict[str, Any]], more: dict[str, Any], words: str
) -> None:
    kept = [{key: value for key, value in each.items() if value is not None} for each in charges]
    with pytest.raises(NotForMeters) as refused:
        meter_prices([table(*kept, **more)], registers=["import", "export"])
    assert words in " ".join(refused.value.reasons)


def test_an_emlite_meter_counts_in_hundred_thousandths() -> None:
    driver = EmopDriver()
    assert driver.price_problems(FlatPrices(2_300_010, 0)) == []
    assert "hundred-thousandth" in driver.price_problems(FlatPrices(2_300_001, 0))[0]
    assert driver.price_problems(FlatPrices(2**32 * 10, 0)) != []


def test_what_is_held_is_what_is_wanted_only_at_every_hour() -> None:
    wanted = FlatPrices(2_300_000, 0)
    assert HeldPrices((2_300_000,) * 8, 0).are(wanted)
    assert not HeldPrices((*(2_300_000,) * 7, 0), 0).are(wanted)
    assert not HeldPrices((2_300_000,) * 8, 10).are(wanted)
    assert not HeldPrices((2_300_000,) * 8, 0, has_blocks=True).are(wanted)


def test_settings_of_upkeep_are_ours_and_are_checked() -> None:
    settings = {"url": "tcp://10.0.0.7", "sync_clock": 60, "follow_rate_table": True}
    assert for_driver(settings) == {"url": "tcp://10.0.0.7"}
    assert upkeep(settings).sync_clock_s == 60
    assert upkeep(settings).follows_rate_table
    assert upkeep_problems(settings, sets_clock=True, takes_prices=True) == []
    assert len(upkeep_problems(settings, sets_clock=False, takes_prices=False)) == 2
    for wrong in ({"sync_clock": 29}, {"sync_clock": 3_601}, {"sync_clock": True}, {"follow_rate_table": 1}):
        assert len(upkeep_problems(wrong, sets_clock=True, takes_prices=True)) == 1


def test_a_silent_device_is_left_alone_for_longer_up_to_an_hour() -> None:
    assert [later_s(each) for each in (0, 1, 2, 3, 6, 7, 99)] == [60, 60, 120, 240, 1_920, 3_600, 3_600]
