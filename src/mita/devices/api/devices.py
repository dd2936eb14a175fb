"""Routes of devices: registered, set up, given secrets, removed."""

from typing import Annotated

from fastapi import APIRouter, Query, status
from sqlalchemy.ext.asyncio import AsyncSession

from mita.devices import operations, queries
from mita.devices.domain import upkeep_settings
from mita.devices.operations import DeviceTaken
from mita.devices.schemas import (
    DeviceIn,
    DeviceOut,
    DeviceWithState,
    DriverOut,
    Drivers,
    MeterBehind,
    NewDeviceIn,
    SecretIn,
    TransportWord,
    device_out,
    device_with_state,
    driver_out,
)
from mita.drivers.known import DRIVERS, OVER_MQTT, POLLED, driver_named
from mita.drivers.settable import settings_of
from mita.drivers.wire import Device as WireDevice
from mita.drivers.wire import TakesPrices
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.money import BIGINT_MAX
from mita.kit.shapes import AfterId, Id, Limit, Page, page_of
from mita.kit.web import EstateId, Now, Session, needs, refusals
from mita.metering import queries as metering

router = APIRouter(tags=["devices"])

_BASE = "/estates/{estate_id}/devices"
_ONE = f"{_BASE}/{{device_id}}"


@router.get(
    "/drivers",
    operation_id="list_drivers",
    summary="List the drivers of devices",
    responses=refusals(Invalid),
)
@needs(Permission.METERS_READ, or_own=True)
async def list_drivers() -> Drivers:
    """Name each with what its devices can do as they come; the settings of a single one may change it."""
    return Drivers(items=[_driver(name) for name in DRIVERS])


def _driver(name: str) -> DriverOut:
    driver = driver_named(name)
    assert driver is not None, "it is listed"
    transport: TransportWord = "mqtt" if name in OVER_MQTT else "polled" if name in POLLED else "http"
    abilities = driver.abilities(WireDevice(name, ()))
    upkeep = upkeep_settings(
        sets_clock=name in POLLED and abilities.sets_clock, takes_prices=isinstance(driver, TakesPrices)
    )
    return driver_out(
        name,
        transport=transport,
        abilities=abilities,
        settings=[*settings_of(name), *upkeep],
        names=driver.settings,
    )


@router.get(
    _BASE,
    operation_id="list_devices",
    summary="List an estate's registered devices",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_READ)
async def list_devices(
    session: Session,
    estate_id: EstateId,
    driver: Annotated[str | None, Query(max_length=40, description="Only of one driver")] = None,
    q: Annotated[str, Query(max_length=100, description="A part of the name")] = "",
    has_issue: Annotated[bool | None, Query(description="Only with, or without, an open issue")] = None,
    codec_id: Annotated[
        int | None, Query(ge=1, le=BIGINT_MAX, description="Only those that a codec reads")
    ] = None,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[DeviceOut]:
    """Devices by id; continue with ``after_id`` = ``next``."""
    rows = await queries.devices(
        session,
        estate_id=estate_id,
        driver=None if driver is None else driver.replace("\x00", ""),
        part=q.replace("\x00", ""),
        has_issue=has_issue,
        codec_id=codec_id,
        after_id=after_id,
        limit=limit + 1,
    )
    states = await queries.states(session, estate_id=estate_id, device_ids=[row.device_id for row in rows])
    return page_of(
        rows,
        limit=limit,
        shown=lambda row: device_out(row, state=states.get(row.device_id)),
        cursor=lambda item: item.device_id,
    )


@router.post(
    _BASE,
    operation_id="register_device",
    summary="Register a device",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, DeviceTaken, Invalid),
)
@needs(Permission.METERS_WRITE)
async def register_device(session: Session, estate_id: EstateId, body: NewDeviceIn, now: Now) -> DeviceOut:
    """Meters that name the device are what it speaks for, installed before or after."""
    row = await operations.register_device(
        session, estate_id=estate_id, driver=body.driver, address=body.address, terms=body.terms(), now=now
    )
    return device_out(row, state=None)


@router.get(
    _ONE,
    operation_id="get_device",
    summary="Get one device with its state, open issues and meters",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_READ)
async def get_device(session: Session, estate_id: EstateId, device_id: Id) -> DeviceWithState:
    """Answer what it told of itself last, what to look after and how, and which meters it speaks for."""
    return await _whole(session, estate_id=estate_id, device_id=device_id)


async def _whole(session: AsyncSession, *, estate_id: int, device_id: int) -> DeviceWithState:
    row = await queries.device(session, estate_id=estate_id, device_id=device_id)
    meters = await metering.meters_behind(session, estate_id=estate_id, device=row.name)
    return device_with_state(
        row,
        state=await queries.state(session, estate_id=estate_id, device_id=device_id),
        issues=await queries.open_issues(session, estate_id=estate_id, device_ids=[device_id]),
        meters=[
            MeterBehind(
                meter_id=each.meter_id, unit_id=each.unit_id, serial=each.serial, utility=each.utility
            )
            for each in meters
        ],
    )


@router.put(
    _ONE,
    operation_id="set_device",
    summary="Set a device up otherwise",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_WRITE)
async def set_device(
    session: Session, estate_id: EstateId, device_id: Id, body: DeviceIn, now: Now
) -> DeviceWithState:
    """Put all of it; what arrives from then on is read so. Its driver and its secret stay."""
    await operations.change_device(
        session, estate_id=estate_id, device_id=device_id, terms=body.terms(), now=now
    )
    return await _whole(session, estate_id=estate_id, device_id=device_id)


@router.delete(
    _ONE,
    operation_id="remove_device",
    summary="Remove a device from the registry",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_WRITE)
async def remove_device(session: Session, estate_id: EstateId, device_id: Id, now: Now) -> None:
    """Meters that name it stay as they are; without any, nothing of it is taken from then on."""
    await operations.remove_device(session, estate_id=estate_id, device_id=device_id, now=now)


@router.put(
    f"{_ONE}/secret",
    operation_id="set_device_secret",
    summary="Seal what a device's driver needs and nobody may see",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_WRITE)
async def set_device_secret(
    session: Session, estate_id: EstateId, device_id: Id, body: SecretIn, now: Now
) -> None:
    """Keys and passwords; they are sealed, and no answer, log or audit entry ever has them."""
    await operations.set_secret(
        session, estate_id=estate_id, device_id=device_id, secret=body.secret, now=now
    )
