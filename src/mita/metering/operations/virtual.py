"""Virtual meters are set, ended, and their readings worked out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, text, update

from mita.estates import queries as estate_queries
from mita.identity.operations import record_change
from mita.kit.errors import Conflict, Invalid
from mita.kit.events import publish
from mita.metering import queries
from mita.metering.domain import (
    BASE_UNIT,
    BadDerivation,
    Mix,
    MixPart,
    MixResult,
    has_ring,
    mix_readings,
    mix_times,
    mix_values,
    share_of,
)
from mita.metering.events import RegistersDerived
from mita.metering.models import VirtualMeter, VirtualPart

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.metering.domain import MixReading, Timeline
    from mita.metering.queries import RegisterInfo

_SHOWN_MAX = 24
_ALL = 1_000_000
_DUE = text(
    "UPDATE virtual_meter AS v SET due_since = least(coalesce(v.due_since, d.since), d.since)"
    " FROM (SELECT o.virtual_meter_id, o.due_since, min(to_timestamp(k.since_s)) AS since"
    "   FROM unnest(CAST(:registers AS bigint[]), CAST(:since AS bigint[])) AS k (register_id, since_s)"
    "   JOIN virtual_part AS p"
    "     ON p.estate_id = :estate_id AND p.register_id = k.register_id AND p.share IS NULL"
    "   JOIN virtual_meter AS o ON o.estate_id = p.estate_id AND o.virtual_meter_id = p.virtual_meter_id"
    "   GROUP BY o.virtual_meter_id, o.due_since) AS d"
    " WHERE v.estate_id = :estate_id AND v.virtual_meter_id = d.virtual_meter_id"
    " AND (v.due_since IS NULL OR v.due_since > d.since)"
    " RETURNING d.due_since IS NULL"
)


class MadeTwice(Conflict):
    """A register would be made of itself, by two virtual meters at once, or be read by a device as well."""

    code = "made_twice"
    title = "A register would come about in two ways"


@dataclass(frozen=True, slots=True)
class NewVirtualMeter:
    """What registers are made of: ``of`` and ``less`` are registers, ``into`` (register, share as text).

    ``step_s`` of None: at the times at which all parts have a reading. ``replaces`` is the virtual meter that
    is over when this one begins.
    """

    of: tuple[int, ...]
    less: tuple[int, ...]
    into: tuple[tuple[int, str], ...]
    step_s: int | None
    from_at: datetime
    replaces: int | None = None


async def set_virtual_meter(
    session: AsyncSession, *, estate_id: int, new: NewVirtualMeter, actor: str, now: datetime
) -> int:
    """Let registers be made of others from an instant on; return the virtual meter's id.

    What its parts have shown since then is looked at by the job that is asked for.

    :raises mita.kit.errors.NotFound: if the estate has not all of these registers
    :raises mita.kit.errors.Invalid: if shares, units or registers do not fit
    :raises MadeTwice: if a register would be made of itself, or in two ways
    """
    estate = await estate_queries.estate(session, estate_id=estate_id)
    await session.refresh(estate, with_for_update={"key_share": True})
    await publish(session, RegistersDerived(estate_id, is_virtual=True), now=now)
    mix = await _checked(session, estate_id=estate_id, new=new)
    if new.replaces is not None:
        await end_virtual_meter(
            session, estate_id=estate_id, virtual_meter_id=new.replaces, until_at=new.from_at, now=now
        )
    row = VirtualMeter(
        estate_id=estate_id,
        step_s=new.step_s,
        from_at=new.from_at,
        due_since=new.from_at,
        actor=actor,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    key = {"estate_id": estate_id, "virtual_meter_id": row.virtual_meter_id}
    shares = dict(new.into)
    parts = [
        {**key, "register_id": each.register_id, "is_less": each.is_less, "share": None} for each in mix.parts
    ]
    results = [
        {**key, "register_id": each, "is_less": False, "share": share.strip()}
        for each, share in shares.items()
    ]
    await session.execute(insert(VirtualPart), [*parts, *results])
    facts = {**_facts(row), "of": list(new.of), "less": list(new.less), "into": shares}
    await record_change(session, estate_id=estate_id, subject=_subject(row), old=None, new=facts, now=now)
    return row.virtual_meter_id


async def end_virtual_meter(
    session: AsyncSession, *, estate_id: int, virtual_meter_id: int, until_at: datetime, now: datetime
) -> None:
    """Let registers be made of others until an instant, at which they have their last value.

    :raises mita.kit.errors.NotFound: if the estate has no such virtual meter
    :raises mita.kit.errors.Invalid: if that is before its beginning, or after the end that it has
    """
    await publish(session, RegistersDerived(estate_id), now=now)
    row, _ = await queries.virtual_meter(session, estate_id=estate_id, virtual_meter_id=virtual_meter_id)
    await session.refresh(row)
    if until_at < row.from_at or (row.until_at is not None and until_at > row.until_at):
        raise _invalid("until_at", "must not be before its beginning or after its end")
    old = _facts(row)
    row.until_at = until_at
    await session.flush()
    await record_change(
        session, estate_id=estate_id, subject=_subject(row), old=old, new=_facts(row), now=now
    )


async def preview_virtual_meter(
    session: AsyncSession, *, estate_id: int, new: NewVirtualMeter
) -> list[MixReading]:
    """Return the last readings that a virtual meter would have by now; keep nothing, refuse the same."""
    mix = await _checked(session, estate_id=estate_id, new=new)
    lines, since_s = await _timelines(session, estate_id=estate_id, mix=mix, since_s=mix.from_s)
    times = mix_times(mix, timelines=lines, since_s=since_s)
    if not times:
        return []
    opened = await _opened(session, estate_id=estate_id, mix=mix, lines=lines, at_s=times[0])
    return mix_readings(opened, timelines=lines, times=[times[0], *times[1:][-_SHOWN_MAX:]])


async def note_parts_read(session: AsyncSession, *, estate_id: int, since_s: Mapping[int, int]) -> bool:
    """Note that registers were read, each from an instant on; return whether a virtual meter newly waits."""
    registers = sorted(since_s)
    values = {
        "estate_id": estate_id,
        "registers": registers,
        "since": [since_s[register_id] for register_id in registers],
    }
    return any((await session.scalars(_DUE, values)).all())


async def virtual_readings(session: AsyncSession, *, estate_id: int) -> list[MixReading]:
    """Return readings of virtual meters that wait, and are not stored; note that these were looked at.

    Nobody else charges in the estate until the transaction ends.
    """
    found: list[MixReading] = []
    for row in await queries.due_virtual_meters(session, estate_id=estate_id):
        found += await _look(session, row)
    return await _without_stored(session, estate_id=estate_id, readings=found)


async def _look(session: AsyncSession, row: VirtualMeter) -> list[MixReading]:
    _, parts = await queries.virtual_meter(
        session, estate_id=row.estate_id, virtual_meter_id=row.virtual_meter_id
    )
    mix = queries.mix_of(row, parts=parts)
    assert row.due_since is not None, "it waits"
    since_s = mix.from_s if mix.opened_s is None else queries.seconds(row.due_since)
    lines, since_s = await _timelines(session, estate_id=row.estate_id, mix=mix, since_s=since_s)
    times = mix_times(mix, timelines=lines, since_s=since_s)
    if times and mix.opened_s is None:
        mix = await _opened(session, estate_id=row.estate_id, mix=mix, lines=lines, at_s=times[0])
        row.opened_at = queries.instant(times[0])
        await _keep_opening(session, row, mix)
    row.due_since = None
    await session.flush()
    return mix_readings(mix, timelines=lines, times=times)


async def _timelines(
    session: AsyncSession, *, estate_id: int, mix: Mix, since_s: int
) -> tuple[dict[int, Timeline], int]:
    """Return what the parts show from an instant on, and that instant.

    With a step it is that of the earliest reading before ``since_s``: the times between it and the next
    reading have a value only now.
    """
    parts = [part.register_id for part in mix.parts]
    start = dict.fromkeys(parts, since_s)
    if mix.step_s is not None:
        before = await queries.anchors(session, estate_id=estate_id, at_s=dict.fromkeys(parts, since_s - 1))
        since_s = min([since_s, *before.values()])
        start = dict.fromkeys(parts, since_s)
        start |= await queries.anchors(session, estate_id=estate_id, at_s=start)
    found = await queries.timelines(session, estate_id=estate_id, since_s=start)
    return {register_id: found.get(register_id, []) for register_id in parts}, since_s


async def _opened(
    session: AsyncSession, *, estate_id: int, mix: Mix, lines: Mapping[int, Timeline], at_s: int
) -> Mix:
    """Return a virtual meter that opens at an instant; its results go on from where they stand."""
    values, _ = mix_values(mix, timelines=lines, taken_s=at_s)
    states = await queries.register_states(
        session, estate_id=estate_id, register_ids=[result.register_id for result in mix.results]
    )
    return replace(
        mix,
        opened_s=at_s,
        parts=tuple(replace(part, opening_micro=values[part.register_id]) for part in mix.parts),
        results=tuple(
            replace(result, opening_micro=states[result.register_id].value_micro) for result in mix.results
        ),
    )


async def _keep_opening(session: AsyncSession, row: VirtualMeter, mix: Mix) -> None:
    openings = {each.register_id: each.opening_micro for each in mix.parts}
    openings |= {each.register_id: each.opening_micro for each in mix.results}
    for register_id, opening_micro in openings.items():
        await session.execute(
            update(VirtualPart)
            .where(
                VirtualPart.estate_id == row.estate_id,
                VirtualPart.virtual_meter_id == row.virtual_meter_id,
                VirtualPart.register_id == register_id,
            )
            .values(opening_micro=opening_micro)
        )


async def _without_stored(
    session: AsyncSession, *, estate_id: int, readings: Sequence[MixReading]
) -> list[MixReading]:
    stored = await queries.stored_values(
        session,
        estate_id=estate_id,
        register_ids=[each.register_id for each in readings],
        taken_s=[each.taken_s for each in readings],
    )
    return [each for each in readings if (each.register_id, each.taken_s) not in stored]


# ── what is refused ──


async def _checked(session: AsyncSession, *, estate_id: int, new: NewVirtualMeter) -> Mix:
    named = [*new.of, *new.less, *(register_id for register_id, _ in new.into)]
    if len(set(named)) != len(named):
        raise _invalid("into", "must not name a register twice, nor one that goes in")
    infos = {each: await queries.register(session, estate_id=estate_id, register_id=each) for each in named}
    if len({BASE_UNIT[info.utility] for info in infos.values()}) != 1:
        raise _invalid("into", "must have registers of one base unit, as what goes in")
    try:
        results = tuple(MixResult(register_id, share_of(share)) for register_id, share in new.into)
    except BadDerivation as error:
        raise _invalid("into", f"is not right: {error}") from error
    if sum(result.share for result in results) > 1:
        raise _invalid("into", "must not share out more than the whole")
    parts = [*(MixPart(each) for each in new.of), *(MixPart(each, is_less=True) for each in new.less)]
    mix = Mix(queries.seconds(new.from_at), None, new.step_s, tuple(parts), results)
    if new.replaces is not None:
        await _refuse_replacing(session, estate_id=estate_id, virtual_meter_id=new.replaces, mix=mix)
    await _refuse_two_ways(session, estate_id=estate_id, mix=mix, infos=infos, replaces=new.replaces)
    return mix


async def _refuse_replacing(
    session: AsyncSession, *, estate_id: int, virtual_meter_id: int, mix: Mix
) -> None:
    row, _ = await queries.virtual_meter(session, estate_id=estate_id, virtual_meter_id=virtual_meter_id)
    begun_s = queries.seconds(row.from_at)
    until_s = None if row.until_at is None else queries.seconds(row.until_at)
    if mix.from_s <= begun_s or (until_s is not None and mix.from_s > until_s):
        raise _invalid(
            "from_at", "must be while the one that is replaced still holds, and after its beginning"
        )


async def _refuse_two_ways(
    session: AsyncSession,
    *,
    estate_id: int,
    mix: Mix,
    infos: Mapping[int, RegisterInfo],
    replaces: int | None,
) -> None:
    made_of: dict[int, set[int]] = defaultdict(set)
    mine = {result.register_id for result in mix.results}
    for row, rows in await queries.virtual_meters(session, estate_id=estate_id, limit=_ALL):
        other = queries.mix_of(row, parts=rows)
        is_over = other.until_s is not None and other.until_s <= mix.from_s
        if is_over or row.virtual_meter_id == replaces:
            continue
        for result in other.results:
            if result.register_id in mine:
                raise MadeTwice(
                    f"register {result.register_id} is made by virtual meter {row.virtual_meter_id}"
                )
            made_of[result.register_id] |= {part.register_id for part in other.parts}
    for register_id in mine:
        made_of[register_id] |= {part.register_id for part in mix.parts}
    if has_ring(made_of):
        raise MadeTwice("a register would be made of itself")
    derived = await queries.derivations(session, estate_id=estate_id, register_ids=sorted(mine))
    for register_id in mine:
        meter = await queries.meter(session, estate_id=estate_id, meter_id=infos[register_id].meter_id)
        if meter.device is not None or register_id in derived:
            raise MadeTwice(f"register {register_id} is read by a device, or counts pulses")


def _invalid(name: str, message: str) -> Invalid:
    return Invalid(f"{name} {message}", problems=[{"path": f"body.{name}", "message": message}])


def _subject(row: VirtualMeter) -> str:
    return f"virtual_meter:{row.virtual_meter_id}"


def _facts(row: VirtualMeter) -> dict[str, Any]:
    return {
        "step_s": row.step_s,
        "from_at": row.from_at.isoformat(),
        "until_at": None if row.until_at is None else row.until_at.isoformat(),
    }
