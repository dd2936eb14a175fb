"""Shapes of the consumption of a unit."""

from datetime import date
from typing import Literal

from pydantic import Field

from mita.kit.money import format_micro
from mita.kit.shapes import Id, Money, Shape, UtilityWord, money
from mita.reports.domain import Known, Step

KnownWord = Literal["measured", "spread", "partial", "missing"]
StepWord = Literal["hour", "day", "week", "month"]


class SpanBefore(Shape):
    """As much of the span before as there is of this one."""

    first: date = Field(alias="from")
    until: date = Field(alias="to")
    total: str | None = Field(
        description="Of as much time as is known of this span; null if not all of it is known",
        examples=["101.250000"],
    )
    change_percent: str | None = Field(
        description="What this span is above it; null where there is nothing to compare", examples=["-4.5"]
    )


class UseLine(Shape):
    """What a unit used of a utility, by one name of registers: a value for each label."""

    utility: UtilityWord
    register_: str = Field(alias="register", examples=["import"])
    unit: str = Field(description="The base unit of the values", examples=["kWh"])
    values: list[str | None] = Field(
        description="Null where no reading tells: that is not zero", examples=[["1.500000", None]]
    )
    known: list[KnownWord] = Field(
        description="How well each value is known. `spread`: readings lie further apart than a label, and"
        " what was used between them is spread evenly. `partial`: of a part of the time only",
        examples=[["measured", "missing"]],
    )
    total: str = Field(description="Of all values that are known", examples=["1.500000"])
    before: SpanBefore


class ChargedLine(Shape):
    """What the unit's wallet was charged, tax included, by when it was used: an amount for each label."""

    currency: str = Field(examples=["ZAR"])
    values: list[str] = Field(examples=[["3.450000", "0.000000"]])
    total: Money
    not_posted: Money = Field(description="Used and not posted yet: in none of the values")


class ConsumptionHistory(Shape):
    """What a unit used and was charged: labels of local time, and values beside them."""

    unit_id: Id
    step: StepWord
    time_zone: str = Field(examples=["Africa/Johannesburg"])
    first: date = Field(alias="from", description="Whole weeks and months")
    until: date = Field(alias="to")
    labels: list[str] = Field(examples=[["2026-03-01", "2026-03-02"]])
    lines: list[UseLine] = Field(alias="series")
    charged: ChargedLine | None = Field(description="Null for who may not see the wallet")


def values_out(values: list[int | None]) -> list[str | None]:
    """Return values in millionths as JSON shows them."""
    return [None if each is None else format_micro(each) for each in values]


def charged_out(amounts_micro: list[int], *, accrued_micro: int, currency: str) -> ChargedLine:
    """Return what was charged in each step as JSON shows it."""
    return ChargedLine(
        currency=currency,
        values=[format_micro(each) for each in amounts_micro],
        total=money(sum(amounts_micro), currency=currency),
        not_posted=money(accrued_micro, currency=currency),
    )


def known_out(known: list[Known]) -> list[KnownWord]:
    """Return how well values are known as JSON shows it."""
    return [each.value for each in known]


def step_out(step: Step) -> StepWord:
    """Return a step as JSON shows it."""
    return step.value
