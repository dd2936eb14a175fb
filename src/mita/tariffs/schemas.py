"""Request and response shapes of rate tables and calculations."""

from datetime import date
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic.json_schema import SkipJsonSchema

from mita.kit.clock import to_us
from mita.kit.shapes import (
    Id,
    Instant,
    Money,
    PositiveAmount,
    Quantity,
    Shape,
    UtilityWord,
    micro,
    money,
    quantity,
)
from mita.tariffs.domain import Calculation, Interval, RateTable
from mita.tariffs.models import RateTableRow

INTERVALS_MAX = 2000
EXAMPLE = {
    "rate_table": 1,
    "name": "Domestic 2026",
    "utility": "electricity",
    "currency": "ZAR",
    "effective_from": "2026-01-01",
    "tax": {"name": "VAT", "percent": "15", "prices": "exclusive"},
    "charges": [{"name": "Energy", "kind": "usage", "price": "2.7472"}],
}


class RateTableIn(Shape):
    """A rate table document, as in docs: its own reader says what is wrong with it, all at once."""

    document: dict[str, Any] = Field(examples=[EXAMPLE])


class RateTableOut(Shape):
    """A rate table without its document."""

    rate_table_id: Id
    name: str = Field(examples=["Domestic 2026"])
    utility: UtilityWord
    currency: str = Field(examples=["ZAR"])
    effective_from: date
    created_at: Instant


class RateTableWithDocument(RateTableOut):
    """A rate table with the document that it was made of."""

    document: dict[str, Any] = Field(examples=[EXAMPLE])


class Assigned(Shape):
    """The table charges its utility from ``effective_from``; ``is_new`` is false if it did so before."""

    rate_table_id: Id
    utility: UtilityWord
    effective_from: date
    is_new: bool


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
    """What to price: a quantity without times, or intervals of one register in the order of time."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "oneOf": [{"required": ["quantity"]}, {"required": ["intervals"]}],
            "examples": [{"quantity": "100"}],
        },
    )

    quantity: PositiveAmount | SkipJsonSchema[None] = Field(default=None, examples=["100"])
    intervals: (
        Annotated[list[IntervalIn], Field(min_length=1, max_length=INTERVALS_MAX)] | SkipJsonSchema[None]
    ) = None
    register_: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")] = Field(
        default="import", alias="register", examples=["import"]
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.quantity is None) == (self.intervals is None):
            raise ValueError("give either quantity or intervals")
        return self

    @property
    def quantity_micro(self) -> int | None:
        """The quantity in millionths of the base unit, if one was given."""
        return None if self.quantity is None else micro(self.quantity)

    @property
    def spans(self) -> list[Interval] | None:
        """The intervals in whole seconds, if they were given."""
        return None if self.intervals is None else [each.interval() for each in self.intervals]


class CalculationLineOut(Shape):
    """What one charge takes at one price; ``price`` is per base unit, as the table writes it."""

    charge: str = Field(examples=["Energy"])
    season: str | None = Field(examples=["high"])
    letter: str | None = Field(examples=["P"], description="The time of use, if the price depends on it")
    block: int = Field(description="From 1", examples=[1])
    quantity: Quantity
    price: Money
    net: Money


class CalculationOut(Shape):
    """A price: the lines' nets add up to ``net``; with ``tax`` it is ``gross``; credits are negative."""

    net: Money
    tax: Money
    gross: Money
    lines: list[CalculationLineOut]


def _fields(row: RateTableRow) -> dict[str, Any]:
    return {
        "rate_table_id": row.rate_table_id,
        "name": row.name,
        "utility": row.utility,
        "currency": row.currency,
        "effective_from": row.effective_from,
        "created_at": row.created_at,
    }


def rate_table_out(row: RateTableRow) -> RateTableOut:
    """Return a rate table as a list shows it."""
    return RateTableOut(**_fields(row))


def rate_table_with_document(row: RateTableRow) -> RateTableWithDocument:
    """Return a rate table with its document."""
    return RateTableWithDocument(**_fields(row), document=row.document)


def calculation_out(result: Calculation, *, table: RateTable, unit: str) -> CalculationOut:
    """Return a calculation as JSON shows it."""

    def cash(amount_micro: int) -> Money:
        return money(amount_micro, currency=table.currency)

    return CalculationOut(
        net=cash(result.net_micro),
        tax=cash(result.tax_micro),
        gross=cash(result.net_micro + result.tax_micro),
        lines=[
            CalculationLineOut(
                charge=line.charge,
                season=line.season or None,
                letter=line.letter or None,
                block=line.block + 1,
                quantity=quantity(line.quantity_micro, unit=unit),
                price=cash(line.price_micro),
                net=cash(line.net_micro),
            )
            for line in result.lines
        ],
    )
