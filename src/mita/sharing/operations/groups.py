"""Communities are made, and their terms change from a local date on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import insert

from mita.estates import queries as estate_queries
from mita.kit.clock import from_us, to_us
from mita.kit.errors import Conflict
from mita.metering import queries as metering_queries
from mita.sharing import queries
from mita.sharing.domain import PriceTerms, change_days, grid_of, holding, is_double
from mita.sharing.models import SharingGroup, SharingKey, SharingMember, SharingSource
from mita.sharing.operations.prices import PRICED, UTILITY, add_prices, refused, settle_from
from mita.tariffs.domain import SUPPLY, local_date, local_midnight_s
from mita.tariffs.domain.sharing import KEYS_BEFORE, STATIC, WHOLE_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.sharing.domain import GroupRule, Spell
MEMBERS_MAX = 1_000


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
    """A group to be made, and its first prices; a virtual one has an incentive or nothing."""

    name: str
    country: str | None
    rule: GroupRule
    rate_table_id: int | None
    surplus_rate_table_id: int | None
    first_on: date
    incentive_rate_table_id: int | None = None
    roles: tuple[str, ...] = (SUPPLY,)


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
    row = SharingGroup(
        estate_id=estate_id,
        name=new.name,
        country=new.country,
        rule=rule.name,
        kind=rule.kind,
        is_own_surplus=rule.is_own_surplus,
        keys=rule.keys,
        interval_minutes=rule.interval_minutes,
        first_on=new.first_on,
        settle_from=new.first_on,
        settled_until=new.first_on,
        actor=actor,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    first = PriceTerms(
        new.first_on,
        new.rate_table_id,
        new.surplus_rate_table_id,
        new.incentive_rate_table_id,
        new.roles,
    )
    if first.table_ids or not rule.is_virtual:
        key = {"estate_id": estate_id, "sharing_group_id": row.sharing_group_id}
        await add_prices(session, **key, terms=[first], actor=actor, now=now)
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
    await settle_from(session, row=row, day=min(each.from_on for each in terms))


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
        holds_at = from_us(local_midnight_s(each.from_on, zone=zone) * 1_000_000)
        _check_in_time(row, holds_at=holds_at, now=now)
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
    await settle_from(session, row=row, day=min(each.from_on for each in terms))


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
        raise refused("this rule takes no keys", field="keys")
    zone = await estate_queries.time_zone(session, estate_id=estate_id)
    members = await queries.member_rows(session, estate_id=estate_id, sharing_group_id=sharing_group_id)
    known = {each.unit_id for each in members}
    for starts_at, unit_id in keys:
        if unit_id not in known:
            raise refused(f"unit {unit_id} was never a member", field="keys")
        _check_in_time(row, holds_at=starts_at, now=now)
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
    await settle_from(session, row=row, day=local_date(first_s, zone=zone))


async def resettle(session: AsyncSession, *, estate_id: int, sharing_group_id: int, day: date) -> None:
    """Let the next run settle a group from the month of a local date on.

    :raises mita.kit.errors.NotFound: if the group does not exist
    """
    row = await queries.group(session, estate_id=estate_id, sharing_group_id=sharing_group_id, lock=True)
    await settle_from(session, row=row, day=day)


def _check_in_time(row: SharingGroup, *, holds_at: datetime, now: datetime) -> None:
    if row.keys == KEYS_BEFORE and now > holds_at:
        raise KeysTooLate(f"this rule takes keys before they hold: {holds_at.isoformat()} has begun")


async def _check_terms(
    session: AsyncSession, row: SharingGroup, *, terms: Sequence[TermsIn], is_member: bool
) -> None:
    for each in terms:
        if each.from_on < row.first_on:
            raise refused(f"the group begins on {row.first_on}", field="from_on")
        if each.until_on is not None and each.until_on < each.from_on:
            raise refused("the end comes before the beginning", field="until_on")
        register = await metering_queries.register(
            session, estate_id=row.estate_id, register_id=each.register_id
        )
        if register.utility not in PRICED:
            raise refused(f"register {each.register_id} counts {register.utility}", field="register_id")
        if is_member and (register.unit_id, register.utility) != (each.unit_id, UTILITY):
            raise refused(
                f"register {each.register_id} counts no electricity of unit {each.unit_id}",
                field="register_id",
            )


async def _check_group(session: AsyncSession, row: SharingGroup, *, register_ids: Sequence[int]) -> None:
    """Check the terms as they stand now, those just written included."""
    members, sources = await _spells(session, row, sharing_group_id=row.sharing_group_id)
    if is_double(members, sources):
        raise AlreadyShared("a register is a source and a member at once")
    for day in change_days(members, first=row.first_on, until=row.first_on.max):
        held = holding(members, day=day)
        if len(held) > MEMBERS_MAX:
            raise refused(f"a group has at most {MEMBERS_MAX} members", field="members")
        if len({each.register_id for each in held.values()}) < len(held):
            raise refused(f"two members have the same register on {day}", field="register_id")
        if row.kind == STATIC and (total := sum(each.key_micro for each in held.values())) > WHOLE_KEY:
            raise refused(f"the keys sum to {total} millionths on {day}, more than one", field="key")
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
            raise refused(f"no interval of the group begins at {shown}", field="keys")
        if missing := holding(spells, day=day).keys() - of_interval.keys():
            raise refused(f"unit {min(missing)} has no key at {shown}; write 0 for none", field="keys")
        if (total := sum(of_interval.values())) > WHOLE_KEY:
            raise refused(f"the keys of {shown} sum to {total} millionths, more than one", field="keys")
