"""Meters from a file are installed; one that is there must say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mita.imports.domain import Fault, Outcome, RowState
from mita.imports.operations.cells import attempt, read_cells, unit_of, units_of
from mita.kit.errors import Refusal
from mita.kit.money import format_micro
from mita.metering import operations as metering
from mita.metering import queries as metering_queries
from mita.metering.schemas import MeterIn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.imports.domain import Kind, Row
    from mita.metering.operations import NewMeter


async def carry_meters(
    session: AsyncSession, *, kind: Kind, estate_id: int, rows: Sequence[Row], actor: str, now: datetime
) -> list[Outcome]:
    """Install meters, all that are new at once; a unit gets its wallet with the first one."""
    del actor
    units = await units_of(session, estate_id=estate_id, rows=rows)
    serials = [row.cells["serial"] for row in rows if "serial" in row.cells]
    known = {
        serial: {
            "unit": meter.unit_id,
            "utility": meter.utility,
            "device": meter.device,
            "max_rate": meter.max_rate_micro,
            "burst": meter.burst_micro,
            "is_read_by_hand": meter.is_read_by_hand,
            "registers": tuple(names),
            "removed": meter.removed_at is not None,
        }
        for serial, (meter, names) in (
            await metering_queries.meters_of_serials(session, estate_id=estate_id, serials=serials)
        ).items()
    }
    outcomes: list[Outcome] = []
    new: list[tuple[Row, NewMeter]] = []
    for row in rows:
        meter = _new_meter(row, kind=kind, units=units)
        if isinstance(meter, Outcome):
            outcomes.append(meter)
        elif meter.serial in known:
            outcomes.append(_compared(row, meter, facts=known[meter.serial]))
        else:
            new.append((row, meter))
    return outcomes + await _install(session, kind=kind, estate_id=estate_id, new=new, now=now)


def _new_meter(row: Row, *, kind: Kind, units: Mapping[str, int]) -> NewMeter | Outcome:
    unit_id, faults = unit_of(row, units=units)
    more: dict[str, Any] = {"unit_id": unit_id}
    if "registers" in row.cells:
        more["registers"] = row.cells["registers"].split()
    shape, others = read_cells(
        MeterIn,
        row=row,
        kind=kind,
        more=more,
        without=("unit", "registers"),
        check=lambda meter: meter.new_meter(),
    )
    if shape is None or faults:
        return Outcome.of_faults(row, (*faults, *others))
    return shape.new_meter()


def _compared(row: Row, meter: NewMeter, *, facts: Mapping[str, Any]) -> Outcome:
    """Tell whether a row says of a meter what the estate knows; what it does not name is not compared."""
    if facts["removed"]:
        return Outcome.of_faults(
            row, (Fault("serial", "meter_removed", "the meter was removed", meter.serial),)
        )
    said: dict[str, Any] = {
        "unit": meter.unit_id,
        "utility": meter.utility,
        "device": meter.device,
        "max_rate": meter.limits.max_rate_micro,
        "burst": meter.limits.burst_micro,
        "is_read_by_hand": meter.is_read_by_hand,
        "registers": tuple(sorted(meter.registers)),
    }
    there = {**facts, "registers": tuple(sorted(facts["registers"]))}
    faults = tuple(
        Fault(name, "differs", _mend(name, there[name]), row.cells[name])
        for name, value in said.items()
        if name in row.cells and value != there[name]
    )
    return Outcome.of_faults(row, faults) if faults else Outcome(row.number, RowState.UNCHANGED)


def _mend(name: str, value: Any) -> str:
    mend = "say so at the meter" if name == "is_read_by_hand" else "swap it"
    return f"the meter is there with {_shown(name, value)}: {mend}"


def _shown(name: str, value: Any) -> str:
    if name == "unit":
        return "another unit"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "registers":
        return " ".join(value)
    return format_micro(value) if name in ("max_rate", "burst") else str(value)


async def _install(
    session: AsyncSession,
    *,
    kind: Kind,
    estate_id: int,
    new: Sequence[tuple[Row, NewMeter]],
    now: datetime,
) -> list[Outcome]:
    try:
        async with session.begin_nested():
            meters = [meter for _, meter in new]
            await metering.install_meters(session, estate_id=estate_id, meters=meters, now=now)
        return [Outcome(row.number, RowState.CREATED) for row, _ in new]
    except Refusal:
        # one of them was: each alone
        outcomes = []
        for row, meter in new:

            async def work(meter: NewMeter = meter) -> RowState:
                await metering.install_meters(session, estate_id=estate_id, meters=[meter], now=now)
                return RowState.CREATED

            outcomes.append(await attempt(session, row=row, kind=kind, work=work))
        return outcomes
