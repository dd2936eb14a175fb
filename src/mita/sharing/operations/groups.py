"""Communities are made, and their terms change from a local date on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, update

from mita.estates import queries as estate_queries
from mita.kit.clock import to_us
from mita.kit.errors import Conflict, Invalid
from mita.metering import queries as metering_queries
from mita.sharing import queries
from mita.sharing.domain import change_days, grid_of, holding, is_double
from mita.sharing.models import SharingGroup, SharingKey, SharingMember, SharingSource
from mita.tariffs import queries as tariff_queries
from mita.tariffs.domain import local_date, local_midnight_s
from mita.tariffs.domain.sharing import KEYS_BEFORE, STATIC, WHOLE_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.sharing.domain import GroupRule, Spell
    from mita.tariffs.domain import RateTable

UTILITY = "electricity"
MEMBERS_MAX = 1_000
_PRICED = ("electricity", "solar")
_IMPORT, _EXPORT = "import", "export"


class SharingRefused(Invalid):
    """Terms by which generation cannot be shared, or prices that cannot price it."""

    code = "sharing_invalid"
    title = "Generation cannot be shared so"


class KeysTooLate(Conflict):
    """The rule takes keys before they hold, and these would hold already."""

    code = "keys_too_late"
    title = "The keys come too late"


class AlreadyShared(Conflict):
    """A register is a member or a source of another group on some of the dates."""

    code = "already_shared"
    title = "The register is in another sharing group"


@dataclass(frozen=True, slots=True)
class NewGroup:
    """A group to be made; a virtual one has no prices."""

    name: str
    country: str | None
    rule: GroupRule
    rate_table_id: int | None
    surplus_rate_table_id: int | None
    first_on: date


@dataclass(frozen=True, slots=True)
class TermsIn:
    """Terms of a register, in a unit where it is a member's, for [from_on, until_on) in local dates."""

    register_id: int
    from_on: date
    until_on: date | None = None
    unit_id: int = 0
    key_micro: int = 0
    place: int = 0


async def create_sharing_group(
    session: AsyncSession, *, estate_id: int, new: NewGroup, actor: str, now: datetime
) -> SharingGroup:
    """Make a group without sources and members.

    :raises mita.kit.errors.NotFound: if a rate table does not exist
    :raises SharingRefused: if the prices do not fit
    """
    rule = new.rule
    if rule.is_virtual != (new.rate_table_id is None):
        wanted = "takes no" if rule.is_virtual else "needs the"
        raise _refused("rate_table_id", f"the rule {wanted} price of what is allocated")
    if new.surplus_rate_table_id is not None and not rule.is_own_surplus:
        raise _refused("surplus_rate_table_id", "by this rule no surplus is a member's own")
    for field, table_id, register in (
        ("rate_table_id", new.rate_table_id, _IMPORT),
        ("surplus_rate_table_id", new.surplus_rate_table_id, _EXPORT),
    ):
        if table_id is not None:
            await tariff_queries.rate_table(session, estate_id=estate_id, rate_table_id=table_id)
            found = await tariff_queries.tables_by_id(session, estate_id=estate_id, rate_table_ids=[table_id])
            _check_table(found[table_id], field=field, register=register, first_on=new.first_on)
    row = SharingGroup(
        estate_id=estate_id,
        name=new.name,
        country=new.country,
        rule=rule.name,
        kind=rule.kind,
        is_own_surplus=rule.is_own_surplus,
        keys=rule.keys,
        interval_minutes=rule.interval_minutes,
        rate_table_id=new.rate_table_id,
        surplus_rate_table_id=new.surplus_rate_table_id,
        first_on=new.first_on,
        settle_from=new.first_on,
        settled_until=new.first_on,
        actor=actor,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    return row


async def add_sources(
    session: AsyncSession,
    *,
    estate_id: int,
    sharing_group_id: int,
    terms: Sequence[TermsIn],
    actor: str,
    now: datetime,
) -> None:
    """Let the rise of registers be generation of a group, from dates on; an ``until_on`` ends it.

    :raises mita.kit.errors.NotFound: if the group or a register does not exist
    :raises SharingRefused: if a register counts no electricity, or the dates do not fit
    :raises AlreadyShared: if a register is in another group, or a member of this one
    """
    row = await queries.group(session, estate_id=estate_id, sharing_group_id=sharing_group_id, lock=True)
    await _check_terms(session, row, terms=terms, is_member=False)
    await session.execute(
        insert(SharingSource),
        [
            {
                "estate_id": estate_id,
                "sharing_group_id": sharing_group_id,
                "register_id": each.register_id,
                "from_on": each.from_on,
                "until_on": each.until_on,
                "actor": actor,
                "created_at": now,
            }
            for each in terms
        ],
    )
    await _check_group(session, row, register_ids=[each.register_id for each in terms])
    await _settle_from(session, row, day=min(each.from_on for each in terms))


async def add_members(
    session: AsyncSession,
    *,
    estate_id: int,
    sharing_group_id: int,
    terms: Sequence[TermsIn],
    actor: str,
    now: datetime,
) -> None:
    """Give units terms in a group from dates on, in the place of what they had; an ``until_on`` ends them.

    Terms of the past are settled again by the next run.

    :raises mita.kit.errors.NotFound: if the group or a register does not exist
    :raises SharingRefused: if a register is not the unit's, the dates do not fit, or the keys are too much
    :raises KeysTooLate: if the rule takes keys before they hold
    :raises AlreadyShared: if a register is in another group, or a source of this one
    """
    row = await queries.group(session, estate_id=estate_id, sharing_group_id=sharing_group_id, lock=True)
    zone = await estate_queries.time_zone(session, estate_id=estate_id)
    await _check_terms(session, row, terms=terms, is_member=True)
    for each in terms:
        if row.keys == KEYS_BEFORE and to_us(now) > local_midnight_s(each.from_on, zone=zone) * 1_000_000:
            raise KeysTooLate(
                f"this rule takes keys before they hold: {each.from_on} has begun; give a later date"
            )
    await session.execute(
        insert(SharingMember),
        [
            {
                "estate_id": estate_id,
                "sharing_group_id": sharing_group_id,
                "unit_id": each.unit_id,
                "register_id": each.register_id,
                "key_micro": each.key_micro,
                "place": each.place,
                "from_on": each.from_on,
                "until_on": each.until_on,
                "actor": actor,
                "created_at": now,
            }
            for each in terms
        ],
    )
    await _check_group(session, row, register_ids=[each.register_id for each in terms])
    await _settle_from(session, row, day=min(each.from_on for each in terms))


async def add_keys(
    session: AsyncSession,
    *,
    estate_id: int,
    sharing_group_id: int,
    keys: Mapping[tuple[datetime, int], int],
    actor: str,
    now: datetime,
) -> None:
    """Set the keys of single intervals, by (start of the interval, unit): all members' of each of them.

    They stand in the place of what was sent for an interval before.

    :raises mita.kit.errors.NotFound: if the group does not exist
    :raises SharingRefused: if the group does not share by keys, a unit was never a member or lacks a key, or
        the keys of an interval sum to more than one
    :raises KeysTooLate: if the rule takes keys before the interval
    """
    row = await queries.group(session, estate_id=estate_id, sharing_group_id=sharing_group_id, lock=True)
    if row.kind != STATIC:
        raise _refused("keys", "this rule takes no keys")
    zone = await estate_queries.time_zone(session, estate_id=estate_id)
    members = await queries.member_rows(session, estate_id=estate_id, sharing_group_id=sharing_group_id)
    known = {each.unit_id for each in members}
    for starts_at, unit_id in keys:
        if unit_id not in known:
            raise _refused("keys", f"unit {unit_id} was never a member")
        if row.keys == KEYS_BEFORE and now > starts_at:
            raise KeysTooLate(f"this rule takes keys before the interval: {starts_at.isoformat()} has begun")
    await _check_interval_keys(session, row, spells=queries.member_spells(members), keys=keys)
    await session.execute(
        insert(SharingKey),
        [
            {
                "estate_id": estate_id,
                "sharing_group_id": sharing_group_id,
                "starts_at": starts_at,
                "unit_id": unit_id,
                "key_micro": key,
                "actor": actor,
                "created_at": now,
            }
            for (starts_at, unit_id), key in keys.items()
        ],
    )
    first_s = min(to_us(starts_at) for starts_at, _ in keys) // 1_000_000
    await _settle_from(session, row, day=local_date(first_s, zone=zone))


async def resettle(session: AsyncSession, *, estate_id: int, sharing_group_id: int, day: date) -> None:
    """Let the next run settle a group from the month of a local date on.

    :raises mita.kit.errors.NotFound: if the group does not exist
    """
    row = await queries.group(session, estate_id=estate_id, sharing_group_id=sharing_group_id, lock=True)
    await _settle_from(session, row, day=day)


async def _settle_from(session: AsyncSession, row: SharingGroup, *, day: date) -> None:
    await session.execute(
        update(SharingGroup)
        .where(SharingGroup.estate_id == row.estate_id, SharingGroup.sharing_group_id == row.sharing_group_id)
        .values(settle_from=func.greatest(row.first_on, func.least(SharingGroup.settle_from, day)))
        .execution_options(synchronize_session=False)
    )


def _check_table(table: RateTable, *, field: str, register: str, first_on: date) -> None:
    charged = {charge.register for charge in table.usage}
    if len(table.usage) != len(table.charges) or charged != {register}:
        raise _refused(field, f"a table for this has usage charges on the register {register} and no others")
    if table.utility not in _PRICED or table.conversion is not None:
        raise _refused(field, "the table is for another unit than kWh of electricity or solar")
    if table.billing_day != 1:
        raise _refused(field, "a group is settled by calendar month: the table's billing day must be 1")
    if table.effective_from > first_on:
        raise _refused(field, f"the table holds from {table.effective_from} on, the group from {first_on}")


async def _check_terms(
    session: AsyncSession, row: SharingGroup, *, terms: Sequence[TermsIn], is_member: bool
) -> None:
    for each in terms:
        if each.from_on < row.first_on:
            raise _refused("from_on", f"the group begins on {row.first_on}")
        if each.until_on is not None and each.until_on < each.from_on:
            raise _refused("until_on", "the end comes before the beginning")
        register = await metering_queries.register(
            session, estate_id=row.estate_id, register_id=each.register_id
        )
        if register.utility not in _PRICED:
            raise _refused("register_id", f"register {each.register_id} counts {register.utility}")
        if is_member and (register.unit_id, register.utility) != (each.unit_id, UTILITY):
            raise _refused(
                "register_id", f"register {each.register_id} counts no electricity of unit {each.unit_id}"
            )


async def _check_group(session: AsyncSession, row: SharingGroup, *, register_ids: Sequence[int]) -> None:
    """Check the terms as they stand now, those just written included."""
    members, sources = await _spells(session, row, sharing_group_id=row.sharing_group_id)
    if is_double(members, sources):
        raise AlreadyShared("a register is a source and a member at once")
    for day in change_days(members, first=row.first_on, until=row.first_on.max):
        held = holding(members, day=day)
        if len(held) > MEMBERS_MAX:
            raise _refused("members", f"a group has at most {MEMBERS_MAX} members")
        if len({each.register_id for each in held.values()}) < len(held):
            raise _refused("register_id", f"two members have the same register on {day}")
        if row.kind == STATIC and (total := sum(each.key_micro for each in held.values())) > WHOLE_KEY:
            raise _refused("key", f"the keys sum to {total} millionths on {day}, more than one")
    others = await queries.groups_of_registers(
        session, estate_id=row.estate_id, register_ids=register_ids
    ) - {row.sharing_group_id}
    for other in sorted(others):
        theirs = await _spells(session, row, sharing_group_id=other)
        for mine in (members, sources):
            if any(is_double(mine, side) for side in theirs):
                raise AlreadyShared(f"a register is in sharing group {other} on some of these dates")


async def _spells(
    session: AsyncSession, row: SharingGroup, *, sharing_group_id: int
) -> tuple[list[Spell], list[Spell]]:
    key = {"estate_id": row.estate_id, "sharing_group_id": sharing_group_id}
    members = await queries.member_rows(session, **key)
    sources = await queries.source_rows(session, **key)
    return queries.member_spells(members), queries.source_spells(sources)


async def _check_interval_keys(
    session: AsyncSession,
    row: SharingGroup,
    *,
    spells: Sequence[Spell],
    keys: Mapping[tuple[datetime, int], int],
) -> None:
    zone = await estate_queries.time_zone(session, estate_id=row.estate_id)
    given: dict[datetime, dict[int, int]] = {}
    for (starts_at, unit_id), key in keys.items():
        given.setdefault(starts_at, {})[unit_id] = key
    for starts_at, of_interval in given.items():
        shown = starts_at.isoformat()
        start_s, rest_us = divmod(to_us(starts_at), 1_000_000)
        day = local_date(start_s, zone=zone)
        edges = grid_of(zone, first=day, until=day + timedelta(days=1), minutes=row.interval_minutes).edges
        if rest_us or start_s not in edges[:-1].tolist():
            raise _refused("keys", f"no interval of the group begins at {shown}")
        if missing := holding(spells, day=day).keys() - of_interval.keys():
            raise _refused("keys", f"unit {min(missing)} has no key at {shown}; write 0 for none")
        if (total := sum(of_interval.values())) > WHOLE_KEY:
            raise _refused("keys", f"the keys of {shown} sum to {total} millionths, more than one")


def _refused(field: str, message: str) -> SharingRefused:
    return SharingRefused(message, problems=[{"path": f"body.{field}", "message": message}])
