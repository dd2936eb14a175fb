"""Devices are registered, set up otherwise, watched and removed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mita.devices import queries
from mita.devices.domain import meters_to_come, upkeep_problems
from mita.devices.models import SECRET, Device, DeviceState
from mita.drivers.known import DRIVERS, POLLED, driver_named
from mita.drivers.wire import TakesPrices
from mita.estates import queries as estates
from mita.kit.errors import Conflict, Invalid
from mita.kit.seal import seals_of
from mita.kit.zones import zone
from mita.metering import operations as metering
from mita.metering import queries as metering_queries

from .issues import close_issues
from .tasks import withdraw_tasks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.drivers.fields import Field

WATCHED_FOR = timedelta(minutes=30)


class DeviceTaken(Conflict):
    """A device of this name is registered already, or speaks for another estate."""

    code = "device_taken"
    title = "The device is taken"


@dataclass(frozen=True, slots=True)
class DeviceTerms:
    """How a device is set up; ``fields`` as :func:`mita.devices.queries.field_of` reads them."""

    model: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    fields: Sequence[Mapping[str, Any]] = ()
    codec_id: int | None = None
    notes: str = ""


async def register_device(
    session: AsyncSession, *, estate_id: int, driver: str, address: str, terms: DeviceTerms, now: datetime
) -> Device:
    """Register a device by its driver and its address there; return it.

    :raises Invalid: if there is no such driver, or it cannot work with the terms
    :raises NotFound: if the estate has no such codec
    :raises DeviceTaken: if its name is taken
    """
    name = address if driver == "mita" else f"{driver}:{address}"
    if driver == "mita" and address.partition(":")[0] in DRIVERS and ":" in address:
        message = (
            f"the address of a device of our own convention cannot begin with {address.partition(':')[0]}:"
        )
        raise Invalid(message, problems=[{"path": "address", "message": message}])
    await _check(session, estate_id=estate_id, driver=driver, name=name, terms=terms)
    try:
        # holds the route, so that whoever registers the same name waits, and then sees it
        await metering.register_route(session, estate_id=estate_id, device=name)
    except metering.SerialTaken as error:
        raise DeviceTaken(f"device {name!r} is in use already") from error
    if await queries.device_named(session, estate_id=estate_id, name=name) is not None:
        raise DeviceTaken(f"device {name!r} is registered already")
    row = Device(
        estate_id=estate_id,
        name=name,
        driver=driver,
        model=terms.model,
        settings=dict(terms.settings),
        fields=[dict(each) for each in terms.fields],
        codec_id=terms.codec_id,
        notes=terms.notes,
        created_at=now,
        updated_at=now,
    )
    session.add(row)
    await session.flush()
    session.add(DeviceState(estate_id=estate_id, device_id=row.device_id))
    await session.flush()
    return row


async def change_device(
    session: AsyncSession, *, estate_id: int, device_id: int, terms: DeviceTerms, now: datetime
) -> Device:
    """Set a device up otherwise.

    :raises NotFound: if the estate has no such device, or no such codec
    :raises Invalid: if its driver cannot work with the terms
    """
    row = await queries.device(session, estate_id=estate_id, device_id=device_id, lock=True)
    await _check(session, estate_id=estate_id, driver=row.driver, name=row.name, terms=terms)
    row.model, row.notes, row.codec_id = terms.model, terms.notes, terms.codec_id
    row.settings, row.fields = dict(terms.settings), [dict(each) for each in terms.fields]
    row.updated_at, row.version = now, row.version + 1
    await session.flush()
    return row


async def remove_device(session: AsyncSession, *, estate_id: int, device_id: int, now: datetime) -> None:
    """Remove a device from the registry; meters that name it keep its name, and the route to the estate.

    :raises NotFound: if the estate has no such device
    """
    row = await queries.device(session, estate_id=estate_id, device_id=device_id, lock=True)
    row.removed_at = row.updated_at = now
    row.version += 1
    row.secret_sealed = None
    await session.flush()
    await withdraw_tasks(session, estate_id=estate_id, device_id=device_id, now=now)
    await close_issues(session, estate_id=estate_id, device_id=device_id, at=now)
    await metering.release_route(session, estate_id=estate_id, device=row.name)


async def set_secret(
    session: AsyncSession, *, estate_id: int, device_id: int, secret: Mapping[str, str], now: datetime
) -> None:
    """Seal what the driver needs and nobody may see, such as keys and passwords; nothing takes it away.

    :raises NotFound: if the estate has no such device
    """
    row = await queries.device(session, estate_id=estate_id, device_id=device_id, lock=True)
    text = json.dumps(dict(secret), sort_keys=True)
    row.secret_sealed = seals_of(session).seal(text.encode(), about=SECRET.about) if secret else None
    row.updated_at, row.version = now, row.version + 1
    await session.flush()


async def watch(session: AsyncSession, *, estate_id: int, device_id: int, now: datetime) -> datetime:
    """Keep the frames of a device for half an hour; return until when.

    :raises NotFound: if the estate has no such device
    """
    await queries.device(session, estate_id=estate_id, device_id=device_id)
    state = await session.get(DeviceState, (estate_id, device_id), populate_existing=True)
    assert state is not None, "each device has a state"
    state.watched_until = now + WATCHED_FOR
    await session.flush()
    return state.watched_until


async def _check(
    session: AsyncSession, *, estate_id: int, driver: str, name: str, terms: DeviceTerms
) -> None:
    known = driver_named(driver)
    if known is None:
        message = f"there is no driver {driver!r}"
        raise Invalid(message, problems=[{"path": "driver", "message": message}])
    if terms.codec_id is not None:
        await queries.codec(session, estate_id=estate_id, codec_id=terms.codec_id)
    fields = [_field(each, place=place) for place, each in enumerate(terms.fields)]
    there = await metering_queries.meters_of_devices(session, estate_id=estate_id, devices=[name])
    device = queries.wire_device(
        name=name,
        settings=queries.driver_settings(terms.settings, driver=driver, codec_id=terms.codec_id),
        fields=fields,
        meters=meters_to_come(there.get(name, ()), fields=fields, settings=terms.settings),
        zone=zone((await estates.estate(session, estate_id=estate_id)).time_zone),
    )
    problems = known.check(device) + upkeep_problems(
        terms.settings,
        sets_clock=driver in POLLED and known.abilities(device).sets_clock,
        takes_prices=isinstance(known, TakesPrices),
    )
    if problems:
        raise Invalid(
            f"driver {driver!r} cannot work with it: {problems[0]}",
            problems=[{"path": "settings", "message": each} for each in problems],
        )


def _field(said: Mapping[str, Any], *, place: int) -> Field:
    try:
        return queries.field_of(said)
    except queries.BadField as error:
        raise Invalid(str(error), problems=[{"path": f"fields.{place}", "message": str(error)}]) from error
