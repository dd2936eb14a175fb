"""The prices that an Emlite meter counts by from a time on, as objects to write. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mita.drivers.emop import objects, values
from mita.drivers.wire import HeldPrices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mita.drivers.wire import FlatPrices


# without a rate to which blocks apply the first block is what counts, at whichever rate the hour has
_RATES = range(1, values.RATES_MAX + 1)
ACTIVE = (
    *(objects.price(block=1, rate=rate) for rate in _RATES),
    objects.STANDING_CHARGE,
    objects.THRESHOLD_MASK,
)


@dataclass(frozen=True, slots=True)
class MeterPrices:
    """What a meter charges from ``from_s`` (seconds UTC) on, in millionths of the currency.

    ``prices_micro`` is the price of a kWh by (block, rate), each 1 to 8; ``standing_charge_micro`` is of a
    day; ``threshold_rates`` are the rates to which blocks apply. None: it stays as it is.
    """

    from_s: int
    prices_micro: Mapping[tuple[int, int], int] = field(default_factory=dict)
    standing_charge_micro: int | None = None
    emergency_credit_micro: int | None = None
    threshold_rates: Sequence[int] | None = None


def to_write(prices: MeterPrices) -> list[tuple[int, bytes]]:
    """Return (object, payload) in the order in which they are written: the time comes last.

    A meter that was not written to the end thus goes on with what it has.

    :raises mita.drivers.emop.values.BadPayload: for a value that the meter cannot hold
    """
    for block, rate in prices.prices_micro:
        if not (1 <= block <= objects.BLOCKS_MAX and 1 <= rate <= values.RATES_MAX):
            raise values.BadPayload(f"there is no block {block} with a rate {rate}; each is 1 to 8")
    found = [
        (objects.price(block=block, rate=rate, is_future=True), values.price_payload(micro))
        for (block, rate), micro in sorted(prices.prices_micro.items())
    ]
    if prices.standing_charge_micro is not None:
        found.append((objects.FUTURE_STANDING_CHARGE, values.price_payload(prices.standing_charge_micro)))
    if prices.emergency_credit_micro is not None:
        found.append((objects.FUTURE_EMERGENCY_CREDIT, values.price_payload(prices.emergency_credit_micro)))
    if prices.threshold_rates is not None:
        found.append((objects.FUTURE_THRESHOLD_MASK, values.rates_payload(prices.threshold_rates)))
    return [*found, (objects.FUTURE_FROM, values.date_payload(prices.from_s))]


def flat(prices: FlatPrices, *, from_s: int) -> MeterPrices:
    """Return prices that are the same at each hour: at every rate of the first block, and no other blocks.

    Which rate an hour has is not known here; with the same price at each it does not matter.
    """
    by_rate = {(1, rate): prices.kwh_micro for rate in _RATES}
    return MeterPrices(from_s, by_rate, standing_charge_micro=prices.day_micro, threshold_rates=())


def held(payloads: Mapping[int, bytes]) -> HeldPrices:
    """Return what the meter charges now, from the payloads of :data:`ACTIVE`.

    :raises mita.drivers.emop.values.BadPayload: for a payload that is not what its object holds
    """
    return HeldPrices(
        tuple(values.price_micro(payloads[objects.price(block=1, rate=rate)]) for rate in _RATES),
        values.price_micro(payloads[objects.STANDING_CHARGE]),
        has_blocks=bool(values.rates_set(payloads[objects.THRESHOLD_MASK])),
    )
