"""Rate tables as URDB rates, as far as they map; what is read back is the same table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from mita.kit.money import MICRO_DECIMALS
from mita.tariffs.domain.document import (
    DAY,
    DEFAULT_REGISTER,
    EXPORT,
    SLAB,
    Block,
    DemandCharge,
    PriceRule,
    UsageCharge,
    demand_register,
)
from mita.tariffs.domain.problems import Problem

from .urdb import CURRENCY
from .urdb_values import HOURS, MONTHS, unix_time
from .urdb_year import LAST_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mita.tariffs.domain.document import RateTable

_HALF_HOURS = 2 * HOURS

# (season, letter) of each hour of each month
Places = tuple[tuple[tuple[str, str], ...], ...]


class NotInUrdb(ValueError):
    """A rate table whose prices URDB cannot say."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A rate, and what of the table it does not say."""

    rate: dict[str, Any]
    left_out: tuple[Problem, ...]

    @property
    def text(self) -> str:
        """The rate as JSON, its numbers as exact as they are."""
        return msgspec.json.Encoder(decimal_format="number").encode(self.rate).decode()


def to_urdb(table: RateTable) -> Exported:
    """Return a rate table as a URDB rate.

    :raises NotInUrdb: if its hours, seasons or usage prices cannot be said there
    """
    if table.utility != "electricity" or table.conversion:
        raise NotInUrdb("URDB knows electricity only, priced per kWh")
    weekdays, weekends = _places(table, weekend=False), _places(table, weekend=True)
    left_out = list(_unsaid(table))
    rate: dict[str, Any] = {"name": table.name, "startdate": unix_time(table.effective_from)}
    if table.source and table.source.title:
        rate["source"] = table.source.title
    if table.source and table.source.url:
        rate["uri"] = table.source.url
    rate |= _energy(table, weekdays, weekends)
    rate |= _demand(table, weekdays, weekends, left_out)
    rate |= _standing(table, left_out)
    return Exported(rate, tuple(left_out))


def _places(table: RateTable, *, weekend: bool) -> Places:
    return tuple(_month_places(table, month, weekend=weekend) for month in range(1, MONTHS + 1))


def _month_places(table: RateTable, month: int, *, weekend: bool) -> tuple[tuple[str, str], ...]:
    season = ""
    if table.seasons:
        days = (1, LAST_DAYS[month - 1])
        first, last = (
            next(each.name for each in table.seasons if each.contains((month, day))) for day in days
        )
        if first != last or any(
            (each.first[0], each.first[1] > 1) == (month, True) for each in table.seasons
        ):
            raise NotInUrdb(f"a season begins within month {month}; URDB has whole months")
        season = first
    clock = next((each for each in table.clocks if each.season in ("", season)), None)
    if clock is None:
        return ((season, ""),) * HOURS
    if clock.saturday != clock.sunday:
        raise NotInUrdb("Saturday and Sunday differ; URDB has one weekend")
    letters = clock.saturday if weekend else clock.weekday
    if len(letters) == _HALF_HOURS:
        if letters[::2] != letters[1::2]:
            raise NotInUrdb("letters change within an hour; URDB has whole hours")
        letters = letters[::2]
    return tuple((season, letter) for letter in letters)


def _unsaid(table: RateTable) -> Iterator[Problem]:
    if table.tax_percent_micro:
        inside = "with" if table.prices_include_tax else "without"
        yield _left_out("tax", f"URDB knows no tax; its prices are the written ones, {inside} tax")
    if table.currency != CURRENCY:
        yield _left_out("currency", f"URDB is in {CURRENCY}; its prices are in {table.currency}")
    if table.billing_day != 1:
        yield _left_out("billing_day", "URDB counts calendar months")
    if table.calendar:
        yield _left_out("calendar", "URDB knows no public holidays")
    if table.source and table.source.retrieved:
        yield _left_out("source.retrieved", "URDB has no place for it")
    for place, charge in enumerate(table.charges):
        if isinstance(charge, UsageCharge) and charge.register not in (DEFAULT_REGISTER, EXPORT):
            yield _left_out(f"charges[{place}]", f"URDB has no register {charge.register}")
        if isinstance(charge, DemandCharge) and charge.register != demand_register(charge.unit):
            said = f"URDB has no register {charge.register}; its power is the customer's {charge.unit}"
            yield _left_out(f"charges[{place}].register", said)


def _left_out(path: str, message: str) -> Problem:
    return Problem(path=path, line=None, code="not_in_urdb", message=message)


def _energy(table: RateTable, weekdays: Places, weekends: Places) -> dict[str, Any]:
    charges, credits_ = table.charges_of(DEFAULT_REGISTER), table.charges_of(EXPORT)
    if not charges:
        if credits_:
            raise NotInUrdb("URDB pays for energy fed in only beside a price for energy used")
        return {}
    for charge in (*charges, *credits_):
        if charge.mode != SLAB or charge.is_per_letter:
            raise NotInUrdb("URDB knows blocks of one running quantity, each at its own price, and no others")
    if any(len(rule.blocks) > 1 or each.allowance_micro for each in credits_ for rule in each.rules):
        raise NotInUrdb("blocks of energy fed in are not expressible")
    after_allowance = [_with_allowance_as_block(each) for each in charges]
    periods: dict[tuple[Any, ...], int] = {}
    schedules = []
    for places in (weekdays, weekends):
        months = []
        for hours in places:
            contents = [_steps(after_allowance, credits_, season=s, letter=letter) for s, letter in hours]
            months.append([periods.setdefault(content, len(periods)) for content in contents])
        schedules.append(months)
    return {
        "energyratestructure": [[dict(step) for step in content] for content in periods],
        "energyweekdayschedule": schedules[0],
        "energyweekendschedule": schedules[1],
    }


def _with_allowance_as_block(charge: UsageCharge) -> UsageCharge:
    free = charge.allowance_micro
    if not free:
        return charge
    rules = tuple(
        PriceRule(
            rule.season,
            rule.letter,
            (
                Block(free, 0),
                *(
                    Block(None if each.up_to_micro is None else each.up_to_micro + free, each.price_micro)
                    for each in rule.blocks
                ),
            ),
        )
        for rule in charge.rules
    )
    return replace(charge, rules=rules, allowance_micro=0)


def _steps(
    charges: Sequence[UsageCharge], credits_: Sequence[UsageCharge], *, season: str, letter: str
) -> tuple[tuple[tuple[str, Any], ...], ...]:
    """Return the blocks of all charges together as URDB writes them, as pairs."""
    lists = [charge.blocks(season=season, letter=letter) for charge in charges]
    sell = sum(each.blocks(season=season, letter=letter)[0].price_micro for each in credits_)
    limits = sorted({block.up_to_micro for blocks in lists for block in blocks if block.up_to_micro})
    steps = []
    for lower, upper in zip([0, *limits], [*limits, None], strict=True):
        price = sum(
            next(b.price_micro for b in blocks if b.up_to_micro is None or b.up_to_micro > lower)
            for blocks in lists
        )
        step: list[tuple[str, Any]] = [("rate", _number(price)), ("unit", "kWh")]
        if upper is not None:
            step.append(("max", _number(upper)))
        if sell:
            step.append(("sell", _number(sell)))
        steps.append(tuple(step))
    return tuple(steps)


def _demand(table: RateTable, weekdays: Places, weekends: Places, left_out: list[Problem]) -> dict[str, Any]:
    kept: list[DemandCharge] = []
    for charge in table.demands:
        place = table.charges.index(charge)
        first = kept[0] if kept else charge
        how = ("unit", "register", "interval_minutes")
        if any(getattr(charge, each) != getattr(first, each) for each in how):
            left_out.append(_left_out(f"charges[{place}]", "URDB measures power in one way in a rate"))
        else:
            kept.append(charge)
    if not kept:
        return {}
    rate: dict[str, Any] = {"demandwindow": kept[0].interval_minutes}
    flat = [each for each in kept if not each.when]
    if flat:
        months = [sum(each.price_micro(season=hours[0][0]) for each in flat) for hours in weekdays]
        prices = list(dict.fromkeys(months))
        rate["flatdemandstructure"] = [[{"rate": _number(price)}] for price in prices]
        rate["flatdemandmonths"] = [prices.index(price) for price in months]
        rate["flatdemandunit"] = kept[0].unit
    timed = [each for each in kept if each.when]
    if timed:
        rate |= _timed_demand(timed, weekdays, weekends)
        rate["demandrateunit"] = kept[0].unit
    return rate


def _timed_demand(timed: list[DemandCharge], weekdays: Places, weekends: Places) -> dict[str, Any]:
    # period 0 is every hour in which power costs nothing
    periods: dict[tuple[str, int], int] = {("", 0): 0}
    schedules = []
    for places in (weekdays, weekends):
        months = []
        for hours in places:
            counted = []
            for season, letter in hours:
                counting = [each for each in timed if each.counts(season=season, letter=letter)]
                if len(counting) > 1:
                    raise NotInUrdb(
                        f"the hours of {counting[1].name!r} are also those of {counting[0].name!r}"
                    )
                key = (counting[0].name, counting[0].price_micro(season=season)) if counting else ("", 0)
                counted.append(periods.setdefault(key, len(periods)))
            months.append(counted)
        schedules.append(months)
    return {
        "demandratestructure": [[{"rate": _number(price)}] for _, price in periods],
        "demandweekdayschedule": schedules[0],
        "demandweekendschedule": schedules[1],
    }


def _standing(table: RateTable, left_out: list[Problem]) -> dict[str, Any]:
    rate: dict[str, Any] = {}
    per = table.fixed[0].per if table.fixed else DAY
    for charge in table.fixed:
        place = f"charges[{table.charges.index(charge)}]"
        if charge.per != per:
            left_out.append(_left_out(place, "URDB has one fixed charge, per day or per month"))
        if not charge.is_due_while_off:
            left_out.append(_left_out(f"{place}.while_off", "URDB knows no supply that is off"))
    total = sum(charge.price_micro for charge in table.fixed if charge.per == per)
    if total:
        rate["fixedchargefirstmeter"] = _number(total)
        rate["fixedchargeunits"] = f"$/{per}"
    for netting in table.nettings:
        place = f"charges[{table.charges.index(netting)}]"
        left_out.append(_left_out(place, "URDB has no price of what net metering leaves over"))
    if table.minimums:
        rate["minmonthlycharge"] = _number(table.minimums[0].price_micro)
    return rate


def _number(micro: int) -> Decimal:
    """Return millionths as a number that JSON writes in full."""
    return Decimal(micro).scaleb(-MICRO_DECIMALS)
