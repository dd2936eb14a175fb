"""Tasks of devices: what is intended, what a device holds then, and how far a task got. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from mita.drivers.wire import FlatPrices
from mita.kit.money import format_micro, parse_micro

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mita.drivers.wire import HeldPrices

TaskKind = Literal["clock", "prices"]
TaskState = Literal["asked", "sent", "verified", "failed", "withdrawn"]
_DELAY_S, _DELAY_S_MAX, _DOUBLINGS_MAX = 60, 3_600, 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt.

    ``state`` None: it is to be tried again, from ``due_s`` on or after a delay that grows. ``active`` is what
    the device says that it holds, ``drift_s`` how far its clock is ahead.
    """

    state: Literal["sent", "verified", "failed"] | None
    failure: str = ""
    active: dict[str, Any] | None = None
    drift_s: int | None = None
    due_s: int | None = None


@dataclass(frozen=True, slots=True)
class Intended:
    """The prices that a meter is to charge from a time on, and the rate tables that they are made of."""

    prices: FlatPrices
    from_s: int
    currency: str
    rate_table_ids: Sequence[int]

    def stored(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "from": datetime.fromtimestamp(self.from_s, UTC).isoformat().replace("+00:00", "Z"),
            "unit_price": format_micro(self.prices.kwh_micro),
            "day_price": format_micro(self.prices.day_micro),
            "currency": self.currency,
            "rate_table_ids": list(self.rate_table_ids),
        }

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Intended:
        """Return what :meth:`stored` was made of."""
        prices = FlatPrices(parse_micro(stored["unit_price"]), parse_micro(stored["day_price"]))
        from_s = int(datetime.fromisoformat(stored["from"]).timestamp())
        return cls(prices, from_s, stored["currency"], tuple(stored["rate_table_ids"]))


def prices_shown(held: HeldPrices) -> dict[str, Any]:
    """Return what a meter charges as JSON."""
    return {
        "unit_prices": [format_micro(each) for each in sorted(set(held.kwh_micro))],
        "day_price": format_micro(held.day_micro),
        "has_blocks": held.has_blocks,
    }


def charges_differ(active: Mapping[str, Any], *, intended: Mapping[str, Any]) -> bool:
    """Tell whether what a meter charges (:func:`prices_shown`) is not what is intended, both as stored."""
    wanted = ([intended["unit_price"]], intended["day_price"], False)
    return (active["unit_prices"], active["day_price"], active["has_blocks"]) != wanted


def later_s(attempts: int) -> int:
    """Return how long a device that did not answer is left alone: a minute, two, .. an hour."""
    delay_s: int = _DELAY_S << min(max(attempts - 1, 0), _DOUBLINGS_MAX)
    return min(delay_s, _DELAY_S_MAX)
