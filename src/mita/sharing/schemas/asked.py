"""Shapes of what sharing is asked for."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints
from pydantic.json_schema import SkipJsonSchema

from mita.kit.shapes import Id, Instant, Shape, Text, micro
from mita.sharing.domain import PriceTerms, rule_of
from mita.sharing.operations import NewGroup, SharingRefused, TermsIn
from mita.tariffs.domain import ROLES, SUPPLY
from mita.tariffs.domain.sharing import SharingInvalid

# a key is millionths of one
Key = Annotated[str, StringConstraints(pattern=r"^(0(\.[0-9]{1,6})?|1(\.0{1,6})?)$")]
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 1, 1), examples=["2026-03-01"])]
RoleWord = Literal["supply", "network", "levy"]
Roles = Annotated[list[RoleWord], Field(max_length=len(ROLES))]
_INCENTIVE = (
    "What is paid for shared energy where nothing is given to a member: usage charges on export, shared out"
    " by the members' keys, without keys by consumption"
)
_ROLES = "Whose usage charges shared energy saves; supply, if others are still due on it"
_TERMS_MAX = 1_000
_KEYS_MAX = 20_000


class SourceIn(Shape):
    """A register whose rise is generation; without dates from the group's first one on."""

    register_id: Id = Field(examples=[1])
    from_on: Day | SkipJsonSchema[None] = None
    until_on: Day | SkipJsonSchema[None] = Field(
        default=None, description="The first date it is none any more"
    )


class MemberIn(Shape):
    """A unit's terms from a date on; with ``until_on`` they end there."""

    unit_id: Id = Field(examples=[1])
    register_id: Id = Field(description="What counts its consumption", examples=[1])
    key: Key = Field(default="0", description="Its part of the generation, by static keys", examples=["0.25"])
    place: int = Field(default=0, ge=0, le=1_000_000, description="In the order, by priority", examples=[0])
    from_on: Day | SkipJsonSchema[None] = None
    until_on: Day | SkipJsonSchema[None] = Field(
        default=None, description="The first date it is none any more"
    )


class SourcesIn(Shape):
    """Sources of a group."""

    sources: Annotated[list[SourceIn], Field(min_length=1, max_length=_TERMS_MAX)]


class MembersIn(Shape):
    """Terms of members of a group."""

    members: Annotated[list[MemberIn], Field(min_length=1, max_length=_TERMS_MAX)]


class PriceIn(Shape):
    """Prices of a group from a date on."""

    from_on: Day
    rate_table_id: Id | SkipJsonSchema[None] = Field(
        default=None, description="The price of what is allocated; an allowance in it is the free band"
    )
    surplus_rate_table_id: Id | SkipJsonSchema[None] = Field(
        default=None, description="What is paid for a member's own surplus: usage charges on export"
    )
    incentive_rate_table_id: Id | SkipJsonSchema[None] = Field(default=None, description=_INCENTIVE)
    roles: Roles = Field(default=[SUPPLY], description=_ROLES)


class PricesIn(Shape):
    """Prices of a group from dates on."""

    prices: Annotated[list[PriceIn], Field(min_length=1, max_length=_TERMS_MAX)]

    def terms(self) -> list[PriceTerms]:
        """Return them as the operation takes them."""
        return [
            PriceTerms(
                each.from_on,
                each.rate_table_id,
                each.surplus_rate_table_id,
                each.incentive_rate_table_id,
                _in_order(each.roles),
            )
            for each in self.prices
        ]


class IntervalKeyIn(Shape):
    """A member's key of the interval that begins at ``starts_at``."""

    starts_at: Instant
    unit_id: Id
    key: Key = Field(examples=["0.25"])


class KeysIn(Shape):
    """Keys of single intervals: all members' of each of them."""

    keys: Annotated[list[IntervalKeyIn], Field(min_length=1, max_length=_KEYS_MAX)]

    def by_interval(self) -> dict[tuple[datetime, int], int]:
        """Return the keys in millionths by (start, unit).

        :raises SharingRefused: if one is there twice
        """
        found = {(each.starts_at, each.unit_id): micro(each.key) for each in self.keys}
        if len(found) < len(self.keys):
            message = "a unit has two keys of one interval"
            raise SharingRefused(message, problems=[{"path": "body.keys", "message": message}])
        return found


class ResettleIn(Shape):
    """From when on a group is settled again."""

    from_on: Day


class SharingGroupIn(Shape):
    """A community: whose rule it shares by, and at what prices."""

    name: Text = Field(examples=["The roof of house 3"])
    country: Literal["AT", "FR", "ES", "IT"] | SkipJsonSchema[None] = Field(
        default=None, description="Whose rules it shares by; none: a rule of your own"
    )
    rule: (
        Literal["static", "dynamic", "priority", "equal", "hourly", "full_dynamic", "virtual"]
        | SkipJsonSchema[None]
    ) = Field(
        default=None, description="Without it the country's usual one, else static", examples=["dynamic"]
    )
    is_own_surplus: bool = Field(
        default=False, description="What a member's static share leaves is the member's; without a country"
    )
    interval_minutes: Literal[5, 10, 15, 20, 30, 60] | SkipJsonSchema[None] = Field(
        default=None, description="Without it the country's, else 15"
    )
    rate_table_id: Id | SkipJsonSchema[None] = Field(
        default=None, description="The price of what is allocated; an allowance in it is the free band"
    )
    surplus_rate_table_id: Id | SkipJsonSchema[None] = Field(
        default=None, description="What is paid for a member's own surplus: usage charges on export"
    )
    incentive_rate_table_id: Id | SkipJsonSchema[None] = Field(default=None, description=_INCENTIVE)
    roles: Roles = Field(default=[SUPPLY], description=_ROLES)
    first_on: Day
    sources: list[SourceIn] = Field(default=[], max_length=_TERMS_MAX)
    members: list[MemberIn] = Field(default=[], max_length=_TERMS_MAX)

    def new(self) -> NewGroup:
        """Return it as the operation takes it.

        :raises SharingRefused: if country and rule do not fit
        """
        try:
            rule = rule_of(
                country=self.country,
                name=self.rule,
                is_own_surplus=self.is_own_surplus,
                interval_minutes=self.interval_minutes,
            )
        except SharingInvalid as error:
            problem: dict[str, object] = {"path": "body.rule", "message": str(error)}
            raise SharingRefused(str(error), problems=[problem]) from error
        return NewGroup(
            self.name,
            self.country,
            rule,
            self.rate_table_id,
            self.surplus_rate_table_id,
            self.first_on,
            self.incentive_rate_table_id,
            _in_order(self.roles),
        )


def source_terms(sources: list[SourceIn], *, first_on: date) -> list[TermsIn]:
    """Return sources as the operation takes them."""
    return [TermsIn(each.register_id, each.from_on or first_on, each.until_on) for each in sources]


def member_terms(members: list[MemberIn], *, first_on: date) -> list[TermsIn]:
    """Return members as the operation takes them."""
    return [
        TermsIn(
            each.register_id,
            each.from_on or first_on,
            each.until_on,
            unit_id=each.unit_id,
            key_micro=micro(each.key),
            place=each.place,
        )
        for each in members
    ]


def _in_order(roles: list[RoleWord]) -> tuple[str, ...]:
    return tuple(role for role in ROLES if role in roles)
