"""Request and response shapes of sharing."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints
from pydantic.json_schema import SkipJsonSchema

from mita.kit.clock import from_us
from mita.kit.shapes import Id, Instant, Money, Quantity, Shape, Text, micro, money, quantity
from mita.sharing.domain import MemberMonth, Shares, rule_of
from mita.sharing.models import SharedMonth, SharingGroup, SharingMember, SharingSource
from mita.sharing.operations import NewGroup, SharingRefused, TermsIn
from mita.tariffs.domain.sharing import SharingInvalid

# a key is millionths of one
Key = Annotated[str, StringConstraints(pattern=r"^(0(\.[0-9]{1,6})?|1(\.0{1,6})?)$")]
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 1, 1), examples=["2026-03-01"])]
_UNIT = "kWh"
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
            self.name, self.country, rule, self.rate_table_id, self.surplus_rate_table_id, self.first_on
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


class SourceOut(Shape):
    """A source and its dates; of the rows of a register the one that begins last holds."""

    register_id: Id
    from_on: date
    until_on: date | None


class MemberOut(Shape):
    """A member's terms from a date on; of the rows of a unit the one that begins last holds."""

    unit_id: Id
    register_id: Id
    key: str = Field(examples=["0.250000"])
    place: int = Field(examples=[0])
    from_on: date
    until_on: date | None


class WaitingFor(Shape):
    """A register that keeps a group from being settled further: it is read until before this date."""

    register_id: Id
    read_until: date


class SharingGroupOut(Shape):
    """A group, its terms by date, and how far it is settled."""

    sharing_group_id: Id
    name: str = Field(examples=["The roof of house 3"])
    country: str | None = Field(examples=["AT"])
    rule: str = Field(examples=["dynamic"])
    is_own_surplus: bool
    interval_minutes: int = Field(examples=[15])
    rate_table_id: Id | None
    surplus_rate_table_id: Id | None
    first_on: date
    settled_until: date = Field(description="The first local date that is not settled")
    sources: list[SourceOut]
    members: list[MemberOut] = Field(description="A person sees their own")


class DaySums(Shape):
    """A local date of a group: what was allocated and the surplus are the generation."""

    day: date
    generation: Quantity
    allocated: Quantity
    surplus: Quantity
    shared: Quantity = Field(description="Where nothing is given to a member: the energy that was shared")


class MemberDay(Shape):
    """A local date of a member."""

    day: date
    consumption: Quantity
    allocated: Quantity
    surplus: Quantity = Field(description="The member's own")


class Taxed(Shape):
    """Money without tax, and the tax."""

    net: Money
    tax: Money


class BookedMonth(Shape):
    """What is booked of a member's month, which is settled before ``until_on``."""

    until_on: date
    consumption: Quantity
    allocated: Quantity
    surplus: Quantity
    saved: Taxed = Field(description="What the grid costs less")
    solar: Taxed = Field(description="The price of what was allocated")
    fed_in: Taxed = Field(description="What is paid for the member's own surplus")
    seq: int | None = Field(description="The wallet's entry of the newest difference", examples=[12])


class MemberAllocations(Shape):
    """A member's part of a month: by day as the readings stand, and what is booked."""

    unit_id: Id
    days: list[MemberDay]
    booked: BookedMonth | None


class AllocationsOut(Shape):
    """A month of a group as its readings stand now; before ``until_on`` all meters are read."""

    month: str = Field(examples=["2026-03"])
    until_on: date
    waiting_for: list[WaitingFor]
    days: list[DaySums]
    members: list[MemberAllocations]


class MemberShare(Shape):
    """What a member used and got in an interval."""

    unit_id: Id
    consumption: Quantity
    allocated: Quantity
    surplus: Quantity


class SharedInterval(Shape):
    """An interval of a group."""

    starts_at: Instant
    ends_at: Instant
    generation: Quantity
    surplus: Quantity
    shared: Quantity
    members: list[MemberShare]


class SharedDayOut(Shape):
    """The intervals of a local date; none if not all meters are read."""

    day: date
    waiting_for: list[WaitingFor]
    intervals: list[SharedInterval]


class SettledOut(Shape):
    """What a run did."""

    settled_until: date
    changed: int = Field(description="How many members' months are others now", examples=[4])


def group_out(
    row: SharingGroup, *, members: list[SharingMember], sources: list[SharingSource]
) -> SharingGroupOut:
    """Return a group as JSON shows it."""
    return SharingGroupOut(
        sharing_group_id=row.sharing_group_id,
        name=row.name,
        country=row.country,
        rule=row.rule,
        is_own_surplus=row.is_own_surplus,
        interval_minutes=row.interval_minutes,
        rate_table_id=row.rate_table_id,
        surplus_rate_table_id=row.surplus_rate_table_id,
        first_on=row.first_on,
        settled_until=row.settled_until,
        sources=[
            SourceOut(register_id=each.register_id, from_on=each.from_on, until_on=each.until_on)
            for each in sources
        ],
        members=[
            MemberOut(
                unit_id=each.unit_id,
                register_id=each.register_id,
                key=_energy(each.key_micro).amount,
                place=each.place,
                from_on=each.from_on,
                until_on=each.until_on,
            )
            for each in members
        ],
    )


def waiting_out(waiting: dict[int, date]) -> list[WaitingFor]:
    """Return who is waited for as JSON shows it."""
    return [WaitingFor(register_id=each, read_until=day) for each, day in sorted(waiting.items())]


def days_out(shares: Shares, *, first: date) -> list[DaySums]:
    """Return the sums of the dates from ``first`` on."""
    columns = (shares.generation, shares.allocated.sum(axis=0), shares.surplus, shares.shared)
    sums = zip(shares.grid.dates, *(shares.of_days(each).tolist() for each in columns), strict=True)
    return [
        DaySums(
            day=day,
            generation=_energy(generation),
            allocated=_energy(allocated),
            surplus=_energy(surplus),
            shared=_energy(shared),
        )
        for day, generation, allocated, surplus, shared in sums
        if day >= first
    ]


def member_days_out(shares: Shares, *, unit_id: int, first: date) -> list[MemberDay]:
    """Return a member's dates from ``first`` on."""
    row = shares.unit_ids.index(unit_id)
    columns = (shares.consumption[row], shares.allocated[row], shares.own[row])
    sums = zip(shares.grid.dates, *(shares.of_days(each).tolist() for each in columns), strict=True)
    return [
        MemberDay(day=day, consumption=_energy(used), allocated=_energy(allocated), surplus=_energy(surplus))
        for day, used, allocated, surplus in sums
        if day >= first
    ]


def booked_out(row: SharedMonth, booked: MemberMonth, *, currency: str) -> BookedMonth:
    """Return what is booked of a member's month."""

    def taxed(net_micro: int, tax_micro: int) -> Taxed:
        return Taxed(net=money(net_micro, currency=currency), tax=money(tax_micro, currency=currency))

    return BookedMonth(
        until_on=row.until_on,
        consumption=_energy(booked.consumption_micro),
        allocated=_energy(booked.allocated_micro),
        surplus=_energy(booked.surplus_micro),
        saved=taxed(booked.saved_net_micro, booked.saved_tax_micro),
        solar=taxed(booked.solar_net_micro, booked.solar_tax_micro),
        fed_in=taxed(booked.fed_in_net_micro, booked.fed_in_tax_micro),
        seq=row.seq,
    )


def intervals_out(shares: Shares, *, unit_ids: set[int] | None) -> list[SharedInterval]:
    """Return the intervals of a span, with these members or all."""
    edges = shares.grid.edges.tolist()
    shown = [row for row, unit_id in enumerate(shares.unit_ids) if unit_ids is None or unit_id in unit_ids]
    return [
        SharedInterval(
            starts_at=from_us(edges[at] * 1_000_000),
            ends_at=from_us(edges[at + 1] * 1_000_000),
            generation=_energy(shares.generation[at]),
            surplus=_energy(shares.surplus[at]),
            shared=_energy(shares.shared[at]),
            members=[
                MemberShare(
                    unit_id=shares.unit_ids[row],
                    consumption=_energy(shares.consumption[row, at]),
                    allocated=_energy(shares.allocated[row, at]),
                    surplus=_energy(shares.own[row, at]),
                )
                for row in shown
            ],
        )
        for at in range(len(shares.grid))
    ]


def _energy(micro_kwh: int) -> Quantity:
    return quantity(int(micro_kwh), unit=_UNIT)
