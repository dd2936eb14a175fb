"""Shapes of what an explanation tells beside its lines: why it was charged again, who moved money."""

from datetime import date

from pydantic import Field

from mita.charging.domain.causes import Cause, CauseCode
from mita.charging.domain.explained import Explained, MoverKind
from mita.kit.shapes import Id, Instant, Money, Shape, money
from mita.ledger.domain.chart import AccountWords


class CauseOut(Shape):
    """Why a past was charged again; ``text`` is what is kept of it, in English.

    Of ``rate_table``: which one was assigned, and for which local dates; without ``until_on`` it goes on.
    """

    code: CauseCode = Field(examples=["late_reading"])
    text: str = Field(examples=["late reading"])
    rate_table_id: Id | None = Field(examples=[None])
    from_on: date | None = Field(examples=[None])
    until_on: date | None = Field(examples=[None])


class MoverOut(Shape):
    """Who moved money; ``is_support``: staff acted for the person."""

    kind: MoverKind = Field(examples=["person"])
    name: str | None = Field(examples=["Thandi Nkosi"], description="Of a person, where the name is known")
    is_support: bool


class AccountWordsOut(Shape):
    """An account in words: its name in English, and what the name is made of."""

    name: str = Field(examples=["Wallet of A101, electricity"])
    what: str = Field(
        examples=["wallet"],
        description="wallet, group, emergency, debt, income, tax, clearing, transfers, bank, suspense,"
        " payable, occupancy, vacancy, promotion, adjustments or other",
    )
    whose: str | None = Field(examples=["A101"], description="The unit, the group or the payee")
    utility: str | None = Field(examples=["electricity"])
    role: str | None = Field(examples=[None], description="Of income, where it is not of the supply")
    way: str | None = Field(examples=[None], description="How money came, such as cash or eft")


class BesideOut(Shape):
    """What of the same money went elsewhere in the wallet, or to what it owed."""

    account: AccountWordsOut
    amount: Money


class ReversedOut(Shape):
    """The entry of the same account that a reversal mirrors; only its number where it was archived."""

    seq: int = Field(examples=[4])
    kind: str | None = Field(examples=["top_up"])
    amount: Money | None
    event_at: Instant | None


def causes_out(causes: tuple[Cause, ...]) -> list[CauseOut]:
    return [
        CauseOut(
            code=each.code,
            text=each.text,
            rate_table_id=each.rate_table_id,
            from_on=each.from_on,
            until_on=each.until_on,
        )
        for each in causes
    ]


def mover_out(told: Explained) -> MoverOut | None:
    if told.mover is None:
        return None
    return MoverOut(kind=told.mover.kind, name=told.mover.name or None, is_support=told.mover.is_support)


def account_out(each: AccountWords) -> AccountWordsOut:
    return AccountWordsOut(
        name=each.name,
        what=each.what,
        whose=each.whose or None,
        utility=each.utility or None,
        role=each.role or None,
        way=each.way or None,
    )


def reversed_out(told: Explained) -> ReversedOut | None:
    if told.of_seq is None:
        return None
    was = told.of
    return ReversedOut(
        seq=told.of_seq,
        kind=was.kind if was else None,
        amount=money(was.amount_micro, currency=told.currency) if was else None,
        event_at=was.event_at if was else None,
    )
