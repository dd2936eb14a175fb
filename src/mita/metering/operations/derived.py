"""Pulse counters and factors of registers are set, begun again, and taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from sqlalchemy import insert

from mita.identity.operations import record_change
from mita.kit.errors import Conflict, Invalid, NotFound
from mita.kit.events import publish
from mita.metering import queries
from mita.metering.domain import (
    BASE_UNIT,
    TAKEN_SECONDS_MIN,
    BadDerivation,
    Derivation,
    PulseSpan,
    factor_of,
    factored,
    following,
    pulse_weight,
)
from mita.metering.events import RegistersDerived
from mita.metering.models import PulseCounter, RegisterFactor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.metering.domain import RegisterState
    from mita.metering.queries import RegisterInfo

T = TypeVar("T")

_WEIGHT_MIN = 1
SYSTEM = "system"


class ReadSince(Conflict):
    """The register has readings that were made otherwise, and readings never change."""

    code = "read_since"
    title = "The register was read since"


@dataclass(frozen=True, slots=True)
class NewCounter:
    """What a pulse is worth from an instant on.

    ``count`` is what the counter shows then and ``value_micro`` where the register stands; None: from
    nothing, or going on from where it stands. ``from_at`` of None: from the next reading on.
    """

    weight: str
    width_bits: int | None = None
    from_at: datetime | None = None
    count: int | None = None
    value_micro: int | None = None


@dataclass(frozen=True, slots=True)
class NewFactor:
    """What a register's source is multiplied by from an instant on, at which it shows ``shown_micro``."""

    factor: str
    reason: str
    from_at: datetime | None = None
    shown_micro: int | None = None


async def set_pulse_counter(
    session: AsyncSession, *, estate_id: int, register_id: int, new: NewCounter, actor: str, now: datetime
) -> PulseCounter:
    """Say what the pulses of a register's counter are worth from an instant on; the register does not jump.

    :raises mita.kit.errors.NotFound: if the estate has no such register
    :raises mita.kit.errors.Invalid: if the weight is none of its base unit, or a count or value is missing or
        below what the register shows
    :raises ReadSince: if the register has readings at or after that instant, or is made of others
    """
    known = await _known(session, estate_id=estate_id, register_id=register_id, now=now)
    if known.derivation.factors:
        raise ReadSince("the register has a factor; put it into the weight of a pulse")
    unit, weight = _valid("weight", lambda: pulse_weight(new.weight))
    if unit != BASE_UNIT[known.info.utility]:
        raise _invalid("weight", f"must be of {BASE_UNIT[known.info.utility]}, which the register counts")
    if weight < _WEIGHT_MIN:
        raise _invalid("weight", "must make a pulse worth a millionth of the base unit at least")
    from_s = _beginning(known, new.from_at)
    before = known.derivation.pulses
    count = new.count
    if count is None:
        if known.state.newest_s is not None:
            raise _invalid("count", "must be given: the register was read before")
        count = 0
    value_micro = new.value_micro
    if value_micro is None:
        value_micro = before[-1].value_micro(count) if before else known.state.value_micro
    if value_micro < known.state.value_micro:
        raise _invalid("value", "must not be below what the register shows")
    span = PulseSpan(from_s, new.weight.strip(), new.width_bits, count, value_micro, count)
    return await _keep_span(
        session, estate_id=estate_id, register_id=register_id, span=span, actor=actor, now=now
    )


async def begin_counter_again(
    session: AsyncSession,
    *,
    estate_id: int,
    register_id: int,
    cause: Literal["reset", "rolled_over"],
    actor: str,
    now: datetime,
) -> PulseCounter:
    """Say that a counter which fell was reset, or rolled over: its next count goes on from there.

    :raises mita.kit.errors.NotFound: if the register has no pulse counter
    :raises mita.kit.errors.Invalid: if it rolled over and its width is not known
    """
    known = await _known(session, estate_id=estate_id, register_id=register_id, now=now)
    if not known.derivation.pulses:
        raise NotFound(f"register {register_id} has no pulse counter")
    last = known.derivation.pulses[-1]
    if cause == "rolled_over" and last.width_bits is None:
        raise _invalid("cause", "must be reset: the counter's width is not known")
    span = following(last, value_micro=known.state.value_micro, from_s=_beginning(known, None), cause=cause)
    return await _keep_span(
        session, estate_id=estate_id, register_id=register_id, span=span, actor=actor, now=now
    )


async def add_pulse_spans(
    session: AsyncSession, *, estate_id: int, spans: Sequence[tuple[int, PulseSpan]], now: datetime
) -> None:
    """Keep spans that counts themselves began, as (register_id, span)."""
    rows = [
        _counter_values(estate_id, register_id, span, actor=SYSTEM, now=now) for register_id, span in spans
    ]
    if rows:
        await session.execute(insert(PulseCounter), rows)


async def remove_pulse_counter(
    session: AsyncSession, *, estate_id: int, register_id: int, now: datetime
) -> None:
    """Take back what was said last of a register's pulse counter, as long as nothing was read by it.

    :raises mita.kit.errors.NotFound: if the register has no pulse counter
    :raises ReadSince: if it was read since
    """
    known = await _known(session, estate_id=estate_id, register_id=register_id, now=now)
    rows = await queries.pulse_counters(session, estate_id=estate_id, register_ids=[register_id])
    if not rows:
        raise NotFound(f"register {register_id} has no pulse counter")
    await _take_back(session, known, row=rows[-1], now=now)


async def set_factor(
    session: AsyncSession, *, estate_id: int, register_id: int, new: NewFactor, actor: str, now: datetime
) -> RegisterFactor:
    """Multiply what a register's source shows from an instant on; the register does not jump.

    Without any reading and any factor it counts from the beginning; else ``shown_micro`` is needed.

    :raises mita.kit.errors.NotFound: if the estate has no such register
    :raises mita.kit.errors.Invalid: if it is no factor, or what was shown is missing or too low
    :raises ReadSince: if the register has readings at or after that instant, or is made otherwise
    """
    known = await _known(session, estate_id=estate_id, register_id=register_id, now=now)
    row = _new_factor(known, estate_id=estate_id, new=new, actor=actor, now=now)
    session.add(row)
    await session.flush()
    await record_change(
        session,
        estate_id=estate_id,
        subject=f"register:{register_id}",
        old=None,
        new={"factor": row.factor, "from_at": row.from_at.isoformat(), "reason": row.reason},
        now=now,
    )
    return row


async def preview_factor(
    session: AsyncSession, *, estate_id: int, register_id: int, new: NewFactor, actor: str, now: datetime
) -> RegisterFactor:
    """Return what :func:`set_factor` would keep, and keep nothing. It refuses the same."""
    known = await _known(session, estate_id=estate_id, register_id=register_id, now=now, is_preview=True)
    return _new_factor(known, estate_id=estate_id, new=new, actor=actor, now=now)


def _new_factor(
    known: _Known, *, estate_id: int, new: NewFactor, actor: str, now: datetime
) -> RegisterFactor:
    if known.derivation.pulses:
        raise ReadSince("the register has a pulse counter; put the factor into the weight of a pulse")
    _valid("factor", lambda: factor_of(new.factor))
    from_s = _beginning(known, new.from_at)
    shown, base = 0, 0
    if known.state.newest_s is not None or known.derivation.factors:
        if new.shown_micro is None:
            raise _invalid("shown", "must be given: the register was read before, or has a factor")
        shown = new.shown_micro
        base = _valid("shown", lambda: factored(known.derivation.factors, taken_s=from_s, value_micro=shown))
        if base < known.state.value_micro:
            raise _invalid("shown", "must not be below the last reading")
    return RegisterFactor(
        estate_id=estate_id,
        register_id=known.info.register_id,
        from_at=queries.instant(from_s),
        factor=new.factor.strip(),
        since_micro=shown,
        base_micro=base,
        reason=new.reason,
        actor=actor,
        created_at=now,
    )


async def remove_factor(session: AsyncSession, *, estate_id: int, register_id: int, now: datetime) -> None:
    """Take a register's newest factor back, as long as nothing was read by it.

    :raises mita.kit.errors.NotFound: if the register has no factor
    :raises ReadSince: if it was read since
    """
    known = await _known(session, estate_id=estate_id, register_id=register_id, now=now)
    rows = await queries.register_factors(session, estate_id=estate_id, register_ids=[register_id])
    if not rows:
        raise NotFound(f"register {register_id} has no factor")
    await _take_back(session, known, row=rows[-1], now=now)


# ── what they share ──


@dataclass(frozen=True, slots=True)
class _Known:
    info: RegisterInfo
    derivation: Derivation
    state: RegisterState


async def _known(
    session: AsyncSession, *, estate_id: int, register_id: int, now: datetime, is_preview: bool = False
) -> _Known:
    info = await queries.register(session, estate_id=estate_id, register_id=register_id)
    if not is_preview:
        # first of all: this waits for whoever charges, and who charges later knows the register no more
        await publish(session, RegistersDerived(estate_id), now=now)
    _, made = await queries.virtual_register_ids(session, estate_id=estate_id, register_ids=[register_id])
    if made:
        raise ReadSince("the register is made of others by a virtual meter")
    found = await queries.derivations(session, estate_id=estate_id, register_ids=[register_id])
    states = await queries.register_states(session, estate_id=estate_id, register_ids=[register_id])
    return _Known(info, found.get(register_id) or Derivation([], []), states[register_id])


def _beginning(known: _Known, from_at: datetime | None) -> int:
    """Return from when on something holds: after all readings and all that holds before."""
    newest_s = known.state.newest_s
    pulses, factors = known.derivation.pulses, known.derivation.factors
    begun = [each.from_s for each in pulses] + [each.from_s for each in factors]
    floor_s = max([newest_s or 0, *begun])
    if from_at is None:
        return max(TAKEN_SECONDS_MIN, floor_s + 1)
    from_s = queries.seconds(from_at)
    if from_s <= floor_s:
        raise ReadSince(
            f"the register was read, or said to be made otherwise, at {queries.instant(floor_s).isoformat()}"
        )
    return from_s


def _valid(name: str, work: Callable[[], T]) -> T:
    try:
        return work()
    except BadDerivation as error:
        raise _invalid(name, f"is not right: {error}") from error


def _invalid(name: str, message: str) -> Invalid:
    return Invalid(f"{name} {message}", problems=[{"path": f"body.{name}", "message": message}])


async def _keep_span(
    session: AsyncSession, *, estate_id: int, register_id: int, span: PulseSpan, actor: str, now: datetime
) -> PulseCounter:
    row = PulseCounter(**_counter_values(estate_id, register_id, span, actor=actor, now=now))
    session.add(row)
    await session.flush()
    facts = {
        "cause": span.cause,
        "weight": span.weight,
        "width_bits": span.width_bits,
        "from_at": row.from_at.isoformat(),
    }
    await record_change(
        session, estate_id=estate_id, subject=f"register:{register_id}", old=None, new=facts, now=now
    )
    return row


def _counter_values(
    estate_id: int, register_id: int, span: PulseSpan, *, actor: str, now: datetime
) -> dict[str, Any]:
    return {
        "estate_id": estate_id,
        "register_id": register_id,
        "from_at": queries.instant(span.from_s),
        "cause": span.cause,
        "weight": span.weight,
        "width_bits": span.width_bits,
        "since_count": span.since_count,
        "base_micro": span.base_micro,
        "first_count": span.first_count,
        "actor": actor,
        "created_at": now,
    }


async def _take_back(
    session: AsyncSession, known: _Known, *, row: PulseCounter | RegisterFactor, now: datetime
) -> None:
    newest_s = known.state.newest_s
    if newest_s is not None and newest_s >= queries.seconds(row.from_at):
        raise ReadSince("the register was read by it already")
    facts = {"from_at": row.from_at.isoformat(), "removed": type(row).__tablename__}
    await session.delete(row)
    await session.flush()
    await record_change(
        session,
        estate_id=row.estate_id,
        subject=f"register:{known.info.register_id}",
        old=facts,
        new=None,
        now=now,
    )
