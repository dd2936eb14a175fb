"""Response shapes of savings."""

from datetime import date

from pydantic import Field

from mita.charging.operations import Savings
from mita.kit.shapes import Money, Shape, UtilityWord, money
from mita.tariffs.domain import RoleWord, Saved

_TOTAL = "total"


class SavedOut(Shape):
    """Money with tax: what a role was charged, what the benchmark would have cost in it, and the difference.

    With what the other roles cost they are the two totals.
    """

    charged: Money
    benchmark: Money
    saved: Money = Field(description="Below zero: the benchmark was cheaper")
    unchanged: Money = Field(description="What the other roles cost, either way")
    charged_total: Money
    benchmark_total: Money


class UtilitySaved(SavedOut):
    """What was saved on one utility."""

    utility: UtilityWord


class MonthSaved(SavedOut):
    """What was saved in the billing periods that begin in a month."""

    month: str = Field(examples=["2026-01"])
    utilities: list[UtilitySaved]


class SavingsOut(SavedOut):
    """What was saved in the local dates ``from`` to ``to``, the second not included."""

    role: RoleWord = Field(examples=["supply"])
    from_: date = Field(alias="from")
    to: date
    months: list[MonthSaved] = Field(description="Those in which both prices hold; none without a benchmark")


def savings_out(found: Savings, *, role: RoleWord, first: date, until: date, currency: str) -> SavingsOut:
    """Return savings as JSON shows them."""
    totals = [month[_TOTAL] for month in found.saved.values()]
    whole = Saved(sum(each.benchmark_micro for each in totals), sum(each.actual_micro for each in totals))

    def fields(month: str, utility: str, each: Saved) -> dict[str, Money]:
        return _fields(each, found.unchanged.get(month, {}).get(utility, 0), currency=currency)

    return SavingsOut(
        role=role,
        from_=first,
        to=until,
        months=[
            MonthSaved(
                month=name,
                utilities=[
                    UtilitySaved(utility=utility, **fields(name, utility, each))
                    for utility, each in month.items()
                    if utility != _TOTAL
                ],
                **fields(name, _TOTAL, month[_TOTAL]),
            )
            for name, month in found.saved.items()
        ],
        **_fields(whole, sum(month[_TOTAL] for month in found.unchanged.values()), currency=currency),
    )


def _fields(each: Saved, unchanged_micro: int, *, currency: str) -> dict[str, Money]:
    return {
        "charged": money(each.actual_micro, currency=currency),
        "benchmark": money(each.benchmark_micro, currency=currency),
        "saved": money(each.saved_micro, currency=currency),
        "unchanged": money(unchanged_micro, currency=currency),
        "charged_total": money(each.actual_micro + unchanged_micro, currency=currency),
        "benchmark_total": money(each.benchmark_micro + unchanged_micro, currency=currency),
    }
