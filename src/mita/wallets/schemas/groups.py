"""Request and response shapes of groups, their top-ups and distributions."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from mita.kit.errors import Invalid
from mita.kit.shapes import Amount, Currency, Id, Instant, Money, PositiveAmount, Shape, Text, micro, money
from mita.wallets.domain import Distribution, StandingOrder, Way
from mita.wallets.models import WalletGroup
from mita.wallets.operations import Distributed
from mita.wallets.queries import GroupBalance
from mita.wallets.schemas.accounts import Reference

# hundredths of a percent are kept exactly
Percent = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}(\.[0-9]{1,2})?$")]
_MICRO_PER_HUNDREDTH = 10_000
_PARTS_MAX = 200


class GroupIn(Shape):
    """A new group."""

    name: Text = Field(examples=["The Mokoenas"])
    owner_person_id: Id | None = Field(
        default=None,
        description="Staff names the owner, or leaves it to the estate; a person owns what it makes",
    )


class MemberIn(Shape):
    """A wallet that joins a group."""

    wallet_id: Id


class MemberOut(Shape):
    """A wallet of a group and what all its accounts hold."""

    wallet_id: Id
    balance: Money


class DistributionRuleIn(Shape):
    """Wallets whose total is below the threshold are brought to the target while the group has money."""

    is_on: bool
    threshold: Amount = Field(examples=["50.00"])
    target: Amount = Field(description="Not below the threshold", examples=["150.00"])

    def order(self) -> StandingOrder:
        """Return it as the domain has it."""
        return StandingOrder(self.is_on, micro(self.threshold), micro(self.target))


class DistributionRuleOut(Shape):
    """A group's distribution rule."""

    is_on: bool
    threshold: Money
    target: Money


class GroupOut(Shape):
    """A group: its own money, its wallets', and both together."""

    group_id: Id
    name: str = Field(examples=["The Mokoenas"])
    owner_person_id: Id | None = Field(description="null: it is the estate's")
    account_id: Id
    balance: Money = Field(description="What the group itself has")
    total: Money = Field(description="The group and all its wallets")
    members: list[MemberOut]
    distribution_rule: DistributionRuleOut | None
    created_at: Instant


class GroupLeft(Shape):
    """A wallet that left a group."""

    group_id: Id
    wallet_id: Id
    left_at: Instant


class GroupTopUpIn(Shape):
    """A receipt that staff books to a group by hand."""

    amount: PositiveAmount = Field(examples=["2000.00"], description="Above zero, at most 1,000,000,000")
    currency: Currency | None = Field(
        default=None, description="If given, it must be the estate's", examples=["ZAR"]
    )
    method: Literal["cash", "eft"] = Field(examples=["eft"])
    reference: Reference = Field(default="", examples=["Receipt 1043"])


class GroupTopUpOut(Shape):
    """What a top-up did. ``is_repeat``: the key had been carried out before, and nothing moved this time."""

    journal_id: UUID
    account_id: Id
    balance: Money
    is_repeat: bool


class ShareIn(Shape):
    """A wallet's part in percent."""

    wallet_id: Id
    percent: Percent = Field(description="At most two decimals", examples=["33.33"])


class PartIn(Shape):
    """A wallet's part as an amount."""

    wallet_id: Id
    amount: PositiveAmount = Field(examples=["100.00"])


class DistributionIn(Shape):
    """How to distribute: equally, by need up to a target for each wallet, by percent, or by amounts."""

    way: Literal["equal", "need", "percent", "amounts"] = Field(examples=["equal"])
    total: PositiveAmount | None = Field(
        default=None, description="How much; without it all that is available", examples=["500.00"]
    )
    target: Amount | None = Field(
        default=None, description="Of `need`: what each wallet is brought to", examples=["150.00"]
    )
    percents: list[ShareIn] = Field(default=[], max_length=_PARTS_MAX)
    amounts: list[PartIn] = Field(default=[], max_length=_PARTS_MAX)

    def distribution(self) -> Distribution:
        """Return it as the domain has it.

        :raises mita.kit.errors.Invalid: if it names a wallet twice, or parts that belong to another way
        """
        _refuse_twice("percents", [each.wallet_id for each in self.percents])
        _refuse_twice("amounts", [each.wallet_id for each in self.amounts])
        if (self.percents and self.way != "percent") or (self.amounts and self.way != "amounts"):
            raise _invalid("way", "percents belong to percent, and amounts to amounts")
        shares = {each.wallet_id: micro(each.percent) // _MICRO_PER_HUNDREDTH for each in self.percents}
        amounts = {each.wallet_id: micro(each.amount) for each in self.amounts}
        return Distribution(
            Way(self.way),
            total_micro=None if self.total is None else micro(self.total),
            target_micro=None if self.target is None else micro(self.target),
            parts={**shares, **amounts},
        )


def _refuse_twice(field: str, wallet_ids: list[int]) -> None:
    if len(set(wallet_ids)) < len(wallet_ids):
        raise _invalid(field, "must name each wallet once")


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(f"body.{field}: {message}", problems=[{"path": f"body.{field}", "message": message}])


class PartOut(Shape):
    """What a wallet gets or got."""

    wallet_id: Id
    amount: Money


class DistributionOut(Shape):
    """What a distribution does or did; ``journal_id`` is null in a preview, which moves nothing."""

    group_id: Id
    is_preview: bool
    is_repeat: bool
    journal_id: UUID | None
    total: Money
    parts: list[PartOut]


def group_out(
    row: WalletGroup, *, balance: GroupBalance, rule: StandingOrder | None, currency: str
) -> GroupOut:
    """Return a group with its money as JSON shows it."""
    return GroupOut(
        group_id=row.group_id,
        name=row.name,
        owner_person_id=row.owner_person_id,
        account_id=row.account_id,
        balance=money(balance.own_micro, currency=currency),
        total=money(balance.total_micro, currency=currency),
        members=[
            MemberOut(wallet_id=wallet_id, balance=money(total, currency=currency))
            for wallet_id, total in sorted(balance.wallets_micro.items())
        ],
        distribution_rule=None if rule is None else rule_out(rule, currency=currency),
        created_at=row.created_at,
    )


def rule_out(rule: StandingOrder, *, currency: str) -> DistributionRuleOut:
    """Return a distribution rule as JSON shows it."""
    return DistributionRuleOut(
        is_on=rule.is_on,
        threshold=money(rule.threshold_micro, currency=currency),
        target=money(rule.target_micro, currency=currency),
    )


def distribution_out(done: Distributed, *, group_id: int, is_preview: bool, currency: str) -> DistributionOut:
    """Return a distribution as JSON shows it."""
    return DistributionOut(
        group_id=group_id,
        is_preview=is_preview,
        is_repeat=done.is_repeat,
        journal_id=done.journal_id,
        total=money(sum(done.parts_micro.values()), currency=currency),
        parts=[
            PartOut(wallet_id=wallet_id, amount=money(part, currency=currency))
            for wallet_id, part in sorted(done.parts_micro.items())
        ],
    )
