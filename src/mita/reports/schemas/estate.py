"""Shapes of an estate's reports."""

from datetime import date
from typing import Literal

from pydantic import Field

from mita.kit.shapes import Id, Instant, Money, Shape, UtilityWord

AgeWord = Literal["0-30", "31-60", "61-90", "over-90"]
_TOTALS_ONLY = Field(description="Whether single households are left out, as you may not see them")


class EstateUse(Shape):
    """What units used of a utility together, by one name of registers: a value for each label."""

    utility: UtilityWord
    register_: str = Field(alias="register", examples=["import"])
    unit: str = Field(description="The base unit of the values", examples=["kWh"])
    values: list[str] = Field(description="Of all that is known", examples=[["310.500000"]])
    incomplete: list[int] = Field(
        description="Units of which a value is missing, or known of a part of the time only", examples=[[2]]
    )
    total: str = Field(examples=["310.500000"])


class UnitUseRow(Shape):
    """What one unit used."""

    unit_id: Id
    name: str = Field(examples=["A101"])
    utility: UtilityWord
    register_: str = Field(alias="register", examples=["import"])
    unit: str = Field(examples=["kWh"])
    values: list[str | None] = Field(
        description="Null where no reading tells: that is not zero", examples=[["12.500000"]]
    )
    known: list[Literal["measured", "spread", "partial", "missing"]] = Field(examples=[["measured"]])


class EstateConsumption(Shape):
    """What an estate used: all units together, and unit by unit."""

    step: Literal["day", "week", "month"]
    first: date = Field(alias="from", description="Whole weeks and months")
    until: date = Field(alias="to")
    labels: list[str] = Field(examples=[["2026-03"]])
    totals: list[EstateUse]
    is_totals_only: bool = _TOTALS_ONLY
    items: list[UnitUseRow] = Field(description="By unit")
    next: int | None = Field(description="The `after_id` that continues the items", examples=[None])


class LowCreditRow(Shape):
    """An account at or below its low line."""

    wallet_id: Id
    unit_id: Id
    name: str = Field(examples=["A101"])
    utility: UtilityWord
    balance: Money
    low_line: Money | None
    standing: Literal["low", "out"]
    days_left: int | None = Field(
        description="Of the whole wallet, at what it was charged in the last 28 days; null: nothing",
        examples=[3],
    )


LOW_CREDIT_COLUMNS = ("name", "utility", "standing", "balance", "currency", "days_left")


def low_credit_cells(row: LowCreditRow) -> list[str]:
    """Return an account's row of the sheet."""
    days = "" if row.days_left is None else str(row.days_left)
    return [row.name, row.utility, row.standing, row.balance.amount, row.balance.currency, days]


class LowCreditReport(Shape):
    """Who has little credit left."""

    low: int = Field(description="Accounts that stand low", examples=[4])
    out: int = Field(description="Accounts that are out", examples=[1])
    is_totals_only: bool = _TOTALS_ONLY
    items: list[LowCreditRow] = Field(description="By account")
    next: int | None = Field(description="The `after_id` that continues the items", examples=[None])


class AgedSum(Shape):
    """What is owed for so many days."""

    age: AgeWord
    accounts: int = Field(examples=[2])
    amount: Money


class ArrearsRow(Shape):
    """An account below nothing."""

    wallet_id: Id
    unit_id: Id
    name: str = Field(examples=["A101"])
    account_id: Id
    utility: Literal["electricity", "water", "hot_water", "gas", "solar", "general"]
    amount: Money = Field(description="What it is below nothing, counted above zero")
    since: Instant | None = Field(description="When it went there; null if no entry that is kept tells")
    age: AgeWord
    set_aside: Money = Field(description="Debt of the same wallet that was set aside, beside the amount")
    percent_of_top_ups: int | None = Field(description="By the plan of that debt", examples=[25])


ARREARS_COLUMNS = ("name", "utility", "amount", "currency", "age", "set_aside")


def arrears_cells(row: ArrearsRow) -> list[str]:
    """Return an account's row of the sheet."""
    return [row.name, row.utility, row.amount.amount, row.amount.currency, row.age, row.set_aside.amount]


class ArrearsReport(Shape):
    """What wallets owe, by when their balance went below nothing, and what was set aside."""

    ages: list[AgedSum]
    total: Money
    set_aside: Money = Field(description="All debts of the estate's wallets")
    is_totals_only: bool = _TOTALS_ONLY
    items: list[ArrearsRow] = Field(description="By account")
    next: int | None = Field(description="The `after_id` that continues the items", examples=[None])
