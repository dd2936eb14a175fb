"""What a batch brings becomes what its registers show: pulses are counted, values multiplied."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from mita.charging.domain.decide import fault_codes
from mita.kit.clock import from_us
from mita.kit.enqueue import enqueue
from mita.kit.events import publish
from mita.kit.quantity import PULSE, VALUE_MICRO_MAX
from mita.metering import operations as metering
from mita.metering import queries as metering_queries
from mita.metering.domain import BadDerivation, PulseSpan, count_reading, factored
from mita.metering.events import CountersRead

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.charging.domain.memory import LaneMemory
    from mita.charging.operations.lane import Gate
    from mita.metering.domain import ReadingBatch

VIRTUAL_JOB = "charging:derive_virtual"
Fault = tuple[str, str]


@dataclass(slots=True)
class _Work:
    gate: Gate
    memory: LaneMemory
    batch: ReadingBatch
    values: NDArray[np.int64]
    faults: dict[int, Fault] = field(default_factory=dict)
    spans: list[tuple[int, PulseSpan]] = field(default_factory=list)
    fallen: dict[int, str] = field(default_factory=dict)  # by register
    risen: set[int] = field(default_factory=set)


async def as_registers(
    session: AsyncSession,
    *,
    gate: Gate,
    memory: LaneMemory,
    batch: ReadingBatch,
    register: NDArray[np.int64],
    now: datetime,
) -> tuple[ReadingBatch, Mapping[int, Fault]]:
    """Return the batch with what its registers show, and (code, sentence) of rows that show nothing.

    ``register`` is each row's place. Spans that counts begin are kept in this transaction.
    """
    derivations = memory.registers.derivations
    rows = np.flatnonzero(np.isin(register, list(derivations))).tolist() if derivations else []
    if not rows:
        return batch, {}
    work = _Work(gate, memory, batch, batch.value_micro.copy())
    wrong = fault_codes(batch, register, memory=memory)
    pulses: dict[int, list[int]] = {}
    for row in rows:
        if row in wrong:
            continue
        if batch.key[row][2] == PULSE:
            pulses.setdefault(int(register[row]), []).append(row)
        else:
            _multiply(work, row, place=int(register[row]))
    for place in sorted(pulses):
        await _count(session, work, place=place, rows=pulses[place])
    if work.spans:
        await gate.enter()
        await metering.add_pulse_spans(session, estate_id=memory.estate_id, spans=work.spans, now=now)
    if pulses:
        risen = tuple(sorted(work.risen - work.fallen.keys()))
        event = CountersRead(memory.estate_id, tuple(sorted(work.fallen.items())), risen)
        await publish(session, event, now=now)
    return replace(batch, value_micro=work.values), work.faults


def _multiply(work: _Work, row: int, *, place: int) -> None:
    factors = work.memory.registers.derivations[place].factors
    taken_s, value = int(work.batch.taken_s[row]), int(work.batch.value_micro[row])
    try:
        work.values[row] = factored(factors, taken_s=taken_s, value_micro=value)
    except BadDerivation as error:
        work.faults[row] = ("value_out_of_range", f"is, multiplied, out of range: {error}")


async def _count(session: AsyncSession, work: _Work, *, place: int, rows: Sequence[int]) -> None:
    """Count the pulses of one register, in the order of their times."""
    batch, registers = work.batch, work.memory.registers
    spans = registers.derivations[place].pulses
    state, limits = registers.state(place), registers.limits(place)
    ordered = sorted(rows, key=lambda row: (int(batch.taken_s[row]), row))
    stored = await _stored(session, work, place=place, rows=ordered)
    top = None if state.anchor_s is None else (state.anchor_s, state.value_micro)
    before, at_s = top, None
    for row in ordered:
        taken_s, count = int(batch.taken_s[row]), int(batch.value_micro[row])
        is_newest = state.newest_s is None or taken_s > state.newest_s
        # of two at one instant each is held against what was before both
        if taken_s != at_s:
            before, at_s = top, taken_s
        if not is_newest:
            before = None if taken_s in stored else await _line_before(session, work, place, taken_s)
        try:
            counted = count_reading(
                spans,
                taken_s=taken_s,
                count=count,
                before=before,
                limits=limits,
                is_newest=is_newest,
                is_reset=row in batch.resets,
            )
        except BadDerivation as error:
            work.faults[row] = ("bad_count", f"is no count: {error}")
            continue
        if counted.span is not None:
            insort(spans, counted.span, key=lambda each: each.from_s)
            work.spans.append((int(registers.register_id[place]), counted.span))
        _take(work, row, place=place, value=counted.value_micro, has_fallen=counted.has_fallen)
        if not is_newest or counted.has_fallen:
            continue
        rise = counted.value_micro - (before[1] if before else counted.value_micro)
        if before is None or 0 <= rise <= limits.allowed_micro(taken_s - before[0]):
            top = (taken_s, counted.value_micro)


def _take(work: _Work, row: int, *, place: int, value: int, has_fallen: bool) -> None:
    register_id = int(work.memory.registers.register_id[place])
    count = int(work.batch.value_micro[row])
    if has_fallen:
        info = work.memory.registers.info[place]
        work.fallen[register_id] = (
            f"register {info.register!r} of meter {info.meter!r} fell to {count} pulses"
        )
    else:
        work.risen.add(register_id)
    if 0 <= value <= VALUE_MICRO_MAX:
        work.values[row] = value
    elif has_fallen:
        work.faults[row] = ("counter_fell", "is a count below an earlier one, and nothing says why")
    else:
        work.faults[row] = ("value_out_of_range", "is a count beyond any register")


async def _stored(session: AsyncSession, work: _Work, *, place: int, rows: Sequence[int]) -> set[int]:
    """Return at which instants of rows the register has readings: what comes again counts as it did."""
    newest_s = work.memory.registers.state(place).newest_s
    times = [int(work.batch.taken_s[row]) for row in rows]
    late = [taken_s for taken_s in times if newest_s is not None and taken_s <= newest_s]
    if not late:
        return set()
    await work.gate.enter()
    register_id = int(work.memory.registers.register_id[place])
    found = await metering_queries.stored_values(
        session, estate_id=work.memory.estate_id, register_ids=[register_id] * len(late), taken_s=late
    )
    return {taken_s for _, taken_s in found}


async def _line_before(
    session: AsyncSession, work: _Work, place: int, taken_s: int
) -> tuple[int, int] | None:
    state = await metering_queries.state_before(
        session,
        estate_id=work.memory.estate_id,
        register_id=int(work.memory.registers.register_id[place]),
        before=from_us(taken_s * 1_000_000),
    )
    return None if state.anchor_s is None else (state.anchor_s, state.value_micro)


async def tell_virtual_meters(
    session: AsyncSession, memory: LaneMemory, *, since_s: Mapping[int, int]
) -> None:
    """Let virtual meters be worked out again, given registers that were read, each from an instant on."""
    read = {key: at_s for key, at_s in since_s.items() if key in memory.registers.parts}
    if read and await metering.note_parts_read(session, estate_id=memory.estate_id, since_s=read):
        await enqueue(session, task=VIRTUAL_JOB, estate_id=memory.estate_id)
