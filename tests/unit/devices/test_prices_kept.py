"""Prices meant for a meter, and those that it charges, as they are stored."""

from __future__ import annotations

import json

from mita.devices.domain import Intended, charges_differ, prices_shown
from mita.drivers.wire import FlatPrices, HeldPrices

MEANT = Intended(FlatPrices(2_747_200, 10_500_000), 1_772_316_000, "ZAR", rate_table_ids=(4, 7))


def test_what_is_stored_comes_back():
    stored = json.loads(json.dumps(MEANT.stored()))
    assert (stored["unit_price"], stored["day_price"]) == ("2.747200", "10.500000")
    assert Intended.of(stored) == MEANT


def test_a_meter_charges_what_is_meant_or_something_else():
    stored = MEANT.stored()
    same = HeldPrices((2_747_200, 2_747_200), day_micro=10_500_000)
    assert prices_shown(same) == {"unit_prices": ["2.747200"], "day_price": "10.500000", "has_blocks": False}
    assert not charges_differ(prices_shown(same), intended=stored)
    for other in (
        HeldPrices((2_747_200, 2_747_201), day_micro=10_500_000),
        HeldPrices((2_747_200,), day_micro=0),
        HeldPrices((2_747_200,), day_micro=10_500_000, has_blocks=True),
    ):
        assert charges_differ(prices_shown(other), intended=stored)
