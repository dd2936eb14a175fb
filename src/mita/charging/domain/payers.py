"""Who pays what falls due by the calendar: a unit, and what of it has a rate table of its own. Pure."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.tariffs.domain import Scope, Segment, Target, segments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from mita.tariffs.domain import Assignment


@dataclass(frozen=True, slots=True)
class Payer:
    """A unit, or a meter or register that is charged by a table of its own."""

    scope: Scope
    target_id: int


@dataclass(frozen=True, slots=True)
class Payers:
    """The payers of one unit, utility and role, and what is in force for each, by date.

    A table that several registers of a meter have of their own is due once for the meter. ``own`` is what
    registers have of their own, before that.
    """

    listed: Mapping[Payer, tuple[Segment, ...]]
    own: Mapping[Target, tuple[Segment, ...]]

    def of(self, target: Target, *, day: date) -> Payer:
        """Return who pays for what a register uses on a date."""
        unit, meter = Payer(Scope.UNIT, target.unit_id), Payer(Scope.METER, target.meter_id)
        table_id = _table_on(self.own.get(target, ()), day=day)
        if table_id is not None:
            others = [each for each in self.own if each.meter_id == target.meter_id]
            registers = [Payer(Scope.REGISTER, each.register_id) for each in (target, *others)]
            # somebody of the meter pays for the table: only then is it not listed for the register itself
            return next(
                payer
                for payer in (registers[0], meter, *registers[1:])
                if _table_on(self.listed.get(payer, ()), day=day) == table_id
            )
        return meter if _table_on(self.listed.get(meter, ()), day=day) is not None else unit


def payers_of(assignments: Sequence[Assignment], *, targets: Sequence[Target], role: str) -> Payers:
    """Return who pays in a role, of the registers ``targets`` of one unit and utility."""
    unit_id = targets[0].unit_id
    listed = {
        Payer(Scope.UNIT, unit_id): segments(assignments, target=Target(unit_id, 0, 0), role=role),
    }
    own: dict[Target, tuple[Segment, ...]] = {}
    for meter_id in sorted({target.meter_id for target in targets}):
        of_meter = _own(assignments, scope=Scope.METER, target=Target(unit_id, meter_id, 0), role=role)
        listed[Payer(Scope.METER, meter_id)] = of_meter
        paid = [of_meter]
        for target in sorted(targets, key=lambda each: each.register_id):
            if target.meter_id != meter_id:
                continue
            of_register = _own(assignments, scope=Scope.REGISTER, target=target, role=role)
            own[target] = of_register
            rest = _without(of_register, paid=paid)
            listed[Payer(Scope.REGISTER, target.register_id)] = rest
            paid.append(rest)
    return Payers({payer: each for payer, each in listed.items() if each}, own)


def _own(
    assignments: Sequence[Assignment], *, scope: Scope, target: Target, role: str
) -> tuple[Segment, ...]:
    # a more specific assignment wins while it holds, whatever else is assigned
    return segments([each for each in assignments if each.scope is scope], target=target, role=role)


def _without(listed: tuple[Segment, ...], *, paid: Sequence[tuple[Segment, ...]]) -> tuple[Segment, ...]:
    """Return the segments without the times in which somebody else pays for the same table."""
    if not listed:
        return ()
    found: list[Segment] = []
    for day in sorted({each.effective_from for side in (listed, *paid) for each in side}):
        table_id = _table_on(listed, day=day)
        if any(_table_on(side, day=day) == table_id for side in paid):
            table_id = None
        if table_id != (found[-1].rate_table_id if found else None):
            found.append(Segment(day, table_id))
    return tuple(found)


def _table_on(listed: tuple[Segment, ...], *, day: date) -> int | None:
    at = bisect_right([each.effective_from for each in listed], day) - 1
    return listed[at].rate_table_id if at >= 0 else None
