"""Rate tables for these tests, and a slow, independent way to price a consumption."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from mita.tariffs.domain import Runs, build_slots, parse_document, rate

JOHANNESBURG = ZoneInfo("Africa/Johannesburg")
LONDON = ZoneInfo("Europe/London")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
MICRO = 1_000_000

CLOCKS = {
    "high": {
        "weekday": "OOOOOOPPSSSSSSSSSPPPSSOO",
        "saturday": "OOOOOOOSSSSSOOOOOSSOOOOO",
        "sunday": "OOOOOOOOOOOOOOOOOSSOOOOO",
    },
    "low": {
        "weekday": "OOOOOOSPPSSSSSSSSSPPPSOO",
        "saturday": "OOOOOOOSSSSSOOOOOOSSOOOO",
        "sunday": "OOOOOOOOOOOOOOOOOSSOOOOO",
    },
}
SEASONS = {"high": {"from": "06-01", "to": "08-31"}, "low": {"from": "09-01", "to": "05-31"}}
HOMEFLEX_PRICE = {
    "high": {"P": "7.0697", "S": "2.1631", "O": "1.5926"},
    "low": {"P": "3.2928", "S": "2.0490", "O": "1.5926"},
}


def document(**changes):
    plain = {
        "rate_table": 1,
        "name": "Test",
        "utility": "electricity",
        "currency": "ZAR",
        "effective_from": "2024-01-01",
        "tax": {"name": "VAT", "percent": "15", "prices": "exclusive"},
        "charges": [usage(price="2.00")],
    }
    return {key: value for key, value in (plain | changes).items() if value is not None}


def usage(**changes):
    return {"name": "Energy", "kind": "usage"} | changes


def table(**changes):
    return parse_document(document(**changes))


def homeflex(**changes):
    return table(seasons=SEASONS, clocks=CLOCKS, **({"charges": [usage(price=HOMEFLEX_PRICE)]} | changes))


HOMELIGHT_BLOCKS = [{"up_to": "350", "price": "1.9028"}, {"price": "2.1562"}]


def seconds(text, zone=UTC, fold=0):
    return int(datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp())


def ints(*values):
    return np.array(values, dtype=np.int64)


def opening(quantity=0, cost=0, rest=0):
    return Runs(ints(quantity), ints(cost), ints(rest))


def half_up(value: Fraction) -> int:
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


class SlowMeter:
    """Prices one register by walking minute by minute over documents, with fractions: no code in common."""

    def __init__(self, documents, *, zone, register="import"):
        self.documents = sorted(documents, key=lambda each: each["effective_from"])
        self.zone = zone
        self.register = register
        self.period = None
        self.quantity = Fraction(0)
        self.cost = Fraction(0)

    def place(self, second):
        """(version, period's first date, season, letter) at a UTC second."""
        local = datetime.fromtimestamp(second, tz=self.zone)
        day = local.date()
        version = None
        for index, each in enumerate(self.documents):
            if date.fromisoformat(each["effective_from"]) <= day:
                version = index
        if version is None:
            return None
        each = self.documents[version]
        first = day
        while first.day != each.get("billing_day", 1) and first.isoformat() != each["effective_from"]:
            first -= timedelta(days=1)
        season = next(
            (
                name
                for name, span in each.get("seasons", {}).items()
                if (span["from"] <= f"{day:%m-%d}" <= span["to"])
                or (span["from"] > span["to"] and not span["to"] < f"{day:%m-%d}" < span["from"])
            ),
            None,
        )
        clocks = each.get("clocks", {})
        clock = clocks.get(season, clocks)
        letters = clock.get({5: "saturday", 6: "sunday"}.get(day.weekday(), "weekday"))
        letter = None
        if letters:
            letter = letters[(local.hour * 60 + local.minute) * len(letters) // 1440]
        return version, first, season, letter

    def parts(self, start, end, quantity):
        cuts = [start]
        places = [self.place(start)]
        for second in range(start + 60 - start % 60, end, 60):
            here = self.place(second)
            if here != places[-1]:
                cuts.append(second)
                places.append(here)
        cuts.append(end)
        shares = [quantity * (b - a) // (end - start) for a, b in pairwise(cuts)]
        shares[-1] = quantity - sum(shares[:-1])
        return list(zip(places, shares, strict=True))

    def shrunk(self, version, first):
        """How a limit in micro shrinks in the part of a billing period that begins at ``first``."""
        billing_day = self.documents[version].get("billing_day", 1)
        changes = [date.fromisoformat(each["effective_from"]) for each in self.documents[1:]]
        begins, ends = first, first + timedelta(days=1)
        while begins.day != billing_day:
            begins -= timedelta(days=1)
        while ends.day != billing_day:
            ends += timedelta(days=1)
        if not any(begins < change < ends for change in changes):
            return lambda limit: limit
        until = min([ends, *(change for change in changes if change > first)])
        return lambda limit: limit * (until - first).days // (ends - begins).days

    def priced_units(self, version, quantity):
        conversion = self.documents[version].get("conversion")
        if conversion is None:
            return quantity
        return Fraction(half_up(quantity * Fraction(conversion["factor"]) * MICRO), MICRO)

    def marginal(self, place, before, after):
        version, first, season, letter = place
        shrunk = self.shrunk(version, first)
        before, after = (self.priced_units(version, each) for each in (before, after))
        total = Fraction(0)
        for charge in self.documents[version]["charges"]:
            if charge.get("register", "import") != self.register:
                continue
            tree = charge.get("price", charge.get("blocks"))
            for key in (season, letter):
                if isinstance(tree, dict) and key in tree:
                    tree = tree[key]
            blocks = [{"price": tree}] if isinstance(tree, str) else tree
            free = shrunk(int(Fraction(charge.get("allowance", "0")) * MICRO))
            low = Fraction(free, MICRO)
            for block in blocks:
                high = after + low + 1
                if "up_to" in block:
                    high = Fraction(free + shrunk(int(Fraction(block["up_to"]) * MICRO)), MICRO)
                total += Fraction(block["price"]) * max(Fraction(0), min(after, high) - max(before, low))
                low = high
        return total

    def rounded(self, version):
        tax = self.documents[version].get("tax", {"percent": "0", "prices": "exclusive"})
        ratio = Fraction(tax["percent"]) / 100
        written = half_up(self.cost * MICRO)
        if tax["prices"] == "inclusive":
            net = half_up(self.cost * MICRO / (1 + ratio))
            return net, written - net
        return written, half_up(self.cost * MICRO * ratio)

    def charge(self, start, end, quantity):
        """Signed (net, tax) of one interval, micro."""
        net = tax = 0
        sign = -1 if self.register == "export" else 1
        for place, share in self.parts(start, end, quantity):
            key = (place[0], place[1])
            if key != self.period:
                self.period, self.quantity, self.cost = key, Fraction(0), Fraction(0)
            before = self.rounded(place[0])
            after = self.quantity + Fraction(share, MICRO)
            self.cost += self.marginal(place, self.quantity, after)
            self.quantity = after
            now = self.rounded(place[0])
            net += sign * (now[0] - before[0])
            tax += sign * (now[1] - before[1])
        return net, tax


HOUR = 3_600
START = seconds("2025-07-01", JOHANNESBURG)
END = seconds("2025-08-01", JOHANNESBURG)
TOU_BLOCKS = {
    "high": {
        "P": [{"up_to": "40.5", "price": "7.000001"}, {"price": "9.50"}],
        "S": [{"up_to": "10", "price": "2.00"}, {"up_to": "90", "price": "2.345678"}, {"price": "3.00"}],
        "O": [{"price": "1.333333"}],
    },
    "low": [{"up_to": "30", "price": "1.10"}, {"price": "1.70"}],
}
INCLUSIVE = {"name": "VAT", "percent": "7.5", "prices": "inclusive"}


def slots_of(*versions, start=START, end=END, zone=JOHANNESBURG, register="import"):
    return build_slots(versions, zone=zone, register=register, start_s=start, end_s=end)


def rate_chain(slots, *, start, end, quantity, base=None, base_at=None):
    """One chain; everything as lists."""
    count = len(start)
    base = base or opening()
    spread = Runs(
        *(np.repeat(each, count) for each in (base.quantity_micro, base.cost_micro, base.cost_rest))
    )
    return rate(
        slots,
        chain=np.zeros(count, dtype=np.int64),
        start_s=ints(*start),
        end_s=ints(*end),
        quantity_micro=ints(*quantity),
        opening=spread,
        opening_at_s=np.full(count, start[0] if base_at is None else base_at, dtype=np.int64),
    )


def total(rated):
    return int(rated.net_micro.sum()), int(rated.tax_micro.sum())
