"""Reads of how registers come about: pulse counters, factors, virtual meters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from mita.kit.clock import from_us, to_us
from mita.kit.errors import NotFound
from mita.metering.domain import (
    Derivation,
    Factor,
    FactorSpan,
    Mix,
    MixPart,
    MixResult,
    PulseSpan,
    factor_of,
    share_of,
)
from mita.metering.models import PulseCounter, RegisterFactor, VirtualMeter, VirtualPart

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


async def pulse_counters(
    session: AsyncSession, *, estate_id: int, register_ids: Sequence[int]
) -> Sequence[PulseCounter]:
    """Return the spans of registers' pulse counters, by register and time."""
    row = PulseCounter
    statement = select(row).where(row.estate_id == estate_id, row.register_id.in_(list(register_ids)))
    return (await session.scalars(statement.order_by(row.register_id, row.from_at))).all()


async def register_factors(
    session: AsyncSession, *, estate_id: int, register_ids: Sequence[int]
) -> Sequence[RegisterFactor]:
    """Return the factors of registers, by register and time."""
    row = RegisterFactor
    statement = select(row).where(row.estate_id == estate_id, row.register_id.in_(list(register_ids)))
    return (await session.scalars(statement.order_by(row.register_id, row.from_at))).all()


async def derivations(
    session: AsyncSession, *, estate_id: int, register_ids: Sequence[int]
) -> dict[int, Derivation]:
    """Return how registers come about, of those that have a pulse counter or a factor."""
    found: dict[int, Derivation] = {}
    for counter in await pulse_counters(session, estate_id=estate_id, register_ids=register_ids):
        made = found.setdefault(counter.register_id, Derivation([], []))
        made.pulses.append(pulse_span_of(counter))
    for factor in await register_factors(session, estate_id=estate_id, register_ids=register_ids):
        made = found.setdefault(factor.register_id, Derivation([], []))
        made.factors.append(factor_span_of(factor))
    return found


def pulse_span_of(row: PulseCounter) -> PulseSpan:
    """Return a stored span of a pulse counter."""
    return PulseSpan(
        from_s=seconds(row.from_at),
        weight=row.weight,
        width_bits=row.width_bits,
        since_count=row.since_count,
        base_micro=row.base_micro,
        first_count=row.first_count,
        cause=row.cause,  # type: ignore[arg-type]  # the table checks it
    )


def factor_span_of(row: RegisterFactor) -> FactorSpan:
    """Return a stored factor."""
    factor = Factor(factor_of(row.factor), row.since_micro, row.base_micro)
    return FactorSpan(seconds(row.from_at), row.factor, factor)


async def virtual_meters(
    session: AsyncSession,
    *,
    estate_id: int,
    ids: Sequence[int] | None = None,
    after_id: int = 0,
    limit: int = 1000,
) -> list[tuple[VirtualMeter, list[VirtualPart]]]:
    """Return virtual meters with their parts, by id; also those that are over."""
    statement = select(VirtualMeter).where(
        VirtualMeter.estate_id == estate_id, VirtualMeter.virtual_meter_id > after_id
    )
    if ids is not None:
        statement = statement.where(VirtualMeter.virtual_meter_id.in_(list(ids)))
    rows = (await session.scalars(statement.order_by(VirtualMeter.virtual_meter_id).limit(limit))).all()
    parts = select(VirtualPart).where(
        VirtualPart.estate_id == estate_id,
        VirtualPart.virtual_meter_id.in_([row.virtual_meter_id for row in rows]),
    )
    of: dict[int, list[VirtualPart]] = {row.virtual_meter_id: [] for row in rows}
    for part in await session.scalars(parts.order_by(VirtualPart.register_id)):
        of[part.virtual_meter_id].append(part)
    return [(row, of[row.virtual_meter_id]) for row in rows]


async def virtual_meter(
    session: AsyncSession, *, estate_id: int, virtual_meter_id: int
) -> tuple[VirtualMeter, list[VirtualPart]]:
    """Return one virtual meter with its parts.

    :raises NotFound: if the estate has no such virtual meter
    """
    found = await virtual_meters(session, estate_id=estate_id, ids=[virtual_meter_id])
    if not found:
        raise NotFound(f"virtual meter {virtual_meter_id} does not exist in estate {estate_id}")
    return found[0]


async def due_virtual_meters(session: AsyncSession, *, estate_id: int) -> Sequence[VirtualMeter]:
    """Return the virtual meters whose parts have readings that were not looked at, by id."""
    row = VirtualMeter
    statement = select(row).where(row.estate_id == estate_id, row.due_since.is_not(None))
    statement = statement.order_by(row.virtual_meter_id).execution_options(populate_existing=True)
    return (await session.scalars(statement)).all()


async def virtual_register_ids(
    session: AsyncSession, *, estate_id: int, register_ids: Iterable[int]
) -> tuple[frozenset[int], frozenset[int]]:
    """Return which of these registers go into a virtual meter, and which come out of one."""
    row = VirtualPart
    statement = select(row.register_id, row.share).where(
        row.estate_id == estate_id, row.register_id.in_(list(register_ids))
    )
    rows = (await session.execute(statement)).all()
    goes_in = frozenset(register_id for register_id, share in rows if share is None)
    return goes_in, frozenset(register_id for register_id, share in rows if share is not None)


def mix_of(row: VirtualMeter, *, parts: Sequence[VirtualPart]) -> Mix:
    """Return what a stored virtual meter is made of."""
    return Mix(
        from_s=seconds(row.from_at),
        until_s=None if row.until_at is None else seconds(row.until_at),
        step_s=row.step_s,
        parts=tuple(
            MixPart(each.register_id, each.is_less, each.opening_micro)
            for each in parts
            if each.share is None
        ),
        results=tuple(
            MixResult(each.register_id, share_of(each.share), each.opening_micro)
            for each in parts
            if each.share is not None
        ),
        opened_s=None if row.opened_at is None else seconds(row.opened_at),
    )


def seconds(at: datetime) -> int:
    """Return an instant in whole seconds since 1970."""
    return to_us(at) // 1_000_000


def instant(at_s: int) -> datetime:
    """Return whole seconds since 1970 as an instant."""
    return from_us(at_s * 1_000_000)
