"""Devices as drivers take them: set up, with their meters."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from mita.devices.domain import for_driver
from mita.devices.models import SECRET, Device
from mita.drivers.fields import Field
from mita.drivers.known import LORAWAN
from mita.drivers.wire import Device as WireDevice
from mita.drivers.wire import Shown
from mita.estates import queries as estates
from mita.kit.quantity import BadValue, base_unit
from mita.kit.seal import seals_of
from mita.kit.zones import zone as zone_of
from mita.metering import queries as metering
from mita.metering.domain import is_register_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.drivers.wire import Decoded

_PATH_MAX = 200
_SERIAL_MAX = 100
_PLACES_MAX = 12


class BadField(ValueError):
    """A field map that cannot be; its text says which field and why."""


@dataclass(frozen=True, slots=True)
class Configured:
    """A device as its driver takes it; ``device_id`` is None where it is not registered."""

    driver: str
    device: WireDevice
    device_id: int | None
    codec_id: int | None
    registers: frozenset[tuple[str, str]] = frozenset()

    def kept(self, decoded: Decoded) -> Decoded:
        """Return what was decoded, with readings for registers that no meter has shown instead.

        A protocol tells all that it knows, also of a meter that was installed for its import alone. Where
        a field map names the register, or the convention is our own, it is a mistake that is to be seen.
        """
        if self.device.fields or self.driver == "mita":
            return decoded
        absent = [each for each in decoded.readings if (each.meter, each.register) not in self.registers]
        if absent:
            shown = [
                Shown(each.register, Decimal(each.value_micro).scaleb(-6), each.unit, each.taken_s)
                for each in absent
            ]
            decoded.readings = [each for each in decoded.readings if each not in absent]
            decoded.reports = [*decoded.reports, *shown]
        return decoded


def field_of(said: Mapping[str, Any]) -> Field:
    """Return a field as it is stored and sent.

    ``path``, ``register``, ``unit``, and perhaps ``scale``, ``meter``, ``places``.

    :raises BadField: if it cannot be one
    """
    path, register, unit = (str(said.get(name) or "") for name in ("path", "register", "unit"))
    if not 1 <= len(path) <= _PATH_MAX or not path.isprintable():
        raise BadField("a field needs a path of 1 to 200 printable characters")
    if not is_register_name(register):
        raise BadField(f"{path}: {register[:40]!r} is no name of a register")
    try:
        base_unit(unit)
        scale = Decimal(str(said.get("scale") or "1"))
    except BadValue as bad:
        raise BadField(f"{path}: {bad}") from bad
    except InvalidOperation as error:
        raise BadField(f"{path}: the scale is no number") from error
    if not scale.is_finite() or scale <= 0 or abs(scale.adjusted()) > _PLACES_MAX:
        raise BadField(f"{path}: the scale lies between 1e-12 and 1e12")
    meter, places = said.get("meter"), said.get("places")
    if meter is not None and (not isinstance(meter, str) or not 1 <= len(meter) <= _SERIAL_MAX):
        raise BadField(f"{path}: the meter is a serial of 1 to 100 characters")
    if places is not None and (not isinstance(places, int) or not 0 <= places <= _PLACES_MAX):
        raise BadField(f"{path}: places are a whole number from 0 to 12")
    return Field(path, register, unit, scale, meter, places)


def wire_device(
    *,
    name: str,
    settings: Mapping[str, Any],
    fields: Sequence[Field],
    meters: Sequence[tuple[str, str]],
    zone: ZoneInfo | None,
) -> WireDevice:
    """Return a device as drivers take it."""
    return WireDevice(name, tuple(meters), tuple(fields), zone, dict(settings))


def driver_settings(settings: Mapping[str, Any], *, driver: str, codec_id: int | None) -> Mapping[str, Any]:
    """Return a device's settings as its driver is shown them: without ours, with its codec if it has one."""
    shown = for_driver(settings)
    if codec_id is None or driver not in LORAWAN:
        return shown
    return {"codec": str(codec_id), **shown}


async def configured(
    session: AsyncSession,
    *,
    estate_id: int,
    names: Sequence[str] | None = None,
    drivers: Sequence[str] = (),
    with_secrets: bool = False,
) -> dict[str, Configured]:
    """Return devices as drivers take them, by name: those of ``names``, or all of ``drivers``.

    With secrets, what is sealed stands among the settings: for whoever speaks to the device, not to people.

    One that is not registered has the driver before the colon of its name, else ``mita``, and its defaults.
    """
    statement = select(Device).where(Device.estate_id == estate_id, Device.removed_at.is_(None))
    if names is not None:
        statement = statement.where(Device.name.in_(list(names)))
    if drivers:
        statement = statement.where(Device.driver.in_(list(drivers)))
    rows = {row.name: row for row in await session.scalars(statement)}
    wanted = sorted(rows) if names is None else list(names)
    meters = await metering.meters_of_devices(session, estate_id=estate_id, devices=wanted)
    zone = zone_of((await estates.estate(session, estate_id=estate_id)).time_zone)
    registers = await metering.registers_of_devices(session, estate_id=estate_id, devices=wanted)
    found = {}
    for name in wanted:
        row = rows.get(name)
        known = wire_device(
            name=name,
            settings={} if row is None else _settings(session, row, with_secrets=with_secrets),
            fields=[] if row is None else [field_of(each) for each in row.fields],
            meters=meters.get(name, ()),
            zone=zone,
        )
        driver = row.driver if row is not None else driver_in(name)
        found[name] = Configured(
            driver,
            known,
            None if row is None else row.device_id,
            None if row is None else row.codec_id,
            frozenset(registers.get(name, ())),
        )
    return found


def _settings(session: AsyncSession, row: Device, *, with_secrets: bool) -> dict[str, Any]:
    known = driver_settings(row.settings, driver=row.driver, codec_id=row.codec_id)
    return {**known, **(_secret(session, row) if with_secrets else {})}


def _secret(session: AsyncSession, row: Device) -> dict[str, str]:
    if row.secret_sealed is None:
        return {}
    found: dict[str, str] = json.loads(seals_of(session).open(bytes(row.secret_sealed), about=SECRET.about))
    return found


def driver_in(name: str) -> str:
    """Return the driver of a device by its name on the wire: what stands before the colon, else ``mita``."""
    driver, colon, _ = name.partition(":")
    return driver if colon and driver.isidentifier() and driver.islower() else "mita"
