"""Request and response shapes of credit control."""

from datetime import datetime, time
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from mita.credit.domain import LIMIT_W_MAX, FriendlyHours, Rule
from mita.credit.models import Supply, SupplyCommand, SupplyStop
from mita.kit.shapes import Amount, Id, Instant, Money, Shape, Text, UtilityWord, micro, money

CommandState = Literal["asked", "queued", "sent", "acknowledged", "confirmed", "failed"]
CauseWord = Literal["balance", "spend_limit", "staff", "event"]
Watts = Annotated[int, Field(ge=1, le=LIMIT_W_MAX, examples=[2000])]
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Subdivision = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,40}$")]


class RuleIn(Shape):
    """An estate's lines for one utility, in money of the estate; debts are negative."""

    is_cutting: bool = Field(
        description="Whether supplies are switched; without it the cut line is only told"
    )
    low_line: Amount = Field(examples=["50.00"], description="At or below: low")
    cut_line: Amount = Field(examples=["0.00"], description="At or below: out")
    restore_line: Amount = Field(examples=["10.00"], description="At or above: back in credit")
    lifeline_w: Watts | None = Field(
        default=None,
        examples=[500],
        description="Electricity only: who is out is held to this power where a device can, and not cut",
    )

    def rule(self, utility: str) -> Rule:
        """Return the rule for the operation."""
        return Rule(
            utility,
            self.is_cutting,
            micro(self.low_line),
            micro(self.cut_line),
            micro(self.restore_line),
            self.lifeline_w,
        )


class RuleOut(Shape):
    """An estate's rule for a utility; ``is_default`` if the estate has set none."""

    utility: UtilityWord
    is_cutting: bool
    low_line: Money
    cut_line: Money
    restore_line: Money
    lifeline_w: Watts | None = Field(description="What who is out is held to instead of being cut")
    is_default: bool


class Rules(Shape):
    """The rules of all utilities."""

    items: list[RuleOut]


class CommandOut(Shape):
    """An order to a device to switch or limit a supply; only ``confirmed`` changes what is known of it."""

    command_id: UUID
    unit_id: Id
    utility: UtilityWord
    action: Literal["off", "on", "limit", "lift"]
    limit_w: Watts | None = Field(description="What the supply is to be held to, of a limit")
    state: CommandState
    reason: str = Field(examples=["the balance is used up"])
    failure: str = Field(default="", description="Why it failed; empty if it did not", examples=[""])
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


class StopIn(Shape):
    """Staff stops a supply."""

    utility: UtilityWord
    reason: Text = Field(examples=["Water in the distribution board"])


class StopOut(Shape):
    """One cause for which a supply is off, or will be: it is on again when no cause is left."""

    unit_id: Id
    utility: UtilityWord
    cause: CauseWord
    reason: str = Field(examples=["the balance is used up"])
    set_by: str = Field(examples=["system:credit"])
    since: Instant
    due_at: Instant = Field(description="When it takes effect: friendly hours defer it")
    until: Instant | None = Field(description="When it ends by itself, if it does")
    is_asked: bool = Field(description="Whether it has taken effect")


class Stops(Shape):
    """What stops supplies, by unit, utility and cause."""

    items: list[StopOut]


class FriendlyHoursIn(Shape):
    """When an estate cuts nothing for money, by the wall clock of its zone."""

    is_on: bool
    night_from: ClockTime | None = Field(default=None, examples=["22:00"])
    night_until: ClockTime | None = Field(
        default=None, description="Before this time; over midnight if it is earlier", examples=["06:00"]
    )
    weekends: bool = Field(default=False, description="Saturdays and Sundays")
    holidays_country: Country | None = Field(
        default=None, description="ISO 3166 code of the country whose public holidays count", examples=["ZA"]
    )
    holidays_subdivision: Subdivision | None = Field(
        default=None, description="A part of the country with holidays of its own", examples=[None]
    )

    def hours(self) -> FriendlyHours:
        """Return the rule for the operation."""
        return FriendlyHours(
            is_on=self.is_on,
            night_from=None if self.night_from is None else time.fromisoformat(self.night_from),
            night_until=None if self.night_until is None else time.fromisoformat(self.night_until),
            weekends=self.weekends,
            holidays_country=self.holidays_country,
            holidays_subdivision=self.holidays_subdivision,
        )


class FriendlyHoursOut(Shape):
    """When an estate cuts nothing for money, and when it may do so next."""

    is_on: bool
    night_from: ClockTime | None = Field(examples=["22:00"])
    night_until: ClockTime | None = Field(examples=["06:00"])
    weekends: bool
    holidays_country: Country | None = Field(examples=["ZA"])
    holidays_subdivision: str | None = Field(examples=[None])
    next_cut_at: Instant = Field(description="Now, or the end of the friendly hours that last")


def rule_out(rule: Rule, *, currency: str, is_default: bool) -> RuleOut:
    """Return a rule as JSON shows it."""
    return RuleOut(
        utility=rule.utility,
        is_cutting=rule.is_cutting,
        low_line=money(rule.low_micro, currency=currency),
        cut_line=money(rule.cut_micro, currency=currency),
        restore_line=money(rule.restore_micro, currency=currency),
        lifeline_w=rule.lifeline_w,
        is_default=is_default,
    )


def command_out(row: SupplyCommand, *, currency: str) -> CommandOut:
    """Return a supply command as JSON shows it."""
    return CommandOut(
        command_id=row.command_id,
        unit_id=row.unit_id,
        utility=row.utility,
        action=row.action,
        limit_w=row.limit_w,
        state=row.state,
        reason=row.reason,
        failure=row.failure,
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


def stop_out(row: SupplyStop) -> StopOut:
    """Return a stop as JSON shows it."""
    return StopOut(
        unit_id=row.unit_id,
        utility=row.utility,
        cause=row.cause,
        reason=row.reason,
        set_by=row.set_by,
        since=row.since,
        due_at=row.due_at,
        until=row.until,
        is_asked=row.is_asked,
    )


def friendly_hours_out(hours: FriendlyHours, *, next_cut_at: datetime) -> FriendlyHoursOut:
    """Return friendly hours as JSON shows them."""
    return FriendlyHoursOut(
        is_on=hours.is_on,
        night_from=_clock(hours.night_from),
        night_until=_clock(hours.night_until),
        weekends=hours.weekends,
        holidays_country=hours.holidays_country,
        holidays_subdivision=hours.holidays_subdivision,
        next_cut_at=next_cut_at,
    )


def _clock(value: time | None) -> str | None:
    return None if value is None else value.isoformat("minutes")
