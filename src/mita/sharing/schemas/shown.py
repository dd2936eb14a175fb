"""Shapes of what sharing answers."""

from datetime import date

from pydantic import Field

from mita.kit.clock import from_us
from mita.kit.shapes import Id, Instant, Money, Quantity, Shape, money, quantity
from mita.sharing import domain
from mita.sharing.domain import MemberMonth, PriceTerms, Shares
from mita.sharing.models import SharedMonth, SharingGroup, SharingMember, SharingSource
from mita.tariffs.domain import ROLES

_UNIT = "kWh"


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


class PriceOut(Shape):
    """Prices from a date on; the row of the latest date holds."""

    from_on: date
    rate_table_id: Id | None = Field(description="The price of what is allocated")
    surplus_rate_table_id: Id | None = Field(description="What is paid for a member's own surplus")
    incentive_rate_table_id: Id | None = Field(description="What is paid for shared energy")
    roles: list[str] = Field(description="Whose usage charges shared energy saves", examples=[["supply"]])


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
    first_on: date
    settled_until: date = Field(description="The first local date that is not settled")
    prices: list[PriceOut]
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


class SavedOut(Shape):
    """What the grid costs less under one role."""

    role: str = Field(examples=["supply"])
    net: Money
    tax: Money


class BookedMonth(Shape):
    """What is booked of a member's month, which is settled before ``until_on``."""

    until_on: date
    consumption: Quantity
    allocated: Quantity
    surplus: Quantity
    shared: Quantity = Field(description="Where nothing is given to a member: its part of what was shared")
    saved: Taxed = Field(description="What the grid costs less")
    saved_by_role: list[SavedOut]
    solar: Taxed = Field(description="The price of what was allocated")
    fed_in: Taxed = Field(description="What is paid for the member's own surplus")
    incentive: Taxed = Field(description="What is paid for the member's part of what was shared")
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
    row: SharingGroup,
    *,
    prices: list[PriceTerms],
    members: list[SharingMember],
    sources: list[SharingSource],
) -> SharingGroupOut:
    """Return a group as JSON shows it."""
    return SharingGroupOut(
        sharing_group_id=row.sharing_group_id,
        name=row.name,
        country=row.country,
        rule=row.rule,
        is_own_surplus=row.is_own_surplus,
        interval_minutes=row.interval_minutes,
        first_on=row.first_on,
        settled_until=row.settled_until,
        prices=[
            PriceOut(
                from_on=each.from_on,
                rate_table_id=each.rate_table_id,
                surplus_rate_table_id=each.surplus_rate_table_id,
                incentive_rate_table_id=each.incentive_rate_table_id,
                roles=list(each.roles),
            )
            for each in domain.prices_by_date(prices)
        ],
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

    def taxed(amount: domain.Money) -> Taxed:
        return Taxed(
            net=money(amount.net_micro, currency=currency), tax=money(amount.tax_micro, currency=currency)
        )

    saved = booked.saved
    return BookedMonth(
        until_on=row.until_on,
        consumption=_energy(booked.consumption_micro),
        allocated=_energy(booked.allocated_micro),
        surplus=_energy(booked.surplus_micro),
        shared=_energy(booked.shared_micro),
        saved=taxed(
            domain.Money(
                sum(each.net_micro for each in saved.values()), sum(each.tax_micro for each in saved.values())
            )
        ),
        saved_by_role=[SavedOut(role=role, **dict(taxed(saved[role]))) for role in ROLES if role in saved],
        solar=taxed(booked.solar),
        fed_in=taxed(booked.fed_in),
        incentive=taxed(booked.incentive),
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
