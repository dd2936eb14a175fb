"""The terms of a community by local date: rule, sources, members; how far it can be settled. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from mita.tariffs.domain.sharing import (
    COUNTRIES,
    FIXED_KEYS,
    KINDS,
    NO_KEYS,
    STATIC,
    SharingInvalid,
    SharingRule,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date


VIRTUAL = "virtual"
_MINUTES_DEFAULT = 15


@dataclass(frozen=True, slots=True)
class GroupRule:
    """The rule of a community under its name; ``kind`` is ``virtual`` where nothing is given to a member."""

    name: str
    kind: str
    is_own_surplus: bool
    keys: str
    interval_minutes: int

    @property
    def is_virtual(self) -> bool:
        """Whether energy is only counted as shared."""
        return self.kind == VIRTUAL

    @property
    def sharing(self) -> SharingRule:
        """The rule as generation is shared by it."""
        return SharingRule(self.kind, is_own_surplus=self.is_own_surplus, keys=self.keys)


@dataclass(frozen=True, slots=True)
class Spell:
    """Terms of a member (by unit) or a source (by register) for the local dates [from_on, until_on).

    Of the spells of one ``who`` the one that begins last holds, among those of one date the last one written.
    """

    who: int
    register_id: int
    from_on: date
    until_on: date | None = None
    key_micro: int = 0
    place: int = 0


def rule_of(
    *, country: str | None, name: str | None, is_own_surplus: bool, interval_minutes: int | None
) -> GroupRule:
    """Return the rule that a country has under a name (its usual one without), or of no country.

    :raises SharingInvalid: if there is no such country or rule, or what is asked for contradicts it
    """
    if country is None:
        kind = name or STATIC
        if kind not in KINDS:
            raise SharingInvalid(f"{kind!r} is not one of {', '.join(KINDS)}")
        if is_own_surplus and kind != STATIC:
            raise SharingInvalid("only by static keys a surplus is a member's own")
        keys = FIXED_KEYS if kind == STATIC else NO_KEYS
        return GroupRule(kind, kind, is_own_surplus, keys, interval_minutes or _MINUTES_DEFAULT)
    rules = COUNTRIES.get(country)
    if rules is None:
        raise SharingInvalid(f"{country!r} is not one of {', '.join(COUNTRIES)}")
    minutes = rules.interval_minutes
    if interval_minutes not in (None, minutes):
        raise SharingInvalid(f"{country} shares by intervals of {minutes} minutes")
    if rules.is_virtual:
        if name not in (None, VIRTUAL) or is_own_surplus:
            raise SharingInvalid(f"in {country} nothing is given to a member: the rule is {VIRTUAL}")
        return GroupRule(VIRTUAL, VIRTUAL, is_own_surplus=False, keys=NO_KEYS, interval_minutes=minutes)
    chosen = name or next(iter(rules.rules))
    if chosen not in rules.rules:
        raise SharingInvalid(f"{chosen!r} is not one of {', '.join(rules.rules)} of {country}")
    found = rules.rules[chosen]
    if is_own_surplus and not found.is_own_surplus:
        raise SharingInvalid(f"by this rule of {country} the surplus is the community's")
    return GroupRule(chosen, found.kind, found.is_own_surplus, found.keys, minutes)


def holding(spells: Iterable[Spell], *, day: date) -> dict[int, Spell]:
    """Return whose terms hold on a local date, in ascending order of ``who``."""
    standing: dict[int, Spell] = {}
    for each in spells:
        before = standing.get(each.who)
        if each.from_on <= day and (before is None or before.from_on <= each.from_on):
            standing[each.who] = each
    return {
        who: each for who, each in sorted(standing.items()) if each.until_on is None or day < each.until_on
    }


def change_days(spells: Iterable[Spell], *, first: date, until: date) -> list[date]:
    """Return ``first``, the later dates before ``until`` on which terms may change, and ``until``."""
    days = {first, until}
    for each in spells:
        days |= {day for day in (each.from_on, each.until_on) if day is not None and first < day < until}
    return sorted(days)


def is_double(spells: Sequence[Spell], others: Sequence[Spell]) -> bool:
    """Say whether a register is held on some date by both sides."""
    for day in {each.from_on for each in (*spells, *others)}:
        mine = {each.register_id for each in holding(spells, day=day).values()}
        if mine & {each.register_id for each in holding(others, day=day).values()}:
            return True
    return False


def settled_until(
    members: Sequence[Spell],
    sources: Sequence[Spell],
    *,
    first: date,
    today: date,
    read_until: Mapping[int, date],
) -> tuple[date, dict[int, date]]:
    """Return the first local date that cannot be settled, and until when the registers are read that wait.

    ``read_until`` is the local date of each register's newest reading: the days before it are known.
    """
    until = max(first, today)
    waiting: dict[int, date] = {}
    for begin, end in pairwise(change_days((*members, *sources), first=first, until=until)):
        held = [holding(side, day=begin).values() for side in (members, sources)]
        for register_id in sorted({each.register_id for side in held for each in side}):
            known = max(begin, read_until.get(register_id, begin))
            if known < end:
                waiting.setdefault(register_id, known)
    return min([until, *waiting.values()]), waiting
