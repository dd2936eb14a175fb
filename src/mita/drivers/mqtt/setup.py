"""How a device is set up: its relays and its fields, and what is wrong with them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mita.drivers.fields import meter_of
from mita.drivers.mqtt.routes import is_sane
from mita.drivers.wire import Outgoing
from mita.kit.quantity import BadValue, base_unit
from mita.metering.domain import BASE_UNIT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from mita.drivers.wire import Device


def relays(device: Device, *, default: str | None = None) -> dict[str | None, str]:
    """Return the relays of a device by the meter whose supply they switch; None: of the device as a whole.

    From the settings ``relay`` (a name or number; false for none) or ``relays`` (by serial).
    """
    several = device.settings.get("relays")
    if isinstance(several, dict):
        return {str(serial): str(relay) for serial, relay in several.items() if _is_name(relay)}
    one = device.settings.get("relay", default)
    return {None: str(one)} if _is_name(one) else {}


def relay_of(device: Device, *, meter: str | None, default: str | None = None) -> str | None:
    """Return the relay that switches a meter's supply; None if there is none, or not exactly one."""
    known = relays(device, default=default)
    if meter in known:
        return known[meter]
    if None in known:
        return known[None]
    return next(iter(known.values())) if meter is None and len(known) == 1 else None


def meters_of(device: Device, *, relay: str, default: str | None = None) -> list[str | None]:
    """Return the meters whose supply a relay switches; ``[None]`` if it is the device's only one."""
    return [serial for serial, name in relays(device, default=default).items() if name == relay]


def sent(topic: str, payload: bytes) -> list[Outgoing]:
    """Return a message to a topic; none to what is no topic: a broker hangs up on who publishes to one."""
    return [Outgoing(topic, payload)] if is_sane(topic) else []


def counts_energy(device: Device) -> bool:
    """Tell whether a meter behind the device counts kWh, which is all that the conventions' own fields do."""
    return any(BASE_UNIT[utility] == "kWh" for _, utility in device.meters)


def _is_name(relay: Any) -> bool:
    if isinstance(relay, bool):
        return False
    return isinstance(relay, int) or (isinstance(relay, str) and relay != "" and relay.isprintable())


def faults(device: Device, *, known: Collection[str], has_defaults: bool) -> Iterator[str]:
    """Yield what is wrong with a device's settings and fields, in plain words."""
    for name in device.settings:
        if name not in known:
            yield f"setting {name!r} is unknown; known are {', '.join(sorted(known)) or 'none'}"
    yield from _faults_of_relays(device)
    if not is_sane(device.address):
        yield "the address cannot stand in a topic"
    if not device.meters:
        yield "no meter is behind the device"
    if not device.fields and not has_defaults:
        yield "no field says which of its values are registers, so all of them are only shown"
    seen: set[tuple[str, str]] = set()
    for each in device.fields:
        if not each.path:
            yield "a field has no path"
        try:
            serial = meter_of(base_unit(each.unit)[0], device.meters, named=each.meter)
        except BadValue as bad:
            yield f"field {each.path}: {bad}"
            continue
        if isinstance(serial, tuple):
            yield f"field {each.path}: {serial[1]}"
            continue
        if (serial, each.register) in seen:
            yield f"field {each.path}: register {each.register} of meter {serial} has two fields"
        seen.add((serial, each.register))


def _faults_of_relays(device: Device) -> Iterator[str]:
    several = device.settings.get("relays")
    if several is not None and not isinstance(several, dict):
        yield "setting 'relays' is not by serial number, such as {\"E-17\": 0}"
        return
    one = device.settings.get("relay")
    if one is not None and one is not False and not _is_name(one):
        yield "setting 'relay' is neither a name or number nor false"
    serials = {serial for serial, _ in device.meters}
    for serial, relay in (several or {}).items():
        if str(serial) not in serials:
            yield f"setting 'relays': meter {serial!r} is not behind the device"
        if not _is_name(relay):
            yield f"setting 'relays': {relay!r} names no relay"
