"""What switches a device: the bytes or the object of its settings, with what it can do. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mita.drivers.fields import meter_of
from mita.drivers.lorawan.settings import DOWNLINK_BYTES_MAX, F_PORT_MAX, WATTS, plan_of
from mita.drivers.wire import Abilities
from mita.kit.quantity import BadValue, base_unit
from mita.metering.domain import is_register_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mita.drivers.lorawan.settings import LimitRule, Plan, Relay
    from mita.drivers.wire import Device, Order

_EUI_LENGTH = 16


def abilities(device: Device) -> Abilities:
    """Return what a device can do, by its settings; a class A device hears us only after it has spoken."""
    plan = plan_of(device)
    return Abilities(
        cut="none" if plan.relay is None else "relay",
        limits=plan.limit is not None,
        proves=plan.switch is not None,
        sleeps=plan.device_class == "A",
        answer_s=plan.answer_s,
        attempts=plan.attempts,
    )


def means_of(order: Order, plan: Plan) -> Relay | LimitRule | None:
    """Return how a device is told what an order wants: port, encoder; None if it cannot be."""
    return plan.relay if order.limit is None else plan.limit


def payload_of(order: Order, plan: Plan) -> bytes | Mapping[str, Any] | None:
    """Return what an order is to the device, bytes or an object for an encoder; None if there is none."""
    if order.limit is None:
        return None if plan.relay is None else plan.relay.on if order.is_on else plan.relay.off
    if plan.limit is None:
        return None
    if order.limit.limit_w is None:
        return plan.limit.lift
    filled: Mapping[str, Any] = _filled(plan.limit.limit, order.limit.limit_w // plan.limit.scale_w)
    return filled


def _filled(value: Any, number: int) -> Any:
    """Return an object with the power where it goes."""
    if isinstance(value, dict):
        return {key: _filled(each, number) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, number) for each in value]
    return number if value == WATTS else value


def downlink_object(order: Order, device: Device) -> Mapping[str, Any] | None:
    """Return what the device's own codec has to encode first; None if nothing has to be.

    What it makes of it goes to ``encode_with`` of the driver.
    """
    plan = plan_of(device)
    payload, means = payload_of(order, plan), means_of(order, plan)
    if means is None or means.encoder != "codec" or isinstance(payload, bytes):
        return None
    return payload


def encoder_input(order: Order, device: Device) -> dict[str, Any] | None:
    """Return what ``encodeDownlink`` of the device's codec takes; None if nothing has to be encoded."""
    wanted, plan = downlink_object(order, device), plan_of(device)
    means = means_of(order, plan)
    if wanted is None or means is None:
        return None
    return {"data": dict(wanted), "fPort": means.f_port, "variables": dict(plan.variables)}


def sendable(payload: bytes, f_port: int | None) -> bool:
    """Tell whether a device could be sent such bytes on such a port; None is the port of its settings."""
    return 1 <= len(payload) <= DOWNLINK_BYTES_MAX and (f_port is None or 1 <= f_port <= F_PORT_MAX)


def problems(device: Device, plan: Plan) -> Iterator[str]:
    """Yield what is wrong with a device's address, settings and fields, in plain words."""
    address = device.address
    if len(address) != _EUI_LENGTH or not set(address) <= set("0123456789abcdefABCDEF"):
        yield f"the address {address[:40]!r} is no DevEUI: 16 hex digits"
    yield from plan.problems
    if not plan.fields and plan.relay is None and plan.limit is None:
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
