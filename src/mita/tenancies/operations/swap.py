"""A meter is swapped: the old one is charged up to its last values, the new one from its first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mita.charging import operations as charging
from mita.kit.errors import Invalid, KeyReused
from mita.kit.ids import new_id
from mita.ledger.operations.book import body_hash
from mita.metering import operations as metering
from mita.metering import queries as metering_queries
from mita.metering.domain import Limits
from mita.metering.operations import MeterGone, NewMeter, Swap
from mita.tenancies.domain import MeterValue
from mita.tenancies.operations.readings import charge_values

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class NewPart:
    """The meter that takes the place; its registers begin at ``opening_micro``, by name."""

    serial: str
    opening_micro: Mapping[str, int]
    device: str | None = None
    limits: Limits | None = None


@dataclass(frozen=True, slots=True)
class SwapOrder:
    """Which meter is swapped, for what, when and why; its registers end at ``closing_micro``, by name."""

    meter_id: int
    new: NewPart
    swapped_at: datetime
    reason: str
    closing_micro: Mapping[str, int] = field(default_factory=dict)

    @property
    def body(self) -> list[object]:
        """What a repeat must say again."""
        limits = self.new.limits
        return [
            self.meter_id,
            self.new.serial,
            sorted(self.new.opening_micro.items()),
            self.new.device,
            None if limits is None else [limits.max_rate_micro, limits.burst_micro],
            self.swapped_at.isoformat(),
            self.reason,
            sorted(self.closing_micro.items()),
        ]


@dataclass(frozen=True, slots=True)
class Swapped:
    """What a swap did; ``charged_micro`` is what the old meter's last values cost."""

    row: Any  # the row of the swap
    charged_micro: int
    is_repeat: bool = False


async def swap_meter(
    session: AsyncSession, *, estate_id: int, order: SwapOrder, key: str, actor: str, now: datetime
) -> Swapped:
    """Swap a meter for another of the same unit and utility, once per ``key``.

    The last values of the old one are charged like any others; what it says of later times is refused.
    The first values of the new one open its registers and cost nothing.

    :raises mita.kit.errors.NotFound: if the estate has no such meter
    :raises MeterGone: if the meter was removed before
    :raises Invalid: if values are not those of the meter's registers, or the swap lies in the future
    :raises mita.tenancies.operations.ReadingRefused: if a value is not believed
    :raises mita.metering.operations.SerialTaken: if the new serial or device is taken
    :raises KeyReused: if the key was used for another swap
    """
    known = await metering_queries.swap_of_key(session, estate_id=estate_id, key=key)
    if known is not None:
        if bytes(known.body_hash) != body_hash(order.body):
            raise KeyReused(f"the key {key!r} belongs to another swap")
        return Swapped(known, 0, is_repeat=True)
    old = await metering_queries.meter(session, estate_id=estate_id, meter_id=order.meter_id)
    await session.refresh(old, with_for_update={"key_share": True})
    if old.removed_at is not None:
        raise MeterGone(f"meter {old.serial!r} was removed")
    names = await _registers(session, old, order=order, now=now)
    charged = await _charge(session, old, order=order, values=order.closing_micro, now=now)
    device = order.new.device or old.device
    limits = order.new.limits or Limits(old.max_rate_micro, old.burst_micro)
    unit_id, utility = old.unit_id, old.utility
    # one that was given a device speaks for itself
    is_read_by_hand = old.is_read_by_hand and order.new.device is None
    await metering.remove_meter(
        session, estate_id=estate_id, meter_id=order.meter_id, removed_at=order.swapped_at, now=now
    )
    new = NewMeter(unit_id, order.new.serial, utility, names, device, limits, is_read_by_hand)
    (new_id_,) = await metering.install_meters(session, estate_id=estate_id, meters=[new], now=now)
    # who charges here remembers the old one
    await charging.bump_lane(session, estate_id=estate_id)
    made = await metering_queries.meter(session, estate_id=estate_id, meter_id=new_id_)
    await _charge(session, made, order=order, values=order.new.opening_micro, now=now)
    swap = Swap(
        swap_id=new_id(),
        old_meter_id=order.meter_id,
        new_meter_id=new_id_,
        swapped_at=order.swapped_at,
        reason=order.reason,
        closing_micro=order.closing_micro,
        opening_micro=order.new.opening_micro,
        key=key,
        body_hash=body_hash(order.body),
        actor=actor,
    )
    row = await metering.record_swap(session, estate_id=estate_id, swap=swap, now=now)
    return Swapped(row, charged)


async def _registers(session: AsyncSession, old: Any, *, order: SwapOrder, now: datetime) -> tuple[str, ...]:
    """Return the names of the meter's registers, if the order has values of just those."""
    if order.swapped_at > now:
        raise _invalid("swapped_at", "lies in the future")
    rows = await metering_queries.registers_of_meter(session, estate_id=old.estate_id, meter_id=old.meter_id)
    names = tuple(row.name for row in rows)
    if set(order.new.opening_micro) != set(names):
        raise _invalid("opening", f"needs a value of each register: {', '.join(names)}")
    states = await metering_queries.register_states(
        session, estate_id=old.estate_id, register_ids=[row.register_id for row in rows]
    )
    read = {row.name for row in rows if states[row.register_id].anchor_s is not None}
    if not read <= set(order.closing_micro) <= set(names):
        raise _invalid("closing", f"needs a value of each register that was read: {', '.join(sorted(read))}")
    return names


def _invalid(name: str, message: str) -> Invalid:
    return Invalid(f"{name} {message}", problems=[{"path": f"body.{name}", "message": message}])


async def _charge(
    session: AsyncSession, meter: Any, *, order: SwapOrder, values: Mapping[str, int], now: datetime
) -> int:
    if not values:
        return 0
    infos = await metering_queries.registers_of_meters(
        session, estate_id=meter.estate_id, serials=[meter.serial]
    )
    by_name = {info.register: info for info in infos}
    taken = await charge_values(
        session,
        estate_id=meter.estate_id,
        infos=[by_name[name] for name in values],
        values=[MeterValue(meter.serial, name, value, order.swapped_at) for name, value in values.items()],
        now=now,
    )
    return taken.charged_micro
