"""Supply commands as the devices that carry them out take them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.credit.domain import LIMITING
from mita.devices import queries as registry
from mita.drivers.known import driver_named
from mita.drivers.own import wires
from mita.drivers.wire import LimitOrder, Order
from mita.kit.clock import to_us
from mita.metering import queries as metering

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.credit.models import SupplyCommand
    from mita.devices.queries import Configured
    from mita.drivers.wire import Device


@dataclass(frozen=True, slots=True)
class Switching:
    """A supply command, and the device that switches the supply."""

    driver: str
    device: Device
    order: Order
    codec_id: int | None = None


async def switchings(
    session: AsyncSession, *, estate_id: int, commands: Sequence[SupplyCommand], with_secrets: bool = False
) -> dict[UUID, Switching]:
    """Return who carries out which of an estate's commands; those that no device can are left out."""
    if not commands:
        return {}
    units = sorted({each.unit_id for each in commands})
    devices: dict[tuple[int, str], tuple[str, str]] = {}
    for meter in await metering.meters_with_devices(session, estate_id=estate_id, unit_ids=units):
        if meter.device is not None:
            devices.setdefault((meter.unit_id, meter.utility), (meter.serial, meter.device))
    names = sorted({device for _, device in devices.values()})
    configured = await registry.configured(
        session, estate_id=estate_id, names=names, with_secrets=with_secrets
    )
    found = {}
    for command in commands:
        place = devices.get((command.unit_id, command.utility))
        if place is not None:
            serial, name = place
            expires_s = to_us(command.expires_at) // 1_000_000
            limit = LimitOrder(command.limit_w) if command.action in LIMITING else None
            order = Order(command.command_id, command.action == "on", expires_s, serial, limit)
            known = configured[name]
            if limit is not None and not _limits(known):
                continue
            found[command.command_id] = Switching(known.driver, known.device, order, known.codec_id)
    return found


def _limits(known: Configured) -> bool:
    """Tell whether a device can limit, as it is set up: perhaps another one since the command was asked."""
    driver = driver_named(known.driver)
    return driver is not None and driver.abilities(known.device).limits


async def open_wires(
    session: AsyncSession, *, estate_id: int, devices: Sequence[Device]
) -> dict[str, frozenset[str]]:
    """Return over which wires devices of our own convention get their commands, by name."""
    names = [device.name for device in devices]
    heard = await registry.last_on_wires(session, estate_id=estate_id, names=names)
    found = {}
    for device in devices:
        mqtt_at, by_post_at = heard.get(device.name, (None, None))
        found[device.name] = wires(device.settings, mqtt_s=_seconds(mqtt_at), post_s=_seconds(by_post_at))
    return found


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else to_us(at) // 1_000_000
