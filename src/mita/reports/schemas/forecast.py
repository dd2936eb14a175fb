"""Shapes of where a wallet's balance goes."""

from datetime import date

from pydantic import Field

from mita.kit.money import format_micro
from mita.kit.shapes import Id, Money, Shape, money
from mita.reports.domain import FORECAST_WEEKS, DayAhead
from mita.reports.queries import WalletForecast
from mita.reports.schemas.spending import AccountWord


class DayBehindOut(Shape):
    """What a wallet held at the end of a day."""

    on: date
    balance: str = Field(examples=["86.200000"])


class DayAheadOut(Shape):
    """What is probably left at the end of a day."""

    on: date
    least: str = Field(description="Where much is used: the 90th percentile", examples=["41.000000"])
    likely: str = Field(description="As usual: the median", examples=["52.500000"])
    most: str = Field(description="Where little is used: the 10th percentile", examples=["60.250000"])


class RunsOut(Shape):
    """The days at whose end nothing is left; null where that is beyond the days ahead."""

    early: date | None = Field(description="Where much is used")
    likely: date | None = Field(description="As usual")
    late: date | None = Field(description="Where little is used")


class LinesOfAccount(Shape):
    """Balances of one account at which something happens."""

    utility: AccountWord
    low: str | None = Field(description="Below it the account is low", examples=["50.000000"])
    cut: str | None = Field(description="At or below it the supply is cut", examples=["0.000000"])


class BalanceForecast(Shape):
    """How a wallet's balance went, and where it goes if it is spent as in the last weeks."""

    wallet_id: Id
    time_zone: str = Field(examples=["Africa/Johannesburg"])
    balance: Money = Field(description="Of the accounts that are asked for, now")
    past: list[DayBehindOut] = Field(description="Up to 28 local days before today, oldest first")
    days: list[DayAheadOut] = Field(
        description="Today and 27 days more; none where fewer than 14 whole days are known"
    )
    runs_out: RunsOut
    lines: list[LinesOfAccount] = Field(description="Of accounts that have any")
    counted_from: date = Field(description="The first local day of those that were looked at")
    days_counted: int = Field(examples=[56])
    how: str = Field(examples=["each weekday as in the last 8 weeks (56 days)"])


def forecast_out(found: WalletForecast, *, wallet_id: int, time_zone: str, currency: str) -> BalanceForecast:
    """Return a forecast as JSON shows it."""
    ahead = found.ahead
    return BalanceForecast(
        wallet_id=wallet_id,
        time_zone=time_zone,
        balance=money(found.balance_micro, currency=currency),
        past=[DayBehindOut(on=day, balance=format_micro(balance)) for day, balance in found.past],
        days=[_day_out(each) for each in ahead.days],
        runs_out=RunsOut(early=ahead.early, likely=ahead.likely, late=ahead.late),
        lines=[
            LinesOfAccount(
                utility=each.utility, low=_line(each.lines.low_micro), cut=_line(each.lines.cut_micro)
            )
            for each in found.accounts
            if each.lines.low_micro is not None or each.lines.cut_micro is not None
        ],
        counted_from=ahead.first_counted,
        days_counted=ahead.days_counted,
        how=_how(found),
    )


def _day_out(day: DayAhead) -> DayAheadOut:
    return DayAheadOut(
        on=day.on,
        least=format_micro(day.least_micro),
        likely=format_micro(day.likely_micro),
        most=format_micro(day.most_micro),
    )


def _line(amount_micro: int | None) -> str | None:
    return None if amount_micro is None else format_micro(amount_micro)


def _how(found: WalletForecast) -> str:
    if not found.ahead.days:
        return f"only {found.ahead.days_counted} whole days are known, and 14 are needed"
    return (
        f"use of each weekday as in the last {FORECAST_WEEKS} weeks ({found.ahead.days_counted} days): 10th,"
        " 50th and 90th percentile, added up; what falls due by the calendar as a month before"
    )
