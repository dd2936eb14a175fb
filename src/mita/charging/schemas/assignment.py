"""What putting a rate table in force would charge again, as JSON shows it."""

from collections import defaultdict

from pydantic import Field

from mita.charging.operations import AssignmentEffect
from mita.kit.shapes import Id, Instant, Money, Shape, UtilityWord, money

UNITS_MAX = 200


class UnitChargedAgain(Shape):
    """A unit whose charged past would be charged again, from ``since`` on."""

    unit_id: Id
    registers: int = Field(ge=1, examples=[1])
    since: Instant
    change: Money | None = Field(
        default=None, description="What its wallet pays more, negative: gets back; null: not worked out"
    )


class LargestChange(Shape):
    """The unit whose wallet would change most."""

    unit_id: Id
    change: Money


class MoneyChargedAgain(Shape):
    """What was used and charged, charged again: with tax, without what falls due by the calendar."""

    wallets: int = Field(ge=0, description="Whose balance would change", examples=[12])
    more: Money = Field(description="What they pay more together")
    less: Money = Field(description="What they get back together, as a positive amount")
    largest: LargestChange | None = Field(description="null where nothing changes")


class AssignmentPreview(Shape):
    """What an assignment is for, and what of the past it would charge again; nothing is kept."""

    utility: UtilityWord
    registers: int = Field(ge=0, description="That it names", examples=[50])
    charged_again: int = Field(ge=0, description="Registers whose charged past would change", examples=[12])
    since: Instant | None = Field(description="The earliest instant that is charged again")
    is_at_once: bool = Field(description="Whether that is done with the assignment, else soon after it")
    money: MoneyChargedAgain | None = Field(
        default=None, description="null: too much to work out while somebody waits"
    )
    units: list[UnitChargedAgain] = Field(description=f"The first {UNITS_MAX} of their units, by id")


def _change(found: AssignmentEffect, unit_id: int) -> Money | None:
    if found.change_micro is None:
        return None
    return money(found.change_micro.get(unit_id, 0), currency=found.currency)


def _money(found: AssignmentEffect) -> MoneyChargedAgain | None:
    if found.change_micro is None:
        return None
    changes = found.change_micro
    # of several that change as much, the first
    most = max(changes, key=lambda unit_id: (abs(changes[unit_id]), -unit_id), default=None)
    return MoneyChargedAgain(
        wallets=len(changes),
        more=money(sum(each for each in changes.values() if each > 0), currency=found.currency),
        less=money(-sum(each for each in changes.values() if each < 0), currency=found.currency),
        largest=None
        if most is None
        else LargestChange(unit_id=most, change=money(changes[most], currency=found.currency)),
    )


def assignment_preview(found: AssignmentEffect) -> AssignmentPreview:
    """Return what an assignment would change as JSON shows it."""
    by_unit = defaultdict(list)
    for info in found.registers:
        if info.register_id in found.since:
            by_unit[info.unit_id].append(found.since[info.register_id])
    return AssignmentPreview(
        utility=found.utility,
        registers=len(found.registers),
        charged_again=len(found.since),
        since=min(found.since.values(), default=None),
        is_at_once=found.is_at_once,
        money=_money(found),
        units=[
            UnitChargedAgain(
                unit_id=unit_id, registers=len(since), since=min(since), change=_change(found, unit_id)
            )
            for unit_id, since in sorted(by_unit.items())[:UNITS_MAX]
        ],
    )
