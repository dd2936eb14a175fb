"""The slow lane: one register's past is charged again, and only the difference is posted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from mita.charging import queries
from mita.charging.domain.causes import LATE
from mita.charging.domain.decide import Decided, decide_timeline, label_late
from mita.charging.operations.keep import keep_anew
from mita.kit.clock import from_us
from mita.metering import operations as metering
from mita.metering import queries as metering_queries
from mita.metering.domain import TIMELINE_MAX, ReadingClass, Reason, RegisterState, judge
from mita.metering.operations import StoredReadings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.charging.domain.memory import LaneMemory, RateBook
    from mita.charging.domain.streams import Numbers
    from mita.metering.domain import Limits


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A reading that is new to a register; ``origin`` is its place in the batch."""

    taken_s: int
    value_micro: int
    is_late: bool
    origin: int


@dataclass(frozen=True, slots=True)
class _Row:
    taken_s: int
    value_micro: int
    class_: int
    reason: int
    run: tuple[int, int, int]
    newcomer: Newcomer | None


@dataclass(frozen=True, slots=True)
class _Opening:
    """The state from which a register is charged again: columns, and what is kept beside them by role."""

    state: RegisterState
    kept: Mapping[str, Numbers]


@dataclass(frozen=True, slots=True)
class Totals:
    """Quantity and money of a stretch of a register's timeline.

    ``net_by_role`` is what of the net is for other roles than supply.
    """

    quantity_micro: int
    net_micro: int
    tax_micro: int
    net_by_role: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settled:
    """A settled register: what was charged for the stretch, what it costs now, and the newcomers' classes."""

    place: int
    since_s: int
    cause: str
    old: Totals
    new: Totals
    state: RegisterState
    classes: tuple[tuple[int, int, int], ...]  # (origin, class, reason) of each newcomer
    changed: tuple[tuple[int, int], ...]  # (class before, class now) of stored readings
    stored: StoredReadings
    kept: Mapping[str, Numbers]  # the newest running states by role, beside ``state``


@dataclass(frozen=True, slots=True)
class Weighed:
    """A register's stretch judged and rated again, and not kept yet; its rows are in time order."""

    opening: _Opening
    rows: Sequence[_Row]
    rejudged: Sequence[_Row]
    old: Totals
    new: Decided

    @property
    def difference_micro(self) -> int:
        """What it costs more than it did, in micro-money with tax."""
        new = _totals(self.new)
        return new.net_micro + new.tax_micro - self.old.net_micro - self.old.tax_micro


async def weigh_register(
    session: AsyncSession,
    memory: LaneMemory,
    *,
    place: int,
    since_s: int,
    newcomers: Sequence[Newcomer] = (),
    accepted_s: frozenset[int] = frozenset(),
    new_book: RateBook | None = None,
) -> Callable[[], Weighed]:
    """Read what a register is judged and rated again by; return what does so, pure, in a while."""
    registers = memory.registers
    register_id = int(registers.register_id[place])
    before = await metering_queries.state_before(
        session, estate_id=memory.estate_id, register_id=register_id, before=from_us(since_s * 1_000_000)
    )
    stored = await metering_queries.readings_after(
        session, estate_id=memory.estate_id, register_id=register_id, after_s=before.anchor_s
    )
    rows = [_Row(t, v, c, r, (q, m, x), None) for t, v, c, r, q, m, x in stored]
    book = memory.books[int(registers.book[place])]
    becomes = new_book or book
    anchors = {register_id: before.anchor_s if _keeps(book, becomes) else None}
    kept = await queries.kept_runs(session, estate_id=memory.estate_id, anchors=anchors)
    opening = _Opening(before, kept.get(register_id, {}))
    limits = registers.limits(place)

    def weigh() -> Weighed:
        old = _decide(rows, is_rated=[_was_charged(row) for row in rows], opening=opening, book=book)
        merged = sorted(
            [*rows, *(_Row(n.taken_s, n.value_micro, 0, 0, (0, 0, 0), n) for n in newcomers)],
            key=lambda row: row.taken_s,
        )
        rejudged = _judge(merged, accepted_s=accepted_s, before=before, limits=limits)
        new = _decide(rejudged, is_rated=[True] * len(rejudged), opening=opening, book=becomes)
        return Weighed(opening, merged, rejudged, _totals(old), new)

    return weigh


def _keeps(book: RateBook, becomes: RateBook) -> bool:
    return bool(book.kept_roles or becomes.kept_roles)


async def settle_register(
    session: AsyncSession,
    memory: LaneMemory,
    *,
    place: int,
    newcomers: Sequence[Newcomer],
    since_s: int,
    accepted_s: frozenset[int] = frozenset(),
    cause: str = LATE,
    new_book: RateBook | None = None,
) -> Settled:
    """Judge and rate a register again from its last timeline reading before ``since_s``.

    The outcome is that of a clean run over all its readings in time order. Stored readings get their new
    classes and running states here; the caller stores the newcomers and posts the difference.
    ``accepted_s`` are instants of held readings that a person has accepted; ``new_book`` is what the register
    is charged by from now on, if that is another one.
    """
    registers = memory.registers
    register_id = int(registers.register_id[place])
    weighing = await weigh_register(
        session,
        memory,
        place=place,
        since_s=since_s,
        newcomers=newcomers,
        accepted_s=accepted_s,
        new_book=new_book,
    )
    weighed = weighing()
    merged, rejudged, new, opening = weighed.rows, weighed.rejudged, weighed.new, weighed.opening
    before = opening.state
    label_late(
        new,
        np.array(
            [r.newcomer.is_late if r.newcomer else r.class_ == ReadingClass.LATE for r in merged],
            dtype=np.bool_,
        ),
    )
    changed = await _restate(session, memory, register_id=register_id, rows=merged, decided=new)
    book = memory.books[int(registers.book[place])]
    if _keeps(book, new_book or book):
        runs = _runs(register_id, merged, new)
        await keep_anew(session, memory, register_id=register_id, after_s=before.anchor_s, runs=runs)
    return Settled(
        place=place,
        since_s=since_s,
        cause=cause,
        old=weighed.old,
        new=_totals(new),
        state=_state_after(before, rejudged, new),
        classes=tuple(
            (row.newcomer.origin, int(new.class_[i]), int(new.reason[i]))
            for i, row in enumerate(merged)
            if row.newcomer is not None
        ),
        changed=changed,
        stored=_stored(
            register_id, rejudged, new, [i for i, row in enumerate(merged) if row.newcomer is not None]
        ),
        kept=_kept_after(opening, new),
    )


def _judge(
    rows: Sequence[_Row], *, accepted_s: frozenset[int], before: RegisterState, limits: Limits
) -> list[_Row]:
    judged = judge(
        taken_s=[row.taken_s for row in rows],
        value_micro=[row.value_micro for row in rows],
        is_accepted_by_person=[
            row.taken_s in accepted_s or row.reason == Reason.ACCEPTED_BY_PERSON for row in rows
        ],
        state=before,
        limits=limits,
    )
    return [
        replace(row, class_=class_, reason=reason)
        for row, class_, reason in zip(rows, judged.class_, judged.reason, strict=True)
    ]


def _decide(rows: Sequence[_Row], *, is_rated: Sequence[bool], opening: _Opening, book: RateBook) -> Decided:
    before = opening.state
    return decide_timeline(
        taken_s=[row.taken_s for row in rows],
        value_micro=[row.value_micro for row in rows],
        class_=[row.class_ for row in rows],
        reason=[row.reason for row in rows],
        is_rated=is_rated,
        book=book,
        anchor_s=before.anchor_s,
        value_before_micro=before.value_micro,
        opening=(before.run_quantity_micro, before.run_cost_micro, before.run_rest),
        kept=opening.kept,
    )


def _was_charged(row: _Row) -> bool:
    """Tell whether a stored reading cost anything when it was charged; the others had no price then."""
    return (
        row.class_ in (ReadingClass.CHARGED, ReadingClass.LATE) and row.reason != Reason.REGISTER_NOT_PRICED
    )


def _totals(decided: Decided) -> Totals:
    return Totals(
        int(decided.quantity_micro.sum()),
        int(decided.net_micro.sum()),
        int(decided.tax_micro.sum()),
        {role: total for role, net in decided.net_by_role.items() if (total := int(net.sum()))},
    )


def _state_after(before: RegisterState, rows: Sequence[_Row], decided: Decided) -> RegisterState:
    newest_s = max([row.taken_s for row in rows], default=before.newest_s)
    line = np.flatnonzero(decided.class_ <= TIMELINE_MAX)
    if len(line) == 0:
        return RegisterState(
            newest_s,
            before.anchor_s,
            before.value_micro,
            before.run_quantity_micro,
            before.run_cost_micro,
            before.run_rest,
        )
    last = int(line[-1])
    return RegisterState(
        newest_s,
        rows[last].taken_s,
        rows[last].value_micro,
        int(decided.run_quantity_micro[last]),
        int(decided.run_cost_micro[last]),
        int(decided.run_rest[last]),
    )


def _runs(register_id: int, rows: Sequence[_Row], decided: Decided) -> list[tuple[int, int, str, Numbers]]:
    return [(register_id, rows[row].taken_s, role, numbers) for (row, role), numbers in decided.kept.items()]


def _kept_after(opening: _Opening, decided: Decided) -> Mapping[str, Numbers]:
    line = np.flatnonzero(decided.class_ <= TIMELINE_MAX)
    if len(line) == 0:
        return opening.kept
    return {role: numbers for (row, role), numbers in decided.kept.items() if row == line[-1]}


async def _restate(
    session: AsyncSession, memory: LaneMemory, *, register_id: int, rows: Sequence[_Row], decided: Decided
) -> tuple[tuple[int, int], ...]:
    places, changed = [], []
    for i, row in enumerate(rows):
        if row.newcomer is not None:
            continue
        now = (
            int(decided.run_quantity_micro[i]),
            int(decided.run_cost_micro[i]),
            int(decided.run_rest[i]),
        )
        class_, reason = int(decided.class_[i]), int(decided.reason[i])
        if (class_, reason, now) != (row.class_, row.reason, row.run):
            places.append(i)
        if class_ != row.class_:
            changed.append((row.class_, class_))
    readings = _stored(register_id, rows, decided, places)
    await metering.restate_readings(
        session, estate_id=memory.estate_id, register_id=register_id, readings=readings
    )
    return tuple(changed)


def _stored(
    register_id: int, rows: Sequence[_Row], decided: Decided, places: Sequence[int]
) -> StoredReadings:
    chosen = np.array(places, dtype=np.int64)
    return StoredReadings(
        register_id=np.full(len(chosen), register_id, dtype=np.int64),
        taken_s=np.array([rows[i].taken_s for i in places], dtype=np.int64),
        value_micro=np.array([rows[i].value_micro for i in places], dtype=np.int64),
        run_quantity_micro=decided.run_quantity_micro[chosen],
        run_cost_micro=decided.run_cost_micro[chosen],
        run_rest=decided.run_rest[chosen],
        class_=decided.class_[chosen],
        reason=decided.reason[chosen],
    )
