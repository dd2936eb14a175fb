"""Shapes of what staff does to the books: transfers to the bank, holds, adjustments, closed months, rules."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from mita.kit.shapes import (
    Amount,
    Id,
    Instant,
    Money,
    PositiveAmount,
    Shape,
    Text,
    money,
)
from mita.ledger.domain import LedgerLimits
from mita.ledger.models import Adjustment, AdjustmentDecision, Hold, HoldResolution, Period
from mita.ledger.queries import Clearing
from mita.ledger.schemas.books import Month

Reason = Text
_REASON = Field(examples=["Paid in at the wrong unit"], description="Kept with the journal for ever")
Method = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Payee = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")]


class HoldIn(Shape):
    """Money to authorise."""

    account_id: Id
    amount: PositiveAmount = Field(examples=["50.00"])
    purpose: Text = Field(examples=["Call-out of an electrician"])
    expires_at: Instant


class ResolveIn(Shape):
    """How a hold ends: what is taken goes to the payee, the rest is released."""

    amount: PositiveAmount = Field(examples=["35.00"], description="0 releases all of it")
    payee: Payee | None = Field(default=None, examples=["electrician"], description="Needed if any is taken")


HoldState = Literal["open", "taken", "released", "expired"]


class HoldOut(Shape):
    """A hold and how it ended, if it has."""

    hold_id: UUID
    account_id: Id
    amount: Money
    purpose: str = Field(examples=["Call-out of an electrician"])
    state: HoldState
    taken: Money
    journal_id: UUID | None
    actor: str = Field(examples=["staff:console"])
    placed_at: Instant
    expires_at: Instant


class AdjustmentIn(Shape):
    """A change of a balance by hand: plus gives, minus takes."""

    account_id: Id
    amount: Amount = Field(examples=["-12.50"])
    reason: Reason = _REASON


class DecisionIn(Shape):
    """What a second person says of an adjustment."""

    approve: bool = Field(examples=[True])


AdjustmentState = Literal["waiting", "approved", "refused"]


class AdjustmentOut(Shape):
    """An adjustment and what was decided of it."""

    adjustment_id: UUID
    account_id: Id
    amount: Money
    reason: str = _REASON
    state: AdjustmentState
    journal_id: UUID | None
    asked_by: str = Field(examples=["staff:console"])
    asked_at: Instant
    decided_by: str | None = Field(examples=["staff:second"])
    decided_at: Instant | None


class BankingIn(Shape):
    """That money of a clearing account reached the bank, or left it."""

    amount: PositiveAmount = Field(examples=["1250.00"])
    direction: Literal["to_bank", "from_bank"] = Field(examples=["to_bank"])
    reference: Text = Field(examples=["Deposit slip 88"])


class BankingOut(Shape):
    """What a banking did."""

    journal_id: UUID
    balance: Money = Field(description="Of the clearing account; zero when everything is banked")
    is_repeat: bool


class ClearingOut(Shape):
    """A clearing account: what stands on it, and since when the oldest of it does."""

    account_id: Id
    method: str = Field(examples=["cash"])
    balance: Money = Field(description="Minus: received and not yet banked; plus: paid out and not yet sent")
    since: Instant | None = Field(description="When the oldest money that still stands there came")
    is_overdue: bool


class Clearings(Shape):
    """All clearing accounts of an estate."""

    items: list[ClearingOut]


class LedgerRuleIn(Shape):
    """An estate's rules for its books."""

    adjustment_limit: PositiveAmount = Field(
        examples=["100.00"], description="What one person may adjust alone"
    )
    clearing_due_hours: Annotated[int, Field(ge=1, le=8760)] = Field(
        examples=[72], description="How long money may stand on a clearing account"
    )


class LedgerRuleOut(Shape):
    """An estate's rules for its books."""

    adjustment_limit: Money
    clearing_due_hours: int = Field(examples=[72])


class PeriodOut(Shape):
    """A month of the books. One that is not listed and comes after the listed ones is open."""

    period: str = Field(examples=["2026-10"])
    state: Literal["closing", "locked"]
    closed_by: str = Field(examples=["staff:console"])
    closing_at: Instant
    locked_at: Instant | None
    entries: int | None = Field(examples=[12_480])
    turnover: Money | None = Field(description="Sum of the entries above zero")


class Periods(Shape):
    """The closed months, newest first; ``first_open`` takes what is booked now, if that is later."""

    items: list[PeriodOut]
    first_open: str | None = Field(examples=["2026-11"])


class CloseIn(Shape):
    """The month to close, and every month before it."""

    period: Month = Field(examples=["2026-10"])


def hold_out(row: Hold, *, resolution: HoldResolution | None, currency: str) -> HoldOut:
    """Return a hold as JSON shows it."""
    return HoldOut(
        hold_id=row.hold_id,
        account_id=row.account_id,
        amount=money(row.amount_micro, currency=currency),
        purpose=row.purpose,
        state=_hold_state(resolution),
        taken=money(0 if resolution is None else resolution.taken_micro, currency=currency),
        journal_id=None if resolution is None else resolution.journal_id,
        actor=row.actor,
        placed_at=row.placed_at,
        expires_at=row.expires_at,
    )


def _hold_state(resolution: HoldResolution | None) -> HoldState:
    states: dict[str, HoldState] = {"taken": "taken", "released": "released", "expired": "expired"}
    return "open" if resolution is None else states[resolution.outcome]


def adjustment_out(row: Adjustment, *, decision: AdjustmentDecision | None, currency: str) -> AdjustmentOut:
    """Return an adjustment as JSON shows it."""
    state: AdjustmentState = "waiting"
    if decision is not None:
        state = "approved" if decision.is_approved else "refused"
    return AdjustmentOut(
        adjustment_id=row.adjustment_id,
        account_id=row.account_id,
        amount=money(row.amount_micro, currency=currency),
        reason=row.reason,
        state=state,
        journal_id=None if decision is None else decision.journal_id,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        decided_by=None if decision is None else decision.decided_by,
        decided_at=None if decision is None else decision.decided_at,
    )


def rule_out(limits: LedgerLimits, *, currency: str) -> LedgerRuleOut:
    """Return an estate's rules as JSON shows them."""
    return LedgerRuleOut(
        adjustment_limit=money(limits.adjustment_limit_micro, currency=currency),
        clearing_due_hours=limits.clearing_due_hours,
    )


def periods_out(rows: Sequence[Period], *, first_open: str | None, currency: str) -> Periods:
    """Return the closed months as JSON shows them."""
    return Periods(items=[period_out(row, currency=currency) for row in rows], first_open=first_open)


def period_out(row: Period, *, currency: str) -> PeriodOut:
    """Return a closed month as JSON shows it."""
    turnover = None if row.turnover_micro is None else money(row.turnover_micro, currency=currency)
    return PeriodOut(
        period=f"{row.period:%Y-%m}",
        state="closing" if row.locked_at is None else "locked",
        closed_by=row.closed_by,
        closing_at=row.closing_at,
        locked_at=row.locked_at,
        entries=row.entries,
        turnover=turnover,
    )


def clearing_out(row: Clearing, *, now: datetime, currency: str) -> ClearingOut:
    """Return a clearing account as JSON shows it."""
    return ClearingOut(
        account_id=row.account_id,
        method=row.method,
        balance=money(row.balance_micro, currency=currency),
        since=row.since,
        is_overdue=row.is_overdue(now),
    )
