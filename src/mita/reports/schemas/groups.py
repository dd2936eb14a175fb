"""Shapes of what a group's wallets hold, lack and spend."""

from pydantic import Field

from mita.kit.shapes import Id, Money, Shape, money
from mita.reports.domain import Lasting

_LASTS = Field(
    description="Whole days, at what was charged in the days counted; null where nothing was, or too little"
    " is known",
    examples=[6],
)


class GroupWallet(Shape):
    """A wallet of a group."""

    wallet_id: Id
    unit_id: Id
    name: str = Field(description="Of its unit", examples=["A101"])
    balance: Money = Field(description="Of all its accounts, now")
    target: Money | None = Field(description="Its own, or that of the group's distribution rule")
    lacking: Money = Field(description="What brings the balance to the target")
    spent: Money = Field(description="Charged in the days counted, tax included")
    days_left: int | None = _LASTS


class GroupTotal(Shape):
    """All wallets of a group together."""

    balance: Money
    lacking: Money
    spent: Money
    days_left: int | None = _LASTS


class GroupSummary(Shape):
    """A group's own money, and what its wallets hold, lack and spend."""

    group_id: Id
    name: str = Field(examples=["The Mokoenas"])
    days_counted: int = Field(
        description="Whole local days before today; of a younger home those since its first reading",
        examples=[28],
    )
    available: Money = Field(description="What the group can distribute: its own balance, less what is held")
    is_enough: bool = Field(description="Whether that covers all that is lacking")
    wallets: list[GroupWallet] = Field(description="By wallet")
    total: GroupTotal


def wallet_out(
    found: Lasting, *, wallet_id: int, unit: tuple[int, str], target_micro: int | None, currency: str
) -> GroupWallet:
    """Return a wallet of a group as JSON shows it; ``unit`` is its id and name."""
    return GroupWallet(
        wallet_id=wallet_id,
        unit_id=unit[0],
        name=unit[1],
        balance=money(found.balance_micro, currency=currency),
        target=None if target_micro is None else money(target_micro, currency=currency),
        lacking=money(lacking_micro(found, target_micro=target_micro), currency=currency),
        spent=money(found.charged_micro, currency=currency),
        days_left=found.days,
    )


def lacking_micro(found: Lasting, *, target_micro: int | None) -> int:
    """Return what brings a balance to a target, in micro-money."""
    return 0 if target_micro is None else max(0, target_micro - found.balance_micro)
