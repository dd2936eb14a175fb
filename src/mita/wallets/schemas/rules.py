"""Shapes of a wallet's rules: allocation, promotions, emergency credit, debt, targets."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from mita.kit.money import MICRO, format_cents, parse_micro
from mita.kit.shapes import (
    Amount,
    Id,
    Instant,
    Money,
    PositiveAmount,
    Shape,
    Text,
    UtilityWord,
    micro,
    money,
)
from mita.wallets.domain import Allocation, AllocationRules, Emergency, Target
from mita.wallets.models import DebtPlan, Promotion, PromotionEnd, TopUpRequest
from mita.wallets.operations import Grant, SetAside
from mita.wallets.schemas.accounts import AccountWord

AllocationKind = Literal["general", "percentages", "arrears_first"]
Who = Literal["staff", "manage", "top_up"]
RequestState = Literal["open", "met", "withdrawn"]
Percent = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}(\.[0-9]{1,2})?$")]
_HUNDREDTH = MICRO // 100


class AllocationIn(Shape):
    """How a top-up is spread over a wallet's accounts."""

    kind: AllocationKind = Field(
        description="All to the general account, by percentages, or arrears first and the rest to general"
    )
    shares: dict[UtilityWord, Percent] = Field(
        default_factory=dict,
        description="Of percentages: what each utility gets; the rest goes to the general account",
        examples=[{"electricity": "60", "water": "30"}],
    )

    def allocation(self) -> Allocation:
        """Return it as the domain has it."""
        return Allocation(
            self.kind, {word: parse_micro(share) // _HUNDREDTH for word, share in self.shares.items()}
        )


class AllocationRuleIn(AllocationIn):
    """An estate's rule for top-ups, and what the general account pays to a utility that runs short."""

    residents_may_choose: bool = Field(description="Whether a wallet's resident may choose another way")
    cover: PositiveAmount = Field(
        default="100.00",
        description="How far above its lines a utility is lifted when the general account covers it",
        examples=["100.00"],
    )

    def rules(self) -> AllocationRules:
        """Return it as the domain has it."""
        return AllocationRules(self.allocation(), self.residents_may_choose, micro(self.cover))


class AllocationOut(Shape):
    """How a top-up is spread; ``kind`` null: a wallet of one utility gets all there, others arrears first."""

    kind: AllocationKind | None
    shares: dict[UtilityWord, str] = Field(examples=[{"electricity": "60.00", "water": "30.00"}])


class AllocationRuleOut(AllocationOut):
    """An estate's rule for top-ups and cover."""

    residents_may_choose: bool
    cover: Money


class WalletAllocationOut(AllocationOut):
    """How a wallet's top-ups are spread now."""

    is_chosen: bool = Field(description="Whether its resident chose so; without it the estate's rule counts")
    residents_may_choose: bool


class PlaceIn(Shape):
    """Where money goes; without a wallet it stays in the same one."""

    wallet_id: Id | None = None
    utility: AccountWord = Field(examples=["water"])


class TransferIn(Shape):
    """Money to move from one account of the wallet to another, of this wallet or of another."""

    from_utility: AccountWord = Field(examples=["general"])
    to: PlaceIn
    amount: PositiveAmount = Field(examples=["50.00"])
    memo: Text = Field(examples=["Water before the holidays"])


class PayOutIn(Shape):
    """Money to give back to a person."""

    utility: AccountWord = Field(examples=["general"])
    amount: PositiveAmount = Field(examples=["50.00"])
    memo: Text = Field(examples=["Moved out on 31 March"])


class MovedOut(Shape):
    """What an order did. ``is_repeat``: the key had been carried out before, and nothing moved this time."""

    journal_id: UUID
    amount: Money
    balance: Money = Field(description="Of the account that gave or got it, now")
    is_repeat: bool


class PromotionIn(Shape):
    """Promotional credit: spent before other money, and gone after its time."""

    amount: PositiveAmount = Field(examples=["25.00"])
    utility: UtilityWord | None = Field(
        default=None, description="Needed if the wallet has several", examples=["electricity"]
    )
    expires_at: Instant
    reason: Text = Field(examples=["Welcome"])

    def grant(self, wallet_id: int) -> Grant:
        """Return it for the operation."""
        return Grant(wallet_id, micro(self.amount), self.expires_at, self.reason, self.utility)


class PromotionOut(Shape):
    """Promotional credit and what is left of it."""

    promotion_id: UUID
    utility: UtilityWord
    amount: Money
    spent: Money
    remaining: Money
    expires_at: Instant
    ended_at: Instant | None
    reason: str = Field(examples=["Welcome"])
    granted_at: Instant


class Promotions(Shape):
    """A wallet's promotions, newest first."""

    items: list[PromotionOut]


class EmergencyRuleIn(Shape):
    """How much emergency credit a wallet may draw at once, and who may draw it."""

    is_on: bool
    amount: PositiveAmount = Field(examples=["30.00"])
    who: Who = Field(description="Staff, or who has the right to manage or to top up the wallet")

    def rule(self) -> Emergency:
        """Return it as the domain has it."""
        return Emergency(self.is_on, micro(self.amount), self.who)


class EmergencyRuleOut(Shape):
    """An estate's rule for emergency credit."""

    is_on: bool
    amount: Money
    who: Who


class DrawIn(Shape):
    """Which utility the emergency credit is for."""

    utility: UtilityWord | None = Field(
        default=None, description="Needed if the wallet has several", examples=["electricity"]
    )


class DebtPlanIn(Shape):
    """Arrears to set aside, and the part of each top-up that recovers them."""

    percent_of_top_ups: int = Field(ge=1, le=100, examples=[20])
    utility: UtilityWord | None = Field(
        default=None, description="Needed if the wallet has several", examples=["electricity"]
    )
    amount: PositiveAmount | None = Field(
        default=None, description="All of the arrears unless given", examples=["120.00"]
    )

    def asked(self, wallet_id: int) -> SetAside:
        """Return it for the operation."""
        amount = None if self.amount is None else micro(self.amount)
        return SetAside(wallet_id, self.percent_of_top_ups, self.utility, amount)


class DebtPlanOut(Shape):
    """A plan by which a debt is paid back; ``ended_at`` is when it was, or another plan took its place."""

    plan_id: UUID
    percent_of_top_ups: int = Field(examples=[20])
    set_by: str = Field(examples=["staff:console"])
    set_at: Instant
    ended_at: Instant | None


class DebtsOut(Shape):
    """What a wallet owes, and its plans, newest first."""

    emergency: Money = Field(description="Emergency credit: the next top-up repays it first")
    debt: Money = Field(description="Arrears that were set aside")
    plans: list[DebtPlanOut]


class TargetIn(Shape):
    """Below the minimum the wallet asks for what brings the total of its accounts to the target."""

    is_on: bool = True
    minimum: Amount = Field(examples=["50.00"])
    target: Amount = Field(description="At least the minimum", examples=["200.00"])

    def balance_target(self) -> Target:
        """Return it as the domain has it."""
        return Target(micro(self.minimum), micro(self.target), self.is_on)


class TargetOut(Shape):
    """A wallet's target; minimum and target are null if none was ever set."""

    is_on: bool
    minimum: Money | None
    target: Money | None


class TopUpRequestOut(Shape):
    """That a wallet asks, or asked, for a top-up."""

    request_id: UUID
    amount: Money
    state: RequestState
    asked_at: Instant
    ended_at: Instant | None


def shown_shares(allocation: Allocation | None) -> dict[str, str]:
    """Return shares as JSON shows them, in percent."""
    shares = {} if allocation is None else dict(allocation.shares)
    return {word: format_cents(share * _HUNDREDTH) for word, share in sorted(shares.items())}


def allocation_rule_out(rules: AllocationRules, *, currency: str) -> AllocationRuleOut:
    """Return an estate's rule as JSON shows it."""
    return AllocationRuleOut.model_validate(
        {
            "kind": None if rules.allocation is None else rules.allocation.kind,
            "shares": shown_shares(rules.allocation),
            "residents_may_choose": rules.residents_may_choose,
            "cover": money(rules.cover_micro, currency=currency),
        }
    )


def wallet_allocation_out(
    allocation: Allocation | None, *, is_chosen: bool, residents_may_choose: bool
) -> WalletAllocationOut:
    """Return how a wallet's top-ups are spread as JSON shows it."""
    return WalletAllocationOut.model_validate(
        {
            "kind": None if allocation is None else allocation.kind,
            "shares": shown_shares(allocation),
            "is_chosen": is_chosen,
            "residents_may_choose": residents_may_choose,
        }
    )


def promotion_out(
    row: Promotion, *, end: PromotionEnd | None, amounts: tuple[int, int], utility: str, currency: str
) -> PromotionOut:
    """Return a promotion as JSON shows it; ``amounts`` are what was spent of it and what is left."""
    return PromotionOut(
        promotion_id=row.promotion_id,
        utility=utility,
        amount=money(row.amount_micro, currency=currency),
        spent=money(amounts[0], currency=currency),
        remaining=money(amounts[1], currency=currency),
        expires_at=row.expires_at,
        ended_at=None if end is None else end.ended_at,
        reason=row.reason,
        granted_at=row.granted_at,
    )


def emergency_rule_out(rule: Emergency, *, currency: str) -> EmergencyRuleOut:
    """Return an estate's rule for emergency credit as JSON shows it."""
    return EmergencyRuleOut(
        is_on=rule.is_on, amount=money(rule.amount_micro, currency=currency), who=rule.who
    )


def debt_plan_out(row: DebtPlan) -> DebtPlanOut:
    """Return a plan as JSON shows it."""
    return DebtPlanOut(
        plan_id=row.plan_id,
        percent_of_top_ups=row.percent_of_top_ups,
        set_by=row.set_by,
        set_at=row.set_at,
        ended_at=row.ended_at,
    )


def target_out(target: Target | None, *, currency: str) -> TargetOut:
    """Return a wallet's target as JSON shows it."""
    if target is None:
        return TargetOut(is_on=False, minimum=None, target=None)
    return TargetOut(
        is_on=target.is_on,
        minimum=money(target.minimum_micro, currency=currency),
        target=money(target.target_micro, currency=currency),
    )


def top_up_request_out(row: TopUpRequest, *, currency: str) -> TopUpRequestOut:
    """Return a request as JSON shows it."""
    return TopUpRequestOut(
        request_id=row.request_id,
        amount=money(row.amount_micro, currency=currency),
        state=row.state,
        asked_at=row.asked_at,
        ended_at=row.ended_at,
    )
