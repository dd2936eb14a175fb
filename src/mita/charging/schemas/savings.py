"""Response shapes of savings."""

from collections.abc import Mapping
from datetime import date

from pydantic import Field

from mita.kit.shapes import Money, Shape, UtilityWord, money
from mita.tariffs.domain import Saved

_TOTAL = "total"


class SavedOut(Shape):
    """Money with tax: what was charged, what the benchmark would have cost, and what lies between them."""

    charged: Money
    benchmark: Money
    saved: Money = Field(description="Below zero: the benchmark was cheaper")


class UtilitySaved(SavedOut):
    """What was saved on one utility."""

    utility: UtilityWord


class MonthSaved(SavedOut):
    """What was saved in the billing periods that begin in a month."""

    month: str = Field(examples=["2026-01"])
    utilities: list[UtilitySaved]


class SavingsOut(SavedOut):
    """What was saved in the local dates ``from`` to ``to``, the second not included."""

    from_: date = Field(alias="from")
    to: date
    months: list[MonthSaved] = Field(description="Those in which both prices hold; none without a benchmark")


def savings_out(
    found: Mapping[str, Mapping[str, Saved]], *, first: date, until: date, currency: str
) -> SavingsOut:
    """Return savings as JSON shows them."""
    totals = [month[_TOTAL] for month in found.values()]
    whole = Saved(sum(each.benchmark_micro for each in totals), sum(each.actual_micro for each in totals))
    return SavingsOut(
        from_=first,
        to=until,
        months=[
            MonthSaved(
                month=name,
                utilities=[
                    UtilitySaved(utility=utility, **_fields(each, currency=currency))
                    for utility, each in month.items()
                    if utility != _TOTAL
                ],
                **_fields(month[_TOTAL], currency=currency),
            )
            for name, month in found.items()
        ],
        **_fields(whole, currency=currency),
    )


def _fields(each: Saved, *, currency: str) -> dict[str, Money]:
    return {
        "charged": money(each.actual_micro, currency=currency),
        "benchmark": money(each.benchmark_micro, currency=currency),
        "saved": money(each.saved_micro, currency=currency),
    }
