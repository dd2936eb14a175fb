"""What putting a rate table in force would charge again, as JSON shows it."""

from collections import defaultdict

from pydantic import Field

from mita.charging.operations import AssignmentEffect
from mita.kit.shapes import Id, Instant, Shape, UtilityWord

UNITS_MAX = 200


class UnitChargedAgain(Shape):
    """A unit whose charged past would be charged again, from ``since`` on."""

    unit_id: Id
    registers: int = Field(ge=1, examples=[1])
    since: Instant


class AssignmentPreview(Shape):
    """What an assignment is for, and what of the past it would charge again; nothing is kept."""

    utility: UtilityWord
    registers: int = Field(ge=0, description="That it names", examples=[50])
    charged_again: int = Field(ge=0, description="Registers whose charged past would change", examples=[12])
    since: Instant | None = Field(description="The earliest instant that is charged again")
    is_at_once: bool = Field(description="Whether that is done with the assignment, else soon after it")
    units: list[UnitChargedAgain] = Field(description=f"The first {UNITS_MAX} of their units, by id")


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
        units=[
            UnitChargedAgain(unit_id=unit_id, registers=len(since), since=min(since))
            for unit_id, since in sorted(by_unit.items())[:UNITS_MAX]
        ],
    )
