"""What switches a device: the bytes or the object of its settings, with what it can do. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mita.drivers.fields import meter_of
from mita.drivers.lorawan.settings import DOWNLINK_BYTES_MAX, F_PORT_MAX, plan_of
from mita.drivers.wire import Abilities
from mita.kit.quantity import BadValue, base_unit
from mita.metering.domain import is_register_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mita.drivers.lorawan.settings import Plan
    from mita.drivers.wire import Device, Order

_EUI_LENGTH = 16


def abilities(device: Device) -> Abilities:
    """Return what a device can do, by its settings; a class A device hears us only after it has spoken."""
    plan = plan_of(device)
    return Abilities(
        cut="none" if plan.relay is None else "relay",
        proves=plan.switch is not None,
        sleeps=plan.device_class == "A",
        answer_s=plan.answer_s,
        attempts=plan.attempts,
    )


def payload_of(order: Order, plan: Plan) -> bytes | Mapping[str, Any] | None:
    """Return what an order is to the device, bytes or an object for an encoder; None without a relay."""
    if plan.relay is None:
        return None
    return plan.relay.on if order.is_on else plan.relay.off


def downlink_object(order: Order, device: Device) -> Mapping[str, Any] | None:
    """Return what the device's own codec has to encode first; None if nothing has to be.

    What it makes of it goes to ``encode_with`` of the driver.
    """
    plan = plan_of(device)
    payload = payload_of(order, plan)
    if plan.relay is None or plan.relay.encoder != "codec" or isinstance(payload, bytes):
        return None
    return payload


def encoder_input(order: Order, device: Device) -> dict[str, Any] | None:
    """Return what ``encodeDownlink`` of the device's codec takes; None if nothing has to be encoded."""
    wanted, plan = downlink_object(order, device), plan_of(device)
    if wanted is None or plan.relay is None:
        return None
    return {"data": dict(wanted), "fPort": plan.relay.f_port, "variables": dict(plan.variables)}


def sendable(payload: bytes, f_port: int | None) -> bool:
    """Tell whether a device could be sent such bytes on such a port; None is the port of its settings."""
    return 1 <= len(payload) <= DOWNLINK_BYTES_MAX and (f_port is None or 1 <= f_port <= F_PORT_MAX)


def problems(device: Device, plan: Plan) -> Iterator[str]:
    """Yield what is wrong with a device's address, settings and fields, in plain words."""
    address = device.address
    if len(address) != _EUI_LENGTH or not set(address) <= set("0123456789abcdefABCDEF"):
        yield f"the address {address[:40]!r} is no DevEUI: 16 hex digits"
    yield from plan.problems
    if not plan.fields and plan.relay is None:
        yield "no field says which of its values is a register: it would give no reading"
    for field in plan.fields:
        if not is_register_name(field.register):
            yield f"{field.path}: {field.register[:40]!r} cannot name a register"
        try:
            unit, _ = base_unit(field.unit)
        except BadValue as bad:
            yield f"{field.path}: {bad}"
            continue
        meter = meter_of(unit, device.meters, named=field.meter)
        if isinstance(meter, tuple):
            yield f"{field.path}: {meter[1]}"
    if plan.deltas is not None and all(field.path != plan.deltas.base_path for field in plan.fields):
        yield f"deltas.base_path: no field says which register {plan.deltas.base_path} is"
    if plan.switch is None and plan.relay is not None:
        yield "switch says nowhere how the device reports its state: no command could be confirmed"
