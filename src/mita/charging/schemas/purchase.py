"""Shapes of purchases: how many units an amount of money buys, and how much money units take."""

from datetime import date
from typing import Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from mita.charging.schemas.calculation import CalculationLineOut, Days, check_days, line_out
from mita.kit.money import MICRO
from mita.kit.shapes import Money, PositiveAmount, Quantity, Shape, micro, money, quantity
from mita.tariffs.domain import Purchase, RateTable, base_unit_of

_ALL_MICRO = 100 * MICRO


class PurchaseIn(Shape):
    """What to buy: for an ``amount`` of money, or so many ``units``; and what is paid before units.

    ``arrears_percent`` of the money goes to the arrears, all of it until they are paid where only ``arrears``
    says what they are. Standing charges are those of the local dates from ``from`` on and before ``to``, the
    first whole billing period's without them, or ``standing_due``, with tax; "0" is none.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        json_schema_extra={
            "oneOf": [{"required": ["amount"]}, {"required": ["units"]}],
            "examples": [{"units": "50"}],
        },
    )

    amount: PositiveAmount | SkipJsonSchema[None] = Field(default=None, examples=["5000.00"])
    units: PositiveAmount | SkipJsonSchema[None] = Field(default=None, examples=["50"])
    arrears_percent: PositiveAmount | SkipJsonSchema[None] = Field(default=None, examples=["25"])
    arrears: PositiveAmount | SkipJsonSchema[None] = Field(default=None, examples=["120.00"])
    standing_due: PositiveAmount | SkipJsonSchema[None] = Field(default=None, examples=["0"])
    used: PositiveAmount = Field(
        default="0", description="Units that were used of the billing period before", examples=["0"]
    )
    unit_step: PositiveAmount = Field(
        default="0.000001", description="Units are whole steps of it", examples=["0.1"]
    )
    from_: date | SkipJsonSchema[None] = Field(default=None, alias="from")
    to: date | SkipJsonSchema[None] = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.amount is None) == (self.units is None):
            raise ValueError("give one of amount and units")
        if (self.from_ is None) != (self.to is None):
            raise ValueError("from and to go together: the first date, and the date after the last one")
        if self.from_ is not None and self.to is not None:
            check_days(self.from_, self.to)
        return self

    @property
    def days(self) -> Days | None:
        """The local dates, if they were given."""
        return None if self.from_ is None or self.to is None else (self.from_, self.to)

    @property
    def arrears_percent_micro(self) -> int:
        """The share of the money that goes to the arrears, in millionths of a percent."""
        if self.arrears_percent is None:
            return 0 if self.arrears is None else _ALL_MICRO
        return micro(self.arrears_percent)

    @property
    def arrears_micro(self) -> int | None:
        """What the arrears are, if it was said."""
        return None if self.arrears is None else micro(self.arrears)

    @property
    def standing_due_micro(self) -> int | None:
        """What is due of standing charges, if it was said."""
        return None if self.standing_due is None else micro(self.standing_due)


class PurchaseOut(Shape):
    """What an amount buys: ``net``, ``tax``, ``arrears`` and ``remainder`` add up to ``amount``.

    ``net`` contains ``fixed``, the standing charges without tax; ``unpaid`` is what the amount did not cover
    of them, with tax. ``tax`` is what the amount without arrears contains. The lines' nets add up to ``net``.
    """

    from_: date = Field(alias="from")
    to: date
    units: Quantity
    amount: Money
    net: Money
    tax: Money
    arrears: Money
    fixed: Money
    remainder: Money
    unpaid: Money
    lines: list[CalculationLineOut]


def purchase_out(bought: Purchase, *, table: RateTable, days: Days) -> PurchaseOut:
    """Return a purchase as JSON shows it."""

    def cash(amount_micro: int) -> Money:
        return money(amount_micro, currency=table.currency)

    return PurchaseOut(
        from_=days[0],
        to=days[1],
        units=quantity(bought.quantity_micro, unit=base_unit_of(table.utility)),
        amount=cash(bought.amount_micro),
        net=cash(bought.net_micro),
        tax=cash(bought.tax_micro),
        arrears=cash(bought.arrears_micro),
        fixed=cash(bought.fixed_micro),
        remainder=cash(bought.remainder_micro),
        unpaid=cash(bought.unpaid_micro),
        lines=[line_out(each, currency=table.currency) for each in bought.lines],
    )
