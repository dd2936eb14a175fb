"""Shapes of calculations: what a consumption costs under a rate table, and which prices suit whom."""

from datetime import date
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic.json_schema import SkipJsonSchema

from mita.charging.domain.comparison import ComparedTotals, UnitComparison
from mita.kit.clock import from_us, to_us
from mita.kit.shapes import (
    AfterId,
    Id,
    Instant,
    Limit,
    Money,
    PositiveAmount,
    Quantity,
    Shape,
    micro,
    money,
    quantity,
)
from mita.tariffs.domain import (
    CENT_MICRO,
    Bill,
    BillLine,
    Interval,
    RateTable,
    RoleWord,
    documents_cents,
    merged_lines,
)

INTERVALS_MAX = 2000
MONTHS_MAX = 24

_YEAR_MIN, _YEAR_END = 1970, 2200
Days = tuple[date, date]


def check_days(first: date, until: date) -> None:
    """Check the first local date and the one after the last.

    :raises ValueError: if they are not in order, or out of all time
    """
    if first >= until:
        raise ValueError("from must be before to, the date after the last one")
    if not _YEAR_MIN < first.year <= until.year < _YEAR_END:
        raise ValueError(f"from and to must lie between {_YEAR_MIN} and {_YEAR_END}")


class IntervalIn(Shape):
    """A consumption in [from, to)."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    from_: Instant = Field(alias="from")
    to: Instant
    quantity: PositiveAmount = Field(examples=["1.5"])

    def interval(self) -> Interval:
        """Return the interval in whole seconds and micro base units."""
        return Interval(to_us(self.from_) // 1_000_000, to_us(self.to) // 1_000_000, micro(self.quantity))


class ConsumptionIn(Shape):
    """What to price: a quantity, intervals of one register in the order of time, or what a unit used itself.

    ``from`` and ``to`` are local dates, the first and the one after the last: a quantity is spread evenly
    over them, intervals are billed over them. Alone they ask for the standing charges of these dates. A unit
    needs them, or the number of whole ``months`` before this one.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        json_schema_extra={
            "oneOf": [
                {"required": ["quantity"]},
                {"required": ["intervals"]},
                {"required": ["unit_id"]},
                {"required": ["from", "to"]},
            ],
            "examples": [{"quantity": "100"}],
        },
    )

    quantity: PositiveAmount | SkipJsonSchema[None] = Field(default=None, examples=["100"])
    intervals: (
        Annotated[list[IntervalIn], Field(min_length=1, max_length=INTERVALS_MAX)] | SkipJsonSchema[None]
    ) = None
    unit_id: Id | SkipJsonSchema[None] = None
    months: Annotated[int, Field(ge=1, le=MONTHS_MAX)] | SkipJsonSchema[None] = Field(
        default=None, examples=[12]
    )
    from_: date | SkipJsonSchema[None] = Field(default=None, alias="from")
    to: date | SkipJsonSchema[None] = None
    register_: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")] = Field(
        default="import", alias="register", examples=["import"]
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        given = sum(each is not None for each in (self.quantity, self.intervals, self.unit_id))
        if given > 1 or (given == 0 and self.from_ is None):
            raise ValueError("give one of quantity, intervals and unit_id, or from and to alone")
        if (self.from_ is None) != (self.to is None):
            raise ValueError("from and to go together: the first date, and the date after the last one")
        if self.from_ is not None and self.to is not None:
            check_days(self.from_, self.to)
        if self.unit_id is not None and (self.months is None) == (self.from_ is None):
            raise ValueError("a unit needs either months, or from and to")
        if self.unit_id is None and self.months is not None:
            raise ValueError("months go with unit_id")
        return self

    @property
    def days(self) -> Days | None:
        """The local dates, if they were given."""
        return None if self.from_ is None or self.to is None else (self.from_, self.to)

    @property
    def quantity_micro(self) -> int | None:
        """The quantity in millionths of the base unit, if one was given."""
        return None if self.quantity is None else micro(self.quantity)

    @property
    def spans(self) -> list[Interval] | None:
        """The intervals in whole seconds, if they were given."""
        return None if self.intervals is None else [each.interval() for each in self.intervals]


class CalculationLineOut(Shape):
    """What one charge takes at one price; ``price`` is per unit of ``quantity``, as the table writes it."""

    charge: str = Field(examples=["Energy"])
    kind: str = Field(examples=["usage"])
    of_charge: str | None = Field(
        examples=[None], description="Of netting: the usage charge that is taken back"
    )
    register_: str | None = Field(alias="register", examples=["import"])
    season: str | None = Field(examples=["high"])
    letter: str | None = Field(examples=["P"], description="The time of use, if the price depends on it")
    block: int | None = Field(description="From 1; 0 is the allowance", examples=[1])
    quantity: Quantity
    price: Money
    net: Money
    tax: Money
    days: int | None = Field(
        examples=[None], description="Of a charge by time: for so many days of `whole_days`"
    )
    whole_days: int | None = Field(examples=[None])
    at: Instant | None = Field(description="When the peak of a demand charge begins")


class CentsOut(Shape):
    """The sums as a document shows them: rounded once, half up, and net + tax is gross."""

    net: Money
    tax: Money
    gross: Money


class CalculatedPeriodOut(Shape):
    """One billing period, or the part of one: local dates from ``from`` on and before ``to``."""

    from_: date = Field(alias="from")
    to: date
    in_force_from: date = Field(description="Of the version of the prices")
    net: Money
    tax: Money
    gross: Money
    charged: Money | None = Field(
        description="What the unit was charged for readings of these dates, with tax; only with `unit_id`"
    )
    lines: list[CalculationLineOut]


class ExactOut(Shape):
    """The same sums to the millionth, period by period."""

    net: Money
    tax: Money
    gross: Money
    periods: list[CalculatedPeriodOut]


class CalculationOut(Shape):
    """A price for local dates: the lines' nets add up to ``net``; with ``tax`` it is ``gross``.

    Credits are negative. Nothing is rounded to cents but what stands under ``cents``.
    """

    from_: date = Field(alias="from")
    to: date
    net: Money
    tax: Money
    gross: Money
    charged: Money | None = Field(description="What the unit was charged, with tax; only with `unit_id`")
    lines: list[CalculationLineOut]
    cents: CentsOut
    exact: ExactOut


def calculation_out(
    bill: Bill, *, table: RateTable, days: Days, charged_micro: tuple[int, ...] | None = None
) -> CalculationOut:
    """Return a calculation as JSON shows it."""
    shown = documents_cents(bill)

    def cash(amount_micro: int) -> Money:
        return money(amount_micro, currency=bill.currency)

    sums = {
        "net": cash(bill.net_micro),
        "tax": cash(bill.gross_micro - bill.net_micro),
        "gross": cash(bill.gross_micro),
    }
    charged = charged_micro if charged_micro is not None else (None,) * len(bill.periods)
    return CalculationOut(
        from_=days[0],
        to=days[1],
        **sums,
        charged=None if charged_micro is None else cash(sum(charged_micro)),
        lines=[line_out(each, currency=bill.currency) for each in merged_lines(bill)],
        cents=CentsOut(
            net=cash(shown.net_cents * CENT_MICRO),
            tax=cash(shown.tax_cents * CENT_MICRO),
            gross=cash(shown.gross_cents * CENT_MICRO),
        ),
        exact=ExactOut(
            **sums,
            periods=[
                CalculatedPeriodOut(
                    from_=period.first,
                    to=period.until,
                    in_force_from=table.effective_from,
                    net=cash(period.net_micro),
                    tax=cash(period.tax_micro),
                    gross=cash(period.net_micro + period.tax_micro),
                    charged=None if paid is None else cash(paid),
                    lines=[line_out(each, currency=bill.currency) for each in period.lines],
                )
                for period, paid in zip(bill.periods, charged, strict=True)
            ],
        ),
    )


def line_out(line: BillLine, *, currency: str) -> CalculationLineOut:
    """Return a line as JSON shows it."""
    return CalculationLineOut(
        charge=line.charge,
        kind=line.kind,
        of_charge=line.of_charge or None,
        register_=line.register or None,
        season=line.season or None,
        letter=line.letter or None,
        block=line.block,
        quantity=quantity(line.quantity_micro, unit=line.unit),
        price=money(line.price_micro, currency=currency),
        net=money(line.net_micro, currency=currency),
        tax=money(line.tax_micro, currency=currency),
        days=line.days or None,
        whole_days=line.whole_days or None,
        at=None if line.at_s is None else from_us(line.at_s * 1_000_000),
    )


class ComparisonIn(Shape):
    """Which prices to compare over which local dates: the first one, and the one after the last.

    ``with`` is another rate table; without it, what is in force for each register in the ``role`` that the
    table would have. Without ``unit_id`` every unit of the estate.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    with_: Id | None = Field(default=None, alias="with", examples=[None])
    role: RoleWord = Field(default="supply", examples=["supply"])
    unit_id: Id | SkipJsonSchema[None] = None
    from_: date = Field(alias="from", examples=["2025-01-01"])
    to: date = Field(examples=["2026-01-01"])
    after_id: AfterId = Field(default=0, description="Rows of units after this one", examples=[0])
    limit: Limit = Field(default=100, description="How many rows", examples=[100])

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        check_days(self.from_, self.to)
        return self


class UnitComparisonOut(Shape):
    """A unit's own consumption under both prices, with tax. Below zero, ``difference`` is what it gains."""

    unit_id: Id
    unit: str = Field(examples=["A101"])
    from_: date | None = Field(
        alias="from", description="Later than asked where readings or prices begin later"
    )
    old: Money | None
    new: Money | None
    difference: Money | None
    unchanged: Money | None = Field(description="What the other roles cost, either way")
    reason: str | None = Field(examples=[None], description="Why it could not be compared")


class ComparisonOut(Shape):
    """Old and new prices over the same consumption: sums with tax, who gains and who loses.

    ``old`` and ``new`` are those of the ``role``; with what the other roles cost they are the two totals.
    ``best`` and ``worst`` are the units that gain and lose most. ``units`` are rows by id; continue with
    ``after_id`` = ``next``.
    """

    rate_table_id: Id
    with_: Id | None = Field(alias="with")
    role: RoleWord = Field(examples=["supply"])
    from_: date = Field(alias="from")
    to: date
    old: Money
    new: Money
    difference: Money
    unchanged: Money = Field(description="What the other roles cost, either way")
    old_total: Money
    new_total: Money
    gains: int = Field(examples=[12], description="Units that pay less")
    loses: int = Field(examples=[3], description="Units that pay more")
    same: int = Field(examples=[0])
    not_compared: int = Field(examples=[1])
    best: list[UnitComparisonOut]
    worst: list[UnitComparisonOut]
    units: list[UnitComparisonOut]
    next: int | None = Field(examples=[None])


def unit_comparison_out(row: UnitComparison, *, currency: str) -> UnitComparisonOut:
    """Return a unit's comparison as JSON shows it."""

    def cash(amount_micro: int) -> Money | None:
        return None if row.reason else money(amount_micro, currency=currency)

    return UnitComparisonOut(
        unit_id=row.unit_id,
        unit=row.name,
        from_=row.first,
        old=cash(row.old_gross_micro),
        new=cash(row.new_gross_micro),
        difference=cash(row.difference_micro),
        unchanged=cash(row.unchanged_gross_micro),
        reason=row.reason or None,
    )


def comparison_fields(totals: ComparedTotals, *, currency: str) -> dict[str, Any]:
    """Return the sums and counts of a comparison."""
    return {
        "old": money(totals.old_gross_micro, currency=currency),
        "new": money(totals.new_gross_micro, currency=currency),
        "difference": money(totals.new_gross_micro - totals.old_gross_micro, currency=currency),
        "unchanged": money(totals.unchanged_gross_micro, currency=currency),
        "old_total": money(totals.old_gross_micro + totals.unchanged_gross_micro, currency=currency),
        "new_total": money(totals.new_gross_micro + totals.unchanged_gross_micro, currency=currency),
        "gains": totals.gains,
        "loses": totals.loses,
        "same": totals.same,
        "not_compared": totals.not_compared,
        "best": [unit_comparison_out(row, currency=currency) for row in totals.best],
        "worst": [unit_comparison_out(row, currency=currency) for row in totals.worst],
    }
