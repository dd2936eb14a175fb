"""Generated rates, each written twice: as a rate table document for Mita and as matrices for PySAM."""

from __future__ import annotations

import calendar
import random
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .pysam import DOLLARS, OPEN, ROLLOVER

KINDS = ("block", "tou", "tiered_tou", "flat_demand", "tou_demand", "minimum", "net_billing")
# kilowatt-hours taken off each other, letter by letter; surplus is carried through the year, or paid
NETTED = ("net_rollover", "net_rollover_blocks", "net_dollars")
LETTERS = "ABC"
MONTHS = range(1, 13)


@dataclass(frozen=True)
class Case:
    """One rate: ``document`` for Mita; ``rate`` for PySAM."""

    kind: str
    document: dict[str, Any]
    rate: dict[str, Any]


def cases(count: int, *, seed: int, minutes: int, kinds: tuple[str, ...] = KINDS) -> list[Case]:
    """Return ``count`` cases, each kind in turn; power is measured over ``minutes``, the step of the load."""
    rng = random.Random(seed)
    return [_case(kinds[index % len(kinds)], rng, minutes) for index in range(count)]


def _case(kind: str, rng: random.Random, minutes: int) -> Case:
    seasons = _seasons(rng)
    if kind in ("block", "net_rollover_blocks"):
        clocks = {season: {"weekday": "A" * 24, "weekend": "A" * 24} for season in seasons}
    elif kind == "net_rollover":
        clocks = dict.fromkeys(seasons, _found_again(rng))
    else:
        clocks = {season: {"weekday": _face(rng), "weekend": _face(rng)} for season in seasons}
    is_flat = kind in ("tou", "tou_demand", "net_billing", "net_rollover", "net_dollars")
    tiers = 1 if is_flat else rng.randint(2, 4)
    limits = {season: sorted(rng.sample(range(20, 1500), tiers - 1)) for season in seasons}
    prices = {
        (season, letter): [_price(rng, 90_000, 900_000) for _ in range(tiers)]
        for season in seasons
        for letter in LETTERS
    }
    if kind == "net_rollover":
        prices |= {("low", letter): prices["high", letter] for letter in LETTERS}
    document = _document(seasons, clocks, limits, prices)
    rate = _rate(seasons, clocks, limits, prices)
    if kind == "net_rollover":
        rate |= {day: [rate[day][seasons["high"][0] - 1]] * 12 for day in ("weekday", "weekend")}
    if kind not in NETTED and (rng.random() < 0.5 or kind == "minimum"):
        _add_fixed(document, rate, price=_price(rng, 1_000_000, 30_000_000))
    if kind == "flat_demand":
        _add_flat_demand(document, rate, seasons, rng, minutes)
    if kind == "tou_demand":
        _add_tou_demand(document, rate, seasons, rng, minutes)
    if kind == "minimum":
        _add_minimum(document, rate, price=_price(rng, 20_000_000, 400_000_000))
    if kind == "net_billing":
        _add_export(document, rate, seasons, rng)
    if kind in NETTED:
        _add_netting(document, rate, rng, kind=kind)
    return Case(kind, document, rate)


def _price(rng: random.Random, low: int, high: int) -> str:
    micro = rng.randint(low, high)
    return f"{micro // 1_000_000}.{micro % 1_000_000:06d}"


def _seasons(rng: random.Random) -> dict[str, list[int]]:
    first, last = rng.randint(2, 6), rng.randint(7, 11)
    high = list(range(first, last + 1))
    return {"high": high, "low": [month for month in MONTHS if month not in high]}


def _face(rng: random.Random) -> str:
    cuts = [0, *sorted(rng.sample(range(1, 24), 4)), 24]
    return "".join(rng.choice(LETTERS) * (until - since) for since, until in pairwise(cuts))


def _found_again(rng: random.Random) -> dict[str, str]:
    """Return hours of days whose every letter PySAM carries: it finds letters by four hours of the day."""
    first, second = rng.randint(1, 11), rng.randint(13, 18)
    face = "A" * first + "B" * (second - first) + "C" * (24 - second)
    return {"weekday": face, "weekend": face}


def _document(seasons: Any, clocks: Any, limits: Any, prices: Any) -> dict[str, Any]:
    high = seasons["high"]
    after = high[-1] % 12 + 1
    blocks = {
        season: {
            letter: [
                *(
                    {"up_to": str(limit), "price": price}
                    for limit, price in zip(limits[season], prices[season, letter][:-1], strict=True)
                ),
                {"price": prices[season, letter][-1]},
            ]
            for letter in sorted(set(clocks[season]["weekday"] + clocks[season]["weekend"]))
        }
        for season in seasons
    }
    return {
        "rate_table": 1,
        "name": "Generated",
        "utility": "electricity",
        "currency": "USD",
        "effective_from": "2018-01-01",
        "seasons": {
            "high": {"from": f"{high[0]:02d}-01", "to": _last(high[-1])},
            "low": {"from": f"{after:02d}-01", "to": _last((high[0] - 2) % 12 + 1)},
        },
        "clocks": {
            season: {
                "weekday": clock["weekday"],
                "saturday": clock["weekend"],
                "sunday": clock["weekend"],
            }
            for season, clock in clocks.items()
        },
        "charges": [{"name": "Energy", "kind": "usage", "blocks": blocks}],
    }


def _last(month: int) -> str:
    days = 29 if month == 2 else calendar.monthrange(2018, month)[1]
    return f"{month:02d}-{days:02d}"


def _number(season: str, letter: str) -> int:
    return (season == "low") * len(LETTERS) + LETTERS.index(letter) + 1


def _rate(seasons: Any, clocks: Any, limits: Any, prices: Any) -> dict[str, Any]:
    def schedule(day: str) -> list[list[int]]:
        season_of = {month: season for season, months in seasons.items() for month in months}
        return [
            [_number(season_of[month], letter) for letter in clocks[season_of[month]][day]]
            for month in MONTHS
        ]

    return {
        "weekday": schedule("weekday"),
        "weekend": schedule("weekend"),
        "energy": [
            [_number(season, letter), tier, limit, 0, float(price), 0.0]
            for season in seasons
            for letter in LETTERS
            for tier, (limit, price) in enumerate(
                zip([*map(float, limits[season]), OPEN], prices[season, letter], strict=True), start=1
            )
        ],
    }


def _add_fixed(document: dict[str, Any], rate: dict[str, Any], *, price: str) -> None:
    document["charges"].append({"name": "Standing", "kind": "fixed", "per": "month", "price": price})
    rate["fixed"] = float(price)


def _add_minimum(document: dict[str, Any], rate: dict[str, Any], *, price: str) -> None:
    document["charges"].append({"name": "Minimum", "kind": "minimum", "per": "month", "price": price})
    rate["minimum"] = float(price)


def _add_flat_demand(
    document: dict[str, Any], rate: dict[str, Any], seasons: Any, rng: random.Random, minutes: int
) -> None:
    prices = {season: _price(rng, 1_000_000, 20_000_000) for season in seasons}
    document["charges"].append(
        {
            "name": "Demand",
            "kind": "demand",
            "interval_minutes": minutes,
            "unit": "kW",
            "price": prices,
        }
    )
    rate["demand"] = {
        "by_month": [
            [month - 1, 1, OPEN, float(prices["high" if month in seasons["high"] else "low"])]
            for month in MONTHS
        ],
        "by_period": [[1, 1, OPEN, 0.0]],
        "weekday": [[1] * 24] * 12,
        "weekend": [[1] * 24] * 12,
    }


def _add_tou_demand(
    document: dict[str, Any], rate: dict[str, Any], seasons: Any, rng: random.Random, minutes: int
) -> None:
    rows = dict.fromkeys(range(1, 2 * len(LETTERS) + 1), 0.0)
    for season in seasons:
        used = document["clocks"][season]
        for letter in sorted(set(used["weekday"] + used["saturday"])):
            price = _price(rng, 1_000_000, 20_000_000)
            rows[_number(season, letter)] = float(price)
            document["charges"].append(
                {
                    "name": f"Demand {season} {letter}",
                    "kind": "demand",
                    "interval_minutes": minutes,
                    "unit": "kW",
                    "price": price,
                    "when": {season: [letter]},
                }
            )
    rate["demand"] = {
        "by_month": [[month - 1, 1, OPEN, 0.0] for month in MONTHS],
        "by_period": [[number, 1, OPEN, price] for number, price in rows.items()],
        "weekday": rate["weekday"],
        "weekend": rate["weekend"],
    }


def _add_export(document: dict[str, Any], rate: dict[str, Any], seasons: Any, rng: random.Random) -> None:
    letters = {season: document["charges"][0]["blocks"][season] for season in seasons}
    prices = {
        season: {letter: _price(rng, 10_000, 80_000) for letter in letters[season]} for season in seasons
    }
    document["charges"].append({"name": "Export", "kind": "usage", "register": "export", "price": prices})
    for season in seasons:
        for letter, price in prices[season].items():
            for row in rate["energy"]:
                if row[0] == _number(season, letter):
                    row[5] = float(price)


def _add_netting(document: dict[str, Any], rate: dict[str, Any], rng: random.Random, *, kind: str) -> None:
    # PySAM takes what one letter drew off what another has left at the end of the year: nothing is paid then
    price = "0.00" if kind == "net_rollover" else _price(rng, 10_000, 80_000)
    netting = {"name": "Netting", "kind": "netting", "surplus_price": price}
    if kind != "net_dollars":
        netting |= {"surplus": "carried", "carried_until": "12-31"}
        rate |= {"metering": ROLLOVER, "yearend": float(price)}
    else:
        rate["metering"] = DOLLARS
        for row in rate["energy"]:
            row[5] = float(price)
    document["charges"].append(netting)
