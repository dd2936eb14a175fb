"""Request and response shapes of credit control."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from mita.credit.domain import Rule
from mita.credit.models import Supply, SupplyCommand
from mita.kit.shapes import Amount, Id, Instant, Money, Shape, UtilityWord, micro, money

CommandState = Literal["asked", "queued", "sent", "acknowledged", "confirmed", "failed"]


class RuleIn(Shape):
    """An estate's lines for one utility, in money of the estate; debts are negative."""

    is_cutting: bool = Field(
        description="Whether supplies are switched; without it the cut line is only told"
    )
    low_line: Amount = Field(examples=["50.00"], description="At or below: low")
    cut_line: Amount = Field(examples=["0.00"], description="At or below: out")
    restore_line: Amount = Field(examples=["10.00"], description="At or above: back in credit")

    def rule(self, utility: str) -> Rule:
        """Return the rule for the operation."""
        return Rule(
            utility, self.is_cutting, micro(self.low_line), micro(self.cut_line), micro(self.restore_line)
        )


class RuleOut(Shape):
    """An estate's rule for a utility; ``is_default`` if the estate has set none."""

    utility: UtilityWord
    is_cutting: bool
    low_line: Money
    cut_line: Money
    restore_line: Money
    is_default: bool


class Rules(Shape):
    """The rules of all utilities."""

    items: list[RuleOut]


class CommandOut(Shape):
    """An order to a device to switch a supply; only ``confirmed`` changes what is known of the supply."""

    command_id: UUID
    unit_id: Id
    utility: UtilityWord
    action: Literal["off", "on"]
    state: CommandState
    reason: str = Field(examples=["the balance is used up"])
    balance: Money = Field(description="When it was asked")
    asked_at: Instant
    changed_at: Instant
    expires_at: Instant


class SupplyOut(Shape):
    """What a device has said of a supply."""

    unit_id: Id
    utility: UtilityWord
    is_on: bool
    since: Instant
    command_id: UUID


class Supplies(Shape):
    """All supplies that a device has spoken of; every other one is on."""

    items: list[SupplyOut]


def rule_out(rule: Rule, *, currency: str, is_default: bool) -> RuleOut:
    """Return a rule as JSON shows it."""
    return RuleOut(
        utility=rule.utility,
        is_cutting=rule.is_cutting,
        low_line=money(rule.low_micro, currency=currency),
        cut_line=money(rule.cut_micro, currency=currency),
        restore_line=money(rule.restore_micro, currency=currency),
        is_default=is_default,
    )


def command_out(row: SupplyCommand, *, currency: str) -> CommandOut:
    """Return a supply command as JSON shows it."""
    return CommandOut(
        command_id=row.command_id,
        unit_id=row.unit_id,
        utility=row.utility,
        action=row.action,
        state=row.state,
        reason=row.reason,
        balance=money(row.balance_micro, currency=currency),
        asked_at=row.asked_at,
        changed_at=row.changed_at,
        expires_at=row.expires_at,
    )


def supply_out(row: Supply) -> SupplyOut:
    """Return a supply as JSON shows it."""
    return SupplyOut(
        unit_id=row.unit_id, utility=row.utility, is_on=row.is_on, since=row.since, command_id=row.command_id
    )
