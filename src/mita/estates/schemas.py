"""Request and response shapes of estates and units."""

from typing import Annotated

from pydantic import Field

from mita.estates.models import Estate, Unit
from mita.kit.shapes import Currency, Id, Instant, Shape, Text


class EstateIn(Shape):
    """A new estate: its name, its one currency and its one time zone."""

    name: Text = Field(examples=["Willow Creek"])
    currency: Currency = Field(examples=["ZAR"])
    time_zone: Text = Field(examples=["Africa/Johannesburg"])


class EstateOut(Shape):
    """An estate."""

    estate_id: Id
    name: str = Field(examples=["Willow Creek"])
    currency: str = Field(examples=["ZAR"])
    time_zone: str = Field(examples=["Africa/Johannesburg"])
    created_at: Instant


class UnitsIn(Shape):
    """New units, by name."""

    names: Annotated[list[Text], Field(min_length=1, max_length=1000, examples=[["A101", "A102"]])]


class UnitOut(Shape):
    """A unit."""

    unit_id: Id
    name: str = Field(examples=["A101"])
    created_at: Instant


class UnitsCreated(Shape):
    """The units that were made, in the order of their names in the request."""

    items: list[UnitOut]


def estate_out(row: Estate) -> EstateOut:
    """Return an estate as JSON shows it."""
    return EstateOut(
        estate_id=row.estate_id,
        name=row.name,
        currency=row.currency,
        time_zone=row.time_zone,
        created_at=row.created_at,
    )


def unit_out(row: Unit) -> UnitOut:
    """Return a unit as JSON shows it."""
    return UnitOut(unit_id=row.unit_id, name=row.name, created_at=row.created_at)
