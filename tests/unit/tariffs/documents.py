"""Rich rate table documents, and a strategy that makes any table there may be."""

from __future__ import annotations

import json
import string
from datetime import date, timedelta

from hypothesis import strategies as st

from mita.tariffs.domain import (
    Block,
    Calendar,
    Clock,
    Conversion,
    DemandCharge,
    FixedCharge,
    MinimumCharge,
    NettingCharge,
    PriceRule,
    RateTable,
    Season,
    SourceNote,
    Tax,
    UsageCharge,
)

from .tables import CLOCKS, HOMEFLEX_PRICE, HOMELIGHT_BLOCKS, SEASONS, document, usage

FIXED = {"name": "Network capacity", "kind": "fixed", "per": "day", "price": "3.24"}
DEMAND = {
    "name": "Maximum demand",
    "kind": "demand",
    "interval_minutes": 30,
    "unit": "kVA",
    "price": "212.50",
}
MINIMUM = {"name": "Minimum bill", "kind": "minimum", "per": "month", "price": "50.00"}
NETTING = {
    "name": "Net metering",
    "kind": "netting",
    "surplus": "carried",
    "carried_until": "03-31",
    "surplus_price": "0.10",
}
FEED_IN = {"name": "Feed-in", "kind": "usage", "register": "export", "price": "0.80"}
WATER_BLOCKS = [
    {"up_to": "6", "price": "10.00"},
    {"up_to": "15", "price": "25.00"},
    {"price": "40.00"},
]

EVERYTHING = document(
    name="Everything (2025/26)",
    source={"title": "Tariff book", "url": "https://example.org/book", "retrieved": "2025-05-01"},
    period="month",
    billing_day=15,
    calendar={
        "country": "GB",
        "subdivision": "ENG",
        "holiday_as": "sunday",
        "holidays": {"Christmas Day": "sunday", "Good Friday": "saturday"},
        "dates": {"2025-12-26": "saturday"},
    },
    seasons=SEASONS,
    clocks=CLOCKS,
    charges=[
        usage(price={**HOMEFLEX_PRICE, "low": {"P": "3.2928", "S": "2.05", "O": "1.5926"}}),
        usage(
            name="Levy",
            allowance="50",
            blocks={
                "high": WATER_BLOCKS,
                "low": {"P": HOMELIGHT_BLOCKS, "S": WATER_BLOCKS, "O": [{"price": "1.00"}]},
            },
            blocks_mode="volume",
            blocks_per_letter=True,
        ),
        FEED_IN,
        {**FIXED, "while_off": False},
        {**FIXED, "name": "Administration", "per": "month"},
        {**DEMAND, "price": {"high": "212.50", "low": "99.00"}, "when": {"high": ["P", "S"], "low": ["P"]}},
        {**DEMAND, "name": "Power", "unit": "kW", "interval_minutes": 15, "register": "feeder"},
        MINIMUM,
    ],
)  # fmt: skip
STANDING = document(charges=[FIXED], tax=None)
NETTED = document(
    clocks={"weekday": "O" * 8 + "P" * 16, "saturday": "O" * 24, "sunday": "O" * 24},
    charges=[
        usage(price={"P": "3.00", "O": "1.00"}),
        {**FEED_IN, "price": "0.00"},
        NETTING,
        MINIMUM,
    ],
)
TIMED = document(
    clocks={"weekday": "OP" * 24, "saturday": "O" * 24, "sunday": "O" * 48},
    charges=[usage(price={"P": "3.00", "O": "1.00"}), {**DEMAND, "when": ["P"]}],
)
GAS = document(
    utility="gas",
    currency="GBP",
    tax={"name": "VAT", "percent": "5", "prices": "inclusive"},
    conversion={"unit": "kWh", "volume_correction": "1.02264", "calorific_value": "39.5"},
    charges=[usage(name="Gas", price="0.063"), {**FIXED, "name": "Standing charge", "price": "0.3145"}],
)
WATER = document(
    utility="water",
    conversion={"unit": "kl", "factor": "1"},
    charges=[usage(name="Water", allowance="6", blocks=WATER_BLOCKS), MINIMUM],
)
# without shared parts: YAML would write them as aliases
RICH = tuple(json.loads(json.dumps(each)) for each in (EVERYTHING, STANDING, TIMED, GAS, WATER, NETTED))
EVERYTHING, STANDING, TIMED, GAS, WATER, NETTED = RICH


# ── any table ──

MICRO_PRICES = st.one_of(
    st.sampled_from([0, 1, 1_000_000, 2_747_200, 10**12]), st.integers(0, 10**12), st.integers(0, 10**7)
)
MICRO_QUANTITIES = st.one_of(st.integers(1, 10**9), st.integers(1, 1_000).map(lambda units: units * 10**6))
DAY_TYPE = st.sampled_from(["weekday", "saturday", "sunday"])
DATES = st.dates(date(1970, 1, 1), date(2199, 12, 31))
NAMES = (
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=20)
    .map(str.strip)
    .filter(lambda text: any(each.isprintable() and not each.isspace() for each in text))
)
SEASON_NAMES = st.from_regex(r"\A[A-Za-z][A-Za-z0-9_-]{1,8}\Z") | st.sampled_from(
    ["no", "on", "null", "true", "high season", "e1", "weekday"]
)
REGISTERS = st.sampled_from(["import", "export", "apparent", "null", "feeder_2"])
HOLIDAYS = {
    ("ZA", None): ["Good Friday", "Workers' Day", "Youth Day (observed)", "Day of Goodwill"],
    ("GB", "ENG"): ["Good Friday", "Easter Monday", "Boxing Day (observed)"],
    ("DE", "BY"): ["Karfreitag", "Corpus Christi", "Fronleichnam"],
    ("NG", None): ["Eid al-Fitr", "Eid al-Fitr (estimated)", "Democracy Day"],
}


@st.composite
def seasons_of(draw):
    if not draw(st.booleans()):
        return ()
    cuts = sorted(draw(st.sets(st.integers(0, 365), min_size=1, max_size=4)))
    names = draw(st.lists(SEASON_NAMES, min_size=len(cuts), max_size=len(cuts), unique=True))
    days = [date(2000, 1, 1) + timedelta(days=index) for index in range(366)]
    spans = [
        (days[cut], days[(following - 1) % 366])
        for cut, following in zip(cuts, [*cuts[1:], cuts[0]], strict=True)
    ]
    return tuple(
        Season(name, (first.month, first.day), (last.month, last.day))
        for name, (first, last) in zip(names, spans, strict=True)
    )  # fmt: skip


@st.composite
def clocks_of(draw, seasons):
    if not draw(st.integers(0, 2)):
        return ()

    alphabet = draw(st.sampled_from(["O", "PSO", "NY", string.ascii_uppercase]))
    letters = st.sampled_from([24, 48]).flatmap(lambda size: st.text(alphabet, min_size=size, max_size=size))
    names = [season.name for season in seasons] or [""]
    return tuple(Clock(name, draw(letters), draw(letters), draw(letters)) for name in names)


@st.composite
def blocks_of(draw, in_blocks):
    if not in_blocks:
        return (Block(None, draw(MICRO_PRICES)),)
    limits = sorted(draw(st.sets(MICRO_QUANTITIES, max_size=3)))
    return tuple(Block(limit, draw(MICRO_PRICES)) for limit in [*limits, None])


@st.composite
def rules_of(draw, seasons, clocks, in_blocks):
    letters = {clock.season: sorted(clock.letters) for clock in clocks}
    everywhere = sorted({each for found in letters.values() for each in found})
    forms = ["one"] + ["letter"] * bool(clocks) + ["season"] * bool(seasons)
    form = draw(st.sampled_from(forms))
    keys = [("", "")]
    if form == "letter":
        keys = [("", letter) for letter in everywhere]
    elif form == "season":
        keys = []
        for name in sorted(season.name for season in seasons):
            is_timed = bool(clocks) and draw(st.booleans())
            keys += [(name, letter) for letter in letters[name]] if is_timed else [(name, "")]
    return tuple(PriceRule(season, letter, draw(blocks_of(in_blocks))) for season, letter in keys)


@st.composite
def usage_of(draw, name, seasons, clocks):
    in_blocks = draw(st.booleans())
    allowance = draw(st.just(0) | MICRO_QUANTITIES)
    return UsageCharge(
        name=name,
        register=draw(REGISTERS),
        rules=draw(rules_of(seasons, clocks, in_blocks)),
        in_blocks=in_blocks,
        mode=draw(st.sampled_from(["slab", "volume"])) if in_blocks else "slab",
        is_per_letter=bool(clocks) and bool(in_blocks or allowance) and draw(st.booleans()),
        allowance_micro=allowance,
    )


@st.composite
def demand_of(draw, name, seasons, clocks):
    names = sorted(season.name for season in seasons)
    by_season = names if names and draw(st.booleans()) else [""]
    pairs = sorted((clock.season, letter) for clock in clocks for letter in clock.letters)
    return DemandCharge(
        name=name,
        register=draw(REGISTERS),
        interval_minutes=draw(st.sampled_from([1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60])),
        unit=draw(st.sampled_from(["kW", "kVA"])),
        prices=tuple((season, draw(MICRO_PRICES)) for season in by_season),
        when=tuple(sorted(draw(st.sets(st.sampled_from(pairs))))) if pairs else (),
    )


@st.composite
def charges_of(draw, seasons, clocks, has_power):
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    kinds = ["usage", "usage", "fixed", "minimum"] + ["demand"] * (2 * has_power)
    charges = []
    for name in names:
        kind = draw(st.sampled_from(kinds))
        if kind == "usage":
            charges.append(draw(usage_of(name, seasons, clocks)))
        elif kind == "demand":
            charges.append(draw(demand_of(name, seasons, clocks)))
        elif kind == "fixed" or any(isinstance(each, MinimumCharge) for each in charges):
            per = draw(st.sampled_from(["day", "month"]))
            charges.append(FixedCharge(name, per, draw(MICRO_PRICES), draw(st.booleans())))
        else:
            charges.append(MinimumCharge(name, draw(MICRO_PRICES)))
    if has_power and draw(st.booleans()) and nettable(charges):
        until = draw(st.none() | st.tuples(st.integers(1, 12), st.integers(1, 28)))
        charges.append(NettingCharge("Netting " + names[0][:20], draw(MICRO_PRICES), until))
    return tuple(charges)


def nettable(charges):
    """Whether something is drawn, and nothing that is fed in has a price."""
    usage = [each for each in charges if isinstance(each, UsageCharge)]
    return any(each.register == "import" for each in usage) and not any(
        block.price_micro
        for each in usage
        if each.register == "export"
        for rule in each.rules
        for block in rule.blocks
    )


@st.composite
def calendars(draw):
    dates = tuple(sorted(draw(st.dictionaries(DATES, DAY_TYPE, max_size=3)).items()))
    place = draw(st.none() | st.sampled_from(sorted(HOLIDAYS, key=str)))
    if place is None:
        return Calendar(dates=dates) if dates else None
    named = draw(st.dictionaries(st.sampled_from(HOLIDAYS[place]), DAY_TYPE))
    rest = draw(DAY_TYPE if not named else st.none() | DAY_TYPE)
    return Calendar(place[0], rest, dates, place[1], tuple(sorted(named.items())))


CONVERSIONS = st.builds(
    Conversion, st.sampled_from(["kWh", "GJ", "therm", "kl", "gal"]), st.integers(1, 10**12)
)
GAS_CONVERSIONS = st.builds(
    Conversion.of_gas,
    volume_correction_micro=st.integers(900_000, 1_100_000),
    calorific_value_micro=st.integers(30_000_000, 45_000_000),
)
TAXES = st.builds(Tax, NAMES, st.integers(0, 100_000_000), st.booleans())
SOURCES = st.builds(
    SourceNote,
    NAMES,
    st.none() | st.sampled_from(["https://example.org/a?b=c#d", "page 7"]),
    st.none() | DATES,
)


@st.composite
def rate_tables(draw):
    """A table that a document may describe."""
    utility = draw(st.sampled_from(["electricity", "electricity", "water", "hot_water", "gas", "solar"]))
    seasons = draw(seasons_of())
    clocks = draw(clocks_of(seasons))
    return RateTable(
        name=draw(NAMES),
        utility=utility,
        currency=draw(st.sampled_from(["ZAR", "GBP", "NGN"])),
        effective_from=draw(DATES),
        charges=draw(charges_of(seasons, clocks, utility in ("electricity", "solar"))),
        tax=draw(st.none() | TAXES),
        billing_day=draw(st.integers(1, 28)),
        calendar=draw(calendars()),
        seasons=seasons,
        clocks=clocks,
        source=draw(st.none() | SOURCES),
        conversion=draw(st.none() | (GAS_CONVERSIONS | CONVERSIONS if utility == "gas" else CONVERSIONS)),
    )
