"""Shapes of an estate's revenue by month."""

from collections.abc import Mapping, Sequence
from datetime import date

from pydantic import Field

from mita.kit.money import format_micro
from mita.kit.shapes import Shape
from mita.ledger.domain.chart import account_name


class RevenueLine(Shape):
    """What one account of income took in."""

    code: str = Field(examples=["income:electricity"])
    name: str = Field(examples=["Income from electricity"])
    values: list[str] = Field(description="Net, one for each month", examples=[["10250.000000"]])


class EstateRevenue(Shape):
    """What an estate charged by month, before tax. Corrections and reversals are in it."""

    currency: str = Field(examples=["ZAR"])
    labels: list[str] = Field(description="Months; the last one is not over", examples=[["2026-10"]])
    totals: list[str] = Field(examples=[["10250.000000"]])
    items: list[RevenueLine]


def revenue_out(
    found: Mapping[tuple[int, str], Sequence[int]], *, currency: str, months: Sequence[date]
) -> EstateRevenue:
    """Return one estate's revenue as JSON shows it."""
    columns = list(zip(*found.values(), strict=True)) or [()] * len(months)
    return EstateRevenue(
        currency=currency,
        labels=[f"{month:%Y-%m}" for month in months],
        totals=[format_micro(sum(column)) for column in columns],
        items=[
            RevenueLine(code=code, name=account_name(code), values=[format_micro(each) for each in values])
            for (_, code), values in found.items()
        ],
    )
