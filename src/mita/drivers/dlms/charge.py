"""Prices as a meter's Charge objects (class 113) hold them. Pure.

A unit charge is ``[[quantity_scale, price_scale], [class, logical name, attribute], [[index, price],
..]]``: the price, a whole number of 16 bits with its power of ten, of ten to the ``quantity_scale`` units
of what is counted. A kilowatt-hour is ten to the third watt-hours (DLMS UA 1000-1, Blue Book, Charge).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mita.drivers.dlms.data import BadData, array, octets, structure, whole

PRICE_MAX = 32_767
DAY_S = 86_400
# watt-hours of a kilowatt-hour, as a power of ten
KILO = 3
_INT8, _INT16, _UINT16 = 15, 16, 18
_MICRO_POWER = -6
_SCALE_MAX = 20
_INDEX_MAX = 40
_PARTS = 3


@dataclass(frozen=True, slots=True)
class UnitCharge:
    """A unit charge as a meter holds it; every price is a price by an index of the meter's own."""

    quantity_scale: int
    price_scale: int
    counted: tuple[int, bytes, int]
    prices: tuple[tuple[bytes, int], ...]

    def encoded(self) -> bytes:
        """Return it as an attribute carries it."""
        class_id, name, attribute = self.counted
        return structure(
            structure(whole(self.quantity_scale, tag=_INT8), whole(self.price_scale, tag=_INT8)),
            structure(whole(class_id, tag=_UINT16), octets(name), whole(attribute, tag=_INT8)),
            array(*(structure(octets(index), whole(price, tag=_INT16)) for index, price in self.prices)),
        )

    def micro(self, *, per_scale: int) -> tuple[int, ...]:
        """Return its prices in millionths, each once: of ten to the ``per_scale`` units of what is counted.

        :raises BadData: if one is finer than a millionth
        """
        power = self.price_scale - _MICRO_POWER + per_scale - self.quantity_scale
        found = []
        for _, price in self.prices:
            if power < 0 and price % 10**-power:
                raise BadData("holds a price that is finer than a millionth")
            found.append(price * 10**power if power >= 0 else price // 10**-power)
        return tuple(dict.fromkeys(found))

    def with_price(self, price_micro: int, *, per_scale: int) -> UnitCharge:
        """Return it with one price at every index, exact to the millionth.

        :raises BadData: if it has no index, or the price has more digits than it can hold
        """
        digits, power = shortest(price_micro)
        if digits > PRICE_MAX:
            raise BadData(f"cannot hold a price of more than {PRICE_MAX} steps")
        price_scale = power + _MICRO_POWER - per_scale + self.quantity_scale
        if not self.prices:
            raise BadData("has no index that a price could stand at")
        prices = tuple((index, digits) for index, _ in self.prices)
        return UnitCharge(self.quantity_scale, price_scale, self.counted, prices)


def shortest(price_micro: int) -> tuple[int, int]:
    """Return a price in millionths without the zeros at its end, and how many these were."""
    power = 0
    while price_micro and price_micro % 10 == 0:
        price_micro, power = price_micro // 10, power + 1
    return price_micro, power


def unit_charge(said: Any) -> UnitCharge:
    """Return what a meter said as a unit charge.

    :raises BadData: if it is none
    """
    try:
        (quantity_scale, price_scale), (class_id, name, attribute), table = said
        prices = tuple((bytes(index), price) for index, price in table)
        found = UnitCharge(quantity_scale, price_scale, (class_id, bytes(name), attribute), prices)
    except (TypeError, ValueError) as error:
        raise BadData("is no unit charge") from error
    numbers = (quantity_scale, price_scale, class_id, attribute, *(price for _, price in prices))
    if not all(type(each) is int for each in numbers) or any(len(index) > _INDEX_MAX for index, _ in prices):
        raise BadData("is no unit charge")
    if max(abs(quantity_scale), abs(price_scale)) > _SCALE_MAX or len(said) != _PARTS:
        raise BadData("has scales that no price has")
    return found
