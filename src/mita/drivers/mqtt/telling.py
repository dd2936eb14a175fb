"""From the values in a message to readings, and to what people look at. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mita.drivers.fields import at, flat, told
from mita.drivers.mqtt.payloads import short, total
from mita.drivers.wire import Alarm, Decoded, Health, Shown
from mita.metering.domain import truncated

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from mita.drivers.fields import Field
    from mita.drivers.mqtt.times import Taken
    from mita.drivers.wire import Arrival, Device, Report

SHOWN_MAX = 100
_PATH_MAX = 120
_SIZE_MAX = 30

# last step of a path, in small letters -> the unit that all conventions mean by it
UNITS = {
    "power": "W",
    "apower": "W",
    "act_power": "W",
    "total_act_power": "W",
    "voltage": "V",
    "current": "A",
    "freq": "Hz",
    "frequency": "Hz",
    "battery": "%",
    "humidity": "%",
    "apparentpower": "VA",
    "reactivepower": "var",
}


@dataclass(frozen=True, slots=True)
class Said:
    """What one message said: values as a tree, when, and by which fields they are registers.

    ``silent`` are paths that are nobody's business, such as the time itself. ``is_shown`` is False for all
    but the last of a batch, ``is_clock`` where the time is not the device's own clock as it spoke.
    """

    values: Any
    taken: Taken
    fields: Sequence[Field] = ()
    silent: Collection[str] = field(default=())
    is_shown: bool = True
    is_clock: bool = True


def tell(decoded: Decoded, said: Said, *, arrival: Arrival, device: Device) -> None:
    """Add a message's readings and shown values to what it held.

    A retained message without a time of its own is old news: it gives no reading.
    """
    is_old = arrival.is_retained and not said.taken.is_timed
    mapped: set[str] = set()
    for each in said.fields:
        value = at(said.values, each.path)
        if value is None:
            continue
        mapped.add(each.path)
        if not is_old:
            _read(decoded, value, each, said.taken, arrival, device)
    if not said.is_shown:
        return
    decoded.reports += _shown(said, mapped)
    if arrival.is_retained or not said.is_clock:
        return
    if said.taken.fault is not None:
        decoded.reports.append(Alarm("clock_invalid", said.taken.fault))
    elif said.taken.clock_s is not None:
        decoded.reports.append(Health(clock_s=said.taken.clock_s))


def heard(is_online: bool | None) -> list[Report]:  # noqa: FBT001 - the one thing it is about
    """Return the report of a last will or its opposite; none if it says neither."""
    return [] if is_online is None else [Health(is_online=is_online)]


def _read(decoded: Decoded, value: Any, each: Field, taken: Taken, arrival: Arrival, device: Device) -> None:
    reading = told(
        total(value) if isinstance(value, list) else value,
        each,
        meters=device.meters,
        taken_s=taken.taken_s,
        is_timed=taken.is_timed,
        source=device.name,
        raw=truncated(arrival.payload[:2_000]),
    )
    decoded.take(reading)


def _shown(said: Said, mapped: set[str]) -> Iterator[Shown]:
    left = SHOWN_MAX
    for path, value in flat(said.values):
        if path in said.silent or any(path == each or path.startswith(f"{each}.") for each in mapped):
            continue
        if not 0 < len(path) <= _PATH_MAX or not path.isprintable() or not _is_showable(value):
            continue
        if left == 0:
            return
        left -= 1
        yield Shown(path, value, unit_of(path), said.taken.taken_s)


def _is_showable(value: Any) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite() and abs(value.adjusted()) < _SIZE_MAX
    return isinstance(value, bool) or short(value) is not None


def unit_of(path: str) -> str | None:
    """Return the unit of a shown value by what it is called; places in lists do not count."""
    steps = [step for step in path.lower().split(".") if not step.isdecimal()]
    return UNITS.get(steps[-1]) if steps else None
