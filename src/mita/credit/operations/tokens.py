"""Meter tokens: typed by somebody, given to the meter once at most, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import aliased

from mita.credit import queries
from mita.credit.domain import (
    OPEN_TOKEN_STATES,
    TOKEN_VALID_FOR,
    BadToken,
    TokenReason,
    last_digits,
    read_token,
    token_later_s,
)
from mita.credit.models import METER_TOKEN, MeterToken
from mita.devices import queries as registry
from mita.kit.errors import Conflict, Invalid
from mita.kit.ids import new_id
from mita.kit.live import hint
from mita.kit.seal import seals_of
from mita.metering import queries as metering

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

_MARK = "meter_token.token_mark"
# longer than any conversation that gives one
TOKEN_CLAIMED_FOR = timedelta(minutes=5)
OPEN_TOKENS_MAX = 5
# the meter is asked again what it holds, once it has had time to work
_LOOK_AFTER = timedelta(seconds=60)
_FAILURE_MAX = 500


class MeterTakesNoTokens(Conflict):
    """Nothing that takes tokens from here speaks for the meter."""

    code = "meter_takes_no_tokens"
    title = "The meter takes no tokens from here"


class MeterTokensWait(Conflict):
    """As many tokens as may wait for a meter do."""

    code = "meter_tokens_wait"
    title = "Other tokens wait for this meter"


@dataclass(frozen=True, slots=True)
class Typed:
    """A token as somebody typed it, for a meter."""

    meter_id: int
    token: str
    typed_by: str


@dataclass(frozen=True, slots=True)
class TokenInHand:
    """A token that was claimed: its digits, and the balance before if it was sent already."""

    claim: UUID
    digits: str
    balance_before_micro: int | None


@dataclass(frozen=True, slots=True)
class TokenOutcome:
    """What became of an attempt.

    With ``balance_after_micro`` it was given; with ``reason`` it failed. With neither it is tried again: one
    that ``was_not_sent`` is given anew, one that may have been sent is looked after.
    """

    failure: str = ""
    reason: TokenReason | None = None
    balance_after_micro: int | None = None
    was_not_sent: bool = False


async def key_in_token(
    session: AsyncSession, *, estate_id: int, typed: Typed, now: datetime
) -> tuple[MeterToken, bool]:
    """Keep a token for its meter, sealed; return it and whether it is new.

    Typed again it is the same one, whoever types it; one that failed without having been sent waits anew.

    :raises mita.kit.errors.NotFound: if there is no such meter
    :raises MeterTakesNoTokens: if it takes none from here
    :raises MeterTokensWait: if as many as may wait for the meter
    :raises Invalid: if these are not the digits of a token
    """
    meter = await metering.meter(session, estate_id=estate_id, meter_id=typed.meter_id)
    try:
        digits = read_token(typed.token)
    except BadToken as bad:
        raise Invalid(str(bad), problems=[{"path": "body.token", "message": str(bad)}]) from bad
    found = await _marked(session, estate_id=estate_id, meter_id=meter.meter_id, digits=digits)
    if found is not None:
        return await _again(session, found, now=now), False
    await _require_tokens(session, estate_id=estate_id, device=meter.device)
    waiting = await queries.open_token_count(session, estate_id=estate_id, meter_id=meter.meter_id)
    if waiting >= OPEN_TOKENS_MAX:
        raise MeterTokensWait(f"{waiting} tokens wait for meter {meter.serial!r}: key this one in later")
    added = pg_insert(MeterToken).values(
        estate_id=estate_id,
        meter_token_id=new_id(),
        unit_id=meter.unit_id,
        meter_id=meter.meter_id,
        token_mark=seals_of(session).mark(_marked_text(meter.meter_id, digits), about=_MARK),
        token_sealed=seals_of(session).seal(digits.encode(), about=METER_TOKEN.about),
        last_four=last_digits(digits),
        state="waiting",
        failure="",
        typed_by=typed.typed_by,
        created_at=now,
        changed_at=now,
        due_at=now,
        expires_at=now + TOKEN_VALID_FOR,
        attempts=0,
    )
    # a second tap, or another person of the home, may be as fast
    statement = added.on_conflict_do_nothing().returning(MeterToken.meter_token_id)
    is_new = (await session.scalars(statement)).one_or_none() is not None
    row = await _marked(session, estate_id=estate_id, meter_id=meter.meter_id, digits=digits)
    assert row is not None, "it is there, whoever put it there"
    if is_new:
        await _hurry(session, row, now=now)
        await hint(session, estate_id=estate_id, topic="supply", ids=[row.unit_id])
    return row, is_new


def _marked_text(meter_id: int, digits: str) -> str:
    return f"{meter_id} {digits}"


async def _marked(session: AsyncSession, *, estate_id: int, meter_id: int, digits: str) -> MeterToken | None:
    # of a key of secrets that was rotated since, the mark is another one
    marks = seals_of(session).marks(_marked_text(meter_id, digits), about=_MARK)
    statement = (
        select(MeterToken)
        .where(
            MeterToken.estate_id == estate_id,
            MeterToken.meter_id == meter_id,
            MeterToken.token_mark.in_(marks),
        )
        .order_by(MeterToken.meter_token_id)
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).one_or_none()


async def _require_tokens(session: AsyncSession, *, estate_id: int, device: str | None) -> None:
    if device is None or not queries.takes_tokens(device):
        raise MeterTakesNoTokens("nothing that speaks for this meter takes tokens from here")
    known = await registry.configured(session, estate_id=estate_id, names=[device])
    if known[device].device_id is None:
        raise MeterTakesNoTokens(f"the device {device} is not registered, so it cannot be given a token")


async def _again(session: AsyncSession, row: MeterToken, *, now: datetime) -> MeterToken:
    if row.state == "failed" and row.reason == "not_reached" and row.sent_at is None:
        row.state, row.reason, row.failure, row.attempts = "waiting", None, "", 0
        row.changed_at = row.due_at = now
        row.expires_at = now + TOKEN_VALID_FOR
        await session.flush()
        await hint(session, estate_id=row.estate_id, topic="supply", ids=[row.unit_id])
    return row


async def _hurry(session: AsyncSession, row: MeterToken, *, now: datetime) -> None:
    """Let those that wait before it be tried at once: somebody is at the meter, and it may answer again."""
    await session.execute(
        update(MeterToken)
        .where(
            MeterToken.estate_id == row.estate_id,
            MeterToken.meter_id == row.meter_id,
            MeterToken.state == "waiting",
            MeterToken.due_at > now,
        )
        .values(due_at=now)
    )


async def claim_token(
    session: AsyncSession, *, estate_id: int, meter_token_id: UUID, now: datetime
) -> TokenInHand | None:
    """Take a token in hand for a while; None if another one has it, it is not due, or an older one is first.

    Its ``claim`` is what :func:`note_token_sent` and :func:`settle_token` want to see again.
    """
    older = aliased(MeterToken)
    is_first = ~exists().where(
        older.estate_id == MeterToken.estate_id,
        older.meter_id == MeterToken.meter_id,
        older.state.in_(OPEN_TOKEN_STATES),
        older.expires_at > now,
        older.meter_token_id < MeterToken.meter_token_id,
    )
    statement = (
        select(MeterToken)
        .where(MeterToken.estate_id == estate_id, MeterToken.meter_token_id == meter_token_id, is_first)
        .with_for_update(skip_locked=True, of=MeterToken)
        .execution_options(populate_existing=True)
    )
    row = (await session.scalars(statement)).one_or_none()
    if row is None or row.state not in OPEN_TOKEN_STATES or row.due_at > now or row.expires_at <= now:
        return None
    if row.claimed_until is not None and row.claimed_until > now:
        return None
    assert row.token_sealed is not None, "only what was given lost its digits"
    row.claim, row.claimed_until = new_id(), now + TOKEN_CLAIMED_FOR
    row.attempts += 1
    await session.flush()
    digits = seals_of(session).open(bytes(row.token_sealed), about=METER_TOKEN.about).decode()
    before_micro = row.balance_before_micro if row.state == "sent" else None
    return TokenInHand(row.claim, digits, before_micro)


async def note_token_sent(
    session: AsyncSession,
    *,
    estate_id: int,
    meter_token_id: UUID,
    claim: UUID,
    balance_before_micro: int,
    now: datetime,
) -> bool:
    """Note, before it is sent, that a token goes to its meter; from then on it is never sent again.

    False, and nothing, if it is no longer in this hand: then it must not be sent.
    """
    row = await _held(session, estate_id=estate_id, meter_token_id=meter_token_id, claim=claim)
    if row is None or row.state != "waiting":
        return False
    row.state, row.sent_at, row.changed_at = "sent", now, now
    row.balance_before_micro = balance_before_micro
    await session.flush()
    await hint(session, estate_id=estate_id, topic="supply", ids=[row.unit_id])
    return True


async def settle_token(
    session: AsyncSession,
    *,
    estate_id: int,
    meter_token_id: UUID,
    claim: UUID,
    outcome: TokenOutcome,
    now: datetime,
) -> bool:
    """Record what became of an attempt; False, and nothing, if the token is no longer in this hand."""
    row = await _held(session, estate_id=estate_id, meter_token_id=meter_token_id, claim=claim)
    if row is None:
        return False
    row.claim = row.claimed_until = None
    row.failure = outcome.failure.replace("\x00", "")[:_FAILURE_MAX]
    if outcome.balance_after_micro is not None and outcome.reason is None:
        row.balance_after_micro = outcome.balance_after_micro
        row.state, row.token_sealed, row.changed_at = "given", None, now
    elif outcome.reason is not None:
        row.balance_after_micro = outcome.balance_after_micro
        _fail(row, outcome.reason, now=now)
    elif row.state == "sent" and outcome.was_not_sent:
        row.state, row.sent_at, row.balance_before_micro, row.changed_at = "waiting", None, None, now
        row.due_at = now + timedelta(seconds=token_later_s(row.attempts))
    else:
        delay = timedelta(seconds=token_later_s(row.attempts))
        row.due_at = now + (delay if row.state == "waiting" else max(delay, _LOOK_AFTER))
    await session.flush()
    await hint(session, estate_id=estate_id, topic="supply", ids=[row.unit_id])
    return True


async def _held(
    session: AsyncSession, *, estate_id: int, meter_token_id: UUID, claim: UUID
) -> MeterToken | None:
    row = await session.get(
        MeterToken, (estate_id, meter_token_id), with_for_update=True, populate_existing=True
    )
    assert row is not None, "tokens are never deleted"
    return row if row.claim == claim and row.state in OPEN_TOKEN_STATES else None


def _fail(row: MeterToken, reason: TokenReason, *, now: datetime) -> None:
    row.state, row.reason, row.changed_at = "failed", reason, now


async def expire_tokens(session: AsyncSession, *, estate_id: int, now: datetime) -> int:
    """Let tokens fail whose time is over and that nobody has in hand; return how many."""
    statement = (
        select(MeterToken)
        .where(
            MeterToken.estate_id == estate_id,
            MeterToken.state.in_(OPEN_TOKEN_STATES),
            MeterToken.expires_at <= now,
            MeterToken.claimed_until.is_(None) | (MeterToken.claimed_until <= now),
        )
        .order_by(MeterToken.meter_token_id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    expired = (await session.scalars(statement)).all()
    for row in expired:
        row.claim = row.claimed_until = None
        row.failure = row.failure or "its time is over, and the meter was not reached"
        _fail(row, "not_reached" if row.state == "waiting" else "unanswered", now=now)
    if expired:
        await session.flush()
        await hint(session, estate_id=estate_id, topic="supply", ids=[row.unit_id for row in expired])
    return len(expired)
