"""One batch of readings into money: the hot path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from psycopg.errors import DeadlockDetected, UniqueViolation

from mita.charging import queries
from mita.charging.domain.decide import Decided, Rows, decide, fault_codes, late_labels, resolve, sort_batch
from mita.charging.domain.outcome import Outcome, sentence_of
from mita.charging.events import ReadingsStored
from mita.charging.operations.derive import as_registers, tell_virtual_meters
from mita.charging.operations.keep import keep_runs
from mita.charging.operations.lane import Alone, Gate, StaleLane
from mita.charging.operations.post import Bookings, draft_charges
from mita.charging.operations.settle import Newcomer, Settled, settle_register
from mita.kit.events import publish
from mita.kit.quantity import PULSE
from mita.metering import operations as metering
from mita.metering import queries as metering_queries
from mita.metering.domain import BASE_UNIT, TIMELINE_MAX, ReadingClass, Rejection
from mita.metering.operations import StoredReadings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from numpy.typing import NDArray
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.charging.domain.decide import Sorted
    from mita.charging.domain.memory import LaneMemory
    from mita.charging.domain.streams import Numbers
    from mita.charging.operations.lane import Turn
    from mita.metering.domain import ReadingBatch


async def charge_batch(
    session: AsyncSession,
    *,
    memory: LaneMemory,
    batch: ReadingBatch,
    now: datetime,
    turn: Turn | None = None,
    lock_accounts: bool = False,
) -> Outcome:
    """Charge a batch of one estate in the session's transaction: from readings to balances and crossings.

    ``memory`` moves on before anything is certain: if the transaction does not commit, the caller throws
    it away. ``turn`` is the batch's place among several under way. ``lock_accounts`` holds all remembered
    accounts first: the attempt that must win.

    :raises mita.charging.operations.lane.StaleLane: if another worker charged in the estate since
    :raises mita.ledger.operations.StaleHeads: if a balance moved meanwhile, such as by a top-up
    """
    turn = turn or Alone()
    gate = Gate(session, memory, turn)
    register = resolve(memory.registers, batch)
    unknown = {batch.key[row] for row in np.flatnonzero(register < 0).tolist()}
    if memory.seq is None or unknown or lock_accounts:
        await gate.enter(patiently=True)
        await queries.load_registers(session, memory, keys=unknown)
        register = resolve(memory.registers, batch)
    if lock_accounts:
        await queries.refresh_accounts(session, memory, lock=True)
    batch, odd = await as_registers(
        session, gate=gate, memory=memory, batch=batch, register=register, now=now
    )
    work = _Work(gate, memory, batch, Outcome(np.zeros(len(batch), dtype=np.int64), {}))
    fresh = await _sort_out(session, work, register, odd=odd)
    bookings = await _settle_and_decide(session, work, fresh)
    draft = await draft_charges(session, memory, gate=gate, bookings=bookings, source=batch.source, now=now)
    _remember(memory, bookings)
    await draft.send(session)
    await gate.enter()
    if not draft.crossed:
        turn.pass_on()
    await draft.write(session, memory, now=now)
    if batch.temperature_centi:
        await _keep_temperatures(session, work, register)
    await _tell_of_readings(session, work, register, now=now)
    outcome, posted = work.outcome, draft.posted
    outcome.entries, outcome.crossings = posted.entries, posted.crossings
    outcome.net_micro, outcome.tax_micro = posted.net_micro, posted.tax_micro
    outcome.quantity_micro = posted.quantity_micro
    return outcome


@dataclass(slots=True)
class _Work:
    gate: Gate
    memory: LaneMemory
    batch: ReadingBatch
    outcome: Outcome


async def _sort_out(
    session: AsyncSession, work: _Work, register: NDArray[np.int64], *, odd: Mapping[int, tuple[str, str]]
) -> tuple[Rows, NDArray[np.bool_]]:
    """Set rejected and repeated readings aside; return the rest and which are older than a stored one."""
    batch, outcome, registers = work.batch, work.outcome, work.memory.registers
    faults = {**odd, **fault_codes(batch, register, memory=work.memory)}
    good = np.ones(len(batch), dtype=np.bool_)
    if faults:
        good[list(faults)] = False
        await _reject(session, work, faults)
    ordered = sort_batch(register, batch=batch, rows=np.flatnonzero(good))
    newest_s = registers.newest_s[ordered.register]
    is_past = ordered.is_standing & (ordered.taken_s <= newest_s)
    known: dict[int, int] = {}
    if is_past.any():
        await work.gate.enter()
        known = await _stored_values(session, work, ordered, np.flatnonzero(is_past))
    is_repeat = ~ordered.is_standing
    is_repeat[list(known)] = True
    if is_repeat.any():
        await _set_repeats_aside(session, work, ordered, known, np.flatnonzero(is_repeat))
    rows = ordered.take(~is_repeat)
    outcome.class_[rows.origin] = int(ReadingClass.CHARGED)  # a placeholder that decide overwrites
    return rows, is_past[~is_repeat]


async def _tell_of_readings(
    session: AsyncSession, work: _Work, register: NDArray[np.int64], *, now: datetime
) -> None:
    stored = np.flatnonzero((register >= 0) & (work.outcome.class_ <= int(ReadingClass.HELD)))
    if not len(stored):
        return
    event = ReadingsStored(
        work.memory.estate_id,
        work.memory.registers.register_id[register[stored]],
        work.batch.taken_s[stored],
        work.batch.value_micro[stored],
        work.outcome.class_[stored],
    )
    await publish(session, event, now=now)
    if work.memory.registers.parts:
        since_s: dict[int, int] = {}
        pairs = zip(event.register_ids.tolist(), event.taken_s.tolist(), strict=True)
        for register_id, taken_s in pairs:
            since_s[register_id] = min(taken_s, since_s.get(register_id, taken_s))
        await tell_virtual_meters(session, work.memory, since_s=since_s)


async def _keep_temperatures(session: AsyncSession, work: _Work, register: NDArray[np.int64]) -> None:
    """Keep the temperatures of readings that were stored, whatever their class."""
    batch, register_id = work.batch, work.memory.registers.register_id
    stored = [
        (int(register_id[register[row]]), int(batch.taken_s[row]), centi)
        for row, centi in (batch.temperature_centi or {}).items()
        if work.outcome.class_[row] <= int(ReadingClass.HELD)
    ]
    await metering.store_temperatures(session, estate_id=work.memory.estate_id, temperatures=stored)


async def _reject(session: AsyncSession, work: _Work, faults: dict[int, tuple[str, str]]) -> None:
    batch, places = work.batch, work.memory.registers.place
    serials = {meter for meter, _, _ in places}
    names = {(meter, register) for meter, register, _ in places}
    rejections = []
    for row, (code, sentence) in faults.items():
        meter, register, unit = batch.key[row]
        if code == "unknown_register":
            code, sentence = _unknown(meter, register, unit, serials=serials, names=names)  # noqa: PLW2901 - refined
        else:
            sentence = f"value {batch.value_micro[row]} at {batch.taken_s[row]} {sentence}"  # noqa: PLW2901 - refined
        raw = f"{meter} {register} {batch.taken_s[row]} {batch.value_micro[row]} micro {unit}"
        rejections.append(
            Rejection(batch.source, meter[:100], register[:100], raw[:500], code, sentence[:500])
        )
        work.outcome.class_[row] = int(ReadingClass.REJECTED)
        work.outcome.reason[row] = f"{code}: {sentence[:500]}"
    await metering.record_rejections(
        session, estate_id=work.memory.estate_id, rejections=rejections, received_us=batch.received_us
    )


def _unknown(
    meter: str, register: str, unit: str, *, serials: set[str], names: set[tuple[str, str]]
) -> tuple[str, str]:
    if meter not in serials:
        return "unknown_meter", f"the estate has no meter {meter[:100]!r}"
    if (meter, register) not in names:
        return "unknown_register", f"meter {meter!r} has no register {register[:100]!r}"
    if unit == PULSE:
        return (
            "no_pulse_counter",
            f"a pulse of register {register!r} of meter {meter!r} has no weight",
        )
    expected = ", ".join(set(BASE_UNIT.values()) - {unit})
    return (
        "wrong_unit",
        f"register {register!r} of meter {meter!r} does not count {unit} ({expected} it must be)",
    )


async def _stored_values(
    session: AsyncSession, work: _Work, ordered: Sorted, places: NDArray[np.int64]
) -> dict[int, int]:
    """Return {place in ``ordered``: value already stored for that register and instant}."""
    register_id = work.memory.registers.register_id[ordered.register[places]].tolist()
    taken_s = ordered.taken_s[places].tolist()
    stored = await metering_queries.stored_values(
        session, estate_id=work.memory.estate_id, register_ids=register_id, taken_s=taken_s
    )
    keys = zip(places.tolist(), register_id, taken_s, strict=True)
    return {place: stored[r, t] for place, r, t in keys if (r, t) in stored}


async def _set_repeats_aside(
    session: AsyncSession, work: _Work, ordered: Sorted, known: dict[int, int], places: NDArray[np.int64]
) -> None:
    repeats = []
    for place in places.tolist():
        standing = int(ordered.standing[place])
        value, origin = int(ordered.value_micro[place]), int(ordered.origin[place])
        first = known.get(standing, int(ordered.value_micro[standing]))
        class_ = ReadingClass.DUPLICATE if value == first else ReadingClass.CONFLICT
        register_id = int(work.memory.registers.register_id[ordered.register[place]])
        repeats.append((register_id, int(ordered.taken_s[place]), value, class_))
        work.outcome.class_[origin] = int(class_)
        if class_ is ReadingClass.CONFLICT:
            work.outcome.reason[origin] = (
                "the register already has another value for this instant, which stands"
            )
    await metering.record_repeats(
        session, estate_id=work.memory.estate_id, repeats=repeats, received_us=work.batch.received_us
    )


async def _settle_and_decide(
    session: AsyncSession, work: _Work, fresh: tuple[Rows, NDArray[np.bool_]]
) -> Bookings:
    """Send registers with readings older than stored ones through the slow lane, others through the fast."""
    rows, is_past = fresh
    registers = work.memory.registers
    is_late = late_labels(rows, newest_s=registers.newest_s)
    slow = np.unique(rows.register[is_past])
    is_slow = np.isin(rows.register, slow) if len(slow) else np.zeros(len(rows), dtype=np.bool_)
    settled = [await _settle(session, work, rows, is_late, place=place) for place in slow.tolist()]
    quick = rows.take(~is_slow)
    decided = decide(quick, is_late=is_late[~is_slow], registers=registers, books=work.memory.books)
    stored = [_stored_rows(registers.register_id, quick, decided), *(s.stored for s in settled)]
    await _store(session, work, _joined(stored), kept=_kept_rows(registers.register_id, quick, decided))
    _note(work.outcome, quick.origin, decided)
    return Bookings(quick, decided, settled)


async def _store(
    session: AsyncSession,
    work: _Work,
    readings: StoredReadings,
    *,
    kept: list[tuple[int, int, str, Numbers]],
) -> None:
    try:
        await metering.store_readings(
            session,
            estate_id=work.memory.estate_id,
            readings=readings,
            received_us=work.batch.received_us,
        )
        await keep_runs(session, estate_id=work.memory.estate_id, runs=kept)
    except (UniqueViolation, DeadlockDetected) as error:
        if work.gate.is_passed:
            raise
        raise StaleLane("another worker stored the same readings") from error


async def _settle(
    session: AsyncSession, work: _Work, rows: Rows, is_late: NDArray[np.bool_], *, place: int
) -> Settled:
    chosen = np.flatnonzero(rows.register == place)
    newcomers = [
        Newcomer(int(rows.taken_s[i]), int(rows.value_micro[i]), bool(is_late[i]), int(rows.origin[i]))
        for i in chosen
    ]
    settled = await settle_register(
        session, work.memory, place=place, newcomers=newcomers, since_s=newcomers[0].taken_s
    )
    for origin, class_, reason in settled.classes:
        work.outcome.class_[origin] = class_
        if reason:
            work.outcome.reason[origin] = sentence_of(reason)
    for before, after in settled.changed:
        work.outcome.reclassified[before] -= 1
        work.outcome.reclassified[after] += 1
    return settled


def _note(outcome: Outcome, origin: NDArray[np.int64], decided: Decided) -> None:
    outcome.class_[origin] = decided.class_
    for place in np.flatnonzero(decided.reason).tolist():
        outcome.reason[int(origin[place])] = sentence_of(int(decided.reason[place]))


def _stored_rows(register_id: NDArray[np.int64], rows: Rows, decided: Decided) -> StoredReadings:
    return StoredReadings(
        register_id=register_id[rows.register],
        taken_s=rows.taken_s,
        value_micro=rows.value_micro,
        run_quantity_micro=decided.run_quantity_micro,
        run_cost_micro=decided.run_cost_micro,
        run_rest=decided.run_rest,
        class_=decided.class_,
        reason=decided.reason,
    )


def _kept_rows(
    register_id: NDArray[np.int64], rows: Rows, decided: Decided
) -> list[tuple[int, int, str, Numbers]]:
    return [
        (int(register_id[rows.register[row]]), int(rows.taken_s[row]), role, numbers)
        for (row, role), numbers in decided.kept.items()
    ]


def _joined(parts: list[StoredReadings]) -> StoredReadings:
    if len(parts) == 1:
        return parts[0]
    return StoredReadings(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in StoredReadings.__slots__)
    )


def _remember(memory: LaneMemory, bookings: Bookings) -> None:
    """Move the registers' states forward."""
    registers, rows, decided = memory.registers, bookings.rows, bookings.decided
    for settled in bookings.settled:
        registers.remember(settled.place, settled.state)
        roles = memory.books[int(registers.book[settled.place])].kept_roles
        registers.keep(settled.place, settled.kept, roles=roles)
    if not len(rows):
        return
    ends = np.r_[rows.register[1:] != rows.register[:-1], True]
    registers.newest_s[rows.register[ends]] = rows.taken_s[ends]
    line = np.flatnonzero(decided.class_ <= TIMELINE_MAX)
    register = rows.register[line]
    last = line[np.r_[register[1:] != register[:-1], True][: len(line)]]
    place = rows.register[last]
    registers.anchor_s[place] = rows.taken_s[last]
    registers.value_micro[place] = rows.value_micro[last]
    registers.run_quantity_micro[place] = decided.run_quantity_micro[last]
    registers.run_cost_micro[place] = decided.run_cost_micro[last]
    registers.run_rest[place] = decided.run_rest[last]
    if decided.kept or registers.kept:
        for row, at in zip(last.tolist(), place.tolist(), strict=True):
            roles = memory.books[registers.book[at]].kept_roles
            numbers = {role: decided.kept.get((row, role), ()) for role in roles}
            registers.keep(at, numbers, roles=roles)
