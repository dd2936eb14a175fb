"""Request and response shapes of spending limits."""

from pydantic import Field

from mita.kit.shapes import Id, Instant, Money, PositiveAmount, Shape, micro, money
from mita.wallets import domain
from mita.wallets.domain import Span, Spent, reached_spans
from mita.wallets.models import SpendLimit


class SpendLimitIn(Shape):
    """What a wallet may spend in a local day and month: one of them at least, each above zero."""

    daily: PositiveAmount | None = Field(default=None, examples=["50.00"])
    monthly: PositiveAmount | None = Field(default=None, examples=["900.00"])
    is_cutting: bool = Field(
        default=False,
        description="Whether reaching a limit cuts the supplies until the next day, or month",
    )

    def limit(self) -> domain.SpendLimit:
        """Return the limit for the operation."""
        return domain.SpendLimit(
            None if self.daily is None else micro(self.daily),
            None if self.monthly is None else micro(self.monthly),
            self.is_cutting,
        )


class SpendLimitOut(Shape):
    """A wallet's spending limit, and what was spent: charges, corrections, money that was sent elsewhere."""

    wallet_id: Id
    daily: Money | None
    monthly: Money | None
    is_cutting: bool
    spent_today: Money
    spent_this_month: Money
    is_reached: bool = Field(description="Whether a limit binds now; consumption is never refused")
    set_by: str = Field(examples=["staff:console"])
    updated_at: Instant


def spend_limit_out(
    row: SpendLimit, *, limit: domain.SpendLimit, spent: Spent, currency: str
) -> SpendLimitOut:
    """Return a limit as JSON shows it."""

    def shown(amount_micro: int | None) -> Money | None:
        return None if amount_micro is None else money(amount_micro, currency=currency)

    return SpendLimitOut(
        wallet_id=row.wallet_id,
        daily=shown(row.daily_micro),
        monthly=shown(row.monthly_micro),
        is_cutting=row.is_cutting,
        spent_today=money(spent.of(Span.DAY), currency=currency),
        spent_this_month=money(spent.of(Span.MONTH), currency=currency),
        is_reached=bool(reached_spans(limit, spent=spent)),
        set_by=row.set_by,
        updated_at=row.updated_at,
    )
