"""Request and response shapes of meter tokens."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from mita.credit.domain import TOKEN_CHARS_MAX, TokenReason, TokenState, grouped, masked
from mita.credit.models import MeterToken
from mita.kit.shapes import Id, Instant, Money, Shape, money

_STATES = (
    "`waiting`: for the meter, `sent`: to the meter, which has not answered, and never again,"
    " `given`: the meter's balance rose, `failed`: see `reason`"
)
_REASONS = (
    "Of a failed one. `refused`: by the meter, which may have had it before, or it is another meter's;"
    " `no_rise`: the meter took it and its balance did not rise; `unanswered`: it was sent once, and the"
    " meter's balance did not rise since; `not_reached`: it was never sent, and the same digits may be"
    " keyed in again"
)


class MeterTokenIn(Shape):
    """A token that somebody bought, for a prepayment meter."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=TOKEN_CHARS_MAX)] = Field(
        description="20 digits; spaces and dashes between them are left out",
        examples=["6647-5648-3167-5682-1785"],
    )


class MeterTokenOut(Shape):
    """A token on its way to a meter, or what became of it."""

    meter_token_id: UUID
    unit_id: Id
    meter_id: Id
    token: str = Field(
        description="The last four digits. All of them for who typed it once it failed, so"
        " that it can be typed at the meter",
        examples=["****-****-****-****-1785"],
    )
    is_masked: bool
    state: TokenState = Field(description=_STATES)
    reason: TokenReason | None = Field(description=_REASONS)
    failure: str = Field(description="What the last attempt met, in plain words", examples=[""])
    typed_by: str | None = Field(
        description="For who may see the supplies of the whole estate", examples=["person:7"]
    )
    created_at: Instant
    changed_at: Instant
    sent_at: Instant | None = Field(description="When it was given to the meter's wire, once")
    expires_at: Instant = Field(description="It is given until then")
    balance_before: Money | None = Field(description="On the meter, before it was sent")
    balance_after: Money | None = Field(description="On the meter, afterwards")


def meter_token_out(row: MeterToken, *, currency: str, digits: str | None, shows_who: bool) -> MeterTokenOut:
    """Return a token as JSON shows it: masked, unless the ``digits`` are given."""
    before_micro, after_micro = row.balance_before_micro, row.balance_after_micro
    return MeterTokenOut(
        meter_token_id=row.meter_token_id,
        unit_id=row.unit_id,
        meter_id=row.meter_id,
        token=masked(row.last_four) if digits is None else grouped(digits),
        is_masked=digits is None,
        state=row.state,
        reason=row.reason,
        failure=row.failure,
        typed_by=row.typed_by if shows_who else None,
        created_at=row.created_at,
        changed_at=row.changed_at,
        sent_at=row.sent_at,
        expires_at=row.expires_at,
        balance_before=None if before_micro is None else money(before_micro, currency=currency),
        balance_after=None if after_micro is None else money(after_micro, currency=currency),
    )
