"""Request and response shapes of search and of the vacancy report."""

from datetime import date
from typing import Literal

from pydantic import Field

from mita.kit.shapes import Id, Money, Shape
from mita.tenancies.queries import Found


class FoundOut(Shape):
    """A unit, a meter or a person that was found."""

    type: Literal["unit", "meter", "person"]
    id: Id
    title: str = Field(examples=["A101"])
    detail: str = Field(examples=["3B, 1 Willow Lane"])
    unit_id: int | None = Field(description="The unit that it belongs to, if to one", examples=[12])


class FoundList(Shape):
    """What was found, the best first."""

    items: list[FoundOut]


def found_out(each: Found) -> FoundOut:
    """Return something that was found as JSON shows it."""
    return FoundOut(type=each.kind, id=each.id, title=each.title, detail=each.detail, unit_id=each.unit_id)


class VacantUnit(Shape):
    """A unit that nobody lives in today."""

    unit_id: Id
    name: str = Field(examples=["A101"])
    state: Literal["vacant", "reserved"]
    since: date | None = Field(description="Null: nobody ever lived there")
    days: int | None = Field(examples=[31])
    standing_charges: Money = Field(
        description="What timed charges since then came to; of 31 days where nobody ever lived there"
    )


class VacancyReport(Shape):
    """Which units are vacant on a local day, the longest first."""

    day: date
    units: int = Field(examples=[200])
    vacant: int = Field(examples=[12])
    items: list[VacantUnit]
