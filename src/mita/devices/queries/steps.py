"""What is missing until a device works, from all that is known of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mita.devices.domain import checklist
from mita.drivers.known import driver_named
from mita.metering import queries as metering

from .devices import device, open_issues
from .devices import state as state_of
from .health import open_meter_issues
from .wired import configured

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.devices.domain import Check
    from mita.devices.models import DeviceIssue, MeterIssue

# a meter's clock may run ahead of ours
_AHEAD = timedelta(days=1)


async def steps(session: AsyncSession, *, estate_id: int, device_id: int, now: datetime) -> list[Check]:
    """Return the steps in the order in which an installer goes through them.

    :raises NotFound: if the estate has no such device
    """
    row = await device(session, estate_id=estate_id, device_id=device_id)
    state = await state_of(session, estate_id=estate_id, device_id=device_id)
    issues = await open_issues(session, estate_id=estate_id, device_ids=[device_id])
    meters = await metering.meters_behind(session, estate_id=estate_id, device=row.name)
    serials = [meter.serial for meter in meters]
    of_meters = await open_meter_issues(
        session, estate_id=estate_id, meter_ids=[meter.meter_id for meter in meters]
    )
    registers = await metering.registers_of_meters(session, estate_id=estate_id, serials=serials)
    read = await metering.read_between(
        session,
        estate_id=estate_id,
        register_ids=[each.register_id for each in registers],
        since=row.created_at,
        until=now + _AHEAD,
    )
    wired = await configured(session, estate_id=estate_id, names=[row.name])
    wire, driver = wired[row.name].device, driver_named(row.driver)
    assert driver is not None, "it was registered with it"
    return checklist(
        problems=driver.check(wire),
        meters=serials,
        is_heard=state.last_heard_at is not None,
        has_reading=bool(read),
        abilities=driver.abilities(wire),
        switch_is_known=state.switch_is_on is not None,
        open_issues=[*map(_in_words, issues), *map(_in_words, of_meters)],
    )


def _in_words(issue: DeviceIssue | MeterIssue) -> str:
    return f"{issue.kind.replace('_', ' ')}, {issue.detail}"
