r"""The driver ``p1``: a telegram by MQTT or HTTP, whole and as the meter said it, into readings. Pure.

Paths of fields are ``import``, ``export``, ``mbus.1`` to ``mbus.9`` and the codes of the telegram
(``1-0:1\.8\.1``). Without fields, import and export go to the electricity meter and each value of the M-Bus
to the meter with its serial, else to the only one of its utility.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.drivers.fields import Field, told
from mita.drivers.p1.telegram import BadTelegram, parse_telegram
from mita.drivers.wire import Abilities, Arrival, Decoded, Device, Health, Outgoing, Shown
from mita.kit.quantity import BadValue, base_unit
from mita.metering.domain import Rejection, truncated

if TYPE_CHECKING:
    from decimal import Decimal

    from mita.drivers.p1.telegram import Behind, Telegram
    from mita.drivers.wire import Order

_REGISTERS = ("import", "export")
# what a code is called where people look at it
_SHOWN = {"1-0:1.7.0": "power_import", "1-0:2.7.0": "power_export"}


class P1Driver:
    """P1 ports behind a stick that passes telegrams on. They tell, and have no switch."""

    name = "p1"
    settings: tuple[str, ...] = ()

    def abilities(self, device: Device) -> Abilities:  # noqa: ARG002 - a P1 port can the same everywhere
        """Return that they can do nothing but tell."""
        return Abilities()

    def check(self, device: Device) -> list[str]:
        """Return what is wrong with the settings and the fields."""
        wrong = [f"setting {name!r} is not known: a P1 port has none" for name in sorted(device.settings)]
        for field in device.fields:
            try:
                base_unit(field.unit)
            except BadValue as error:
                wrong.append(f"field {field.path!r}: {error}")
        if not device.meters:
            wrong.append("the device has no meter")
        return wrong

    def decode(self, arrival: Arrival, device: Device) -> Decoded:
        """Return the readings of a telegram, and its power for people to look at."""
        decoded = Decoded()
        try:
            telegram = parse_telegram(arrival.payload)
        except BadTelegram as bad:
            raw = truncated(arrival.payload)
            decoded.rejections.append(Rejection(device.name, None, None, raw, bad.code, str(bad)))
            return decoded
        decoded.reports.append(
            Health(is_online=True, clock_s=telegram.taken_s, model=telegram.identification)
        )
        for code, path in _SHOWN.items():
            if code in telegram.lines:
                value, unit = telegram.lines[code]
                decoded.reports.append(Shown(path, value, unit, telegram.taken_s))
        values = _values(telegram)
        for field in device.fields or _default_fields(telegram, device):
            if (found := values.get(field.path)) is None:
                continue
            value, taken_s = found
            reading = told(
                value,
                field,
                meters=device.meters,
                taken_s=taken_s,
                is_timed=True,
                source=device.name,
                raw=f"{field.path}={value}",
            )
            decoded.take(reading)
        return decoded

    def encode(self, order: Order, device: Device) -> list[Outgoing]:  # noqa: ARG002 - a P1 port hears nothing
        """Return nothing: there is no switch."""
        return []


def _values(telegram: Telegram) -> dict[str, tuple[Decimal, int]]:
    """Return all values by path, each with its time."""
    values = {
        code.replace(".", "\\."): (value, telegram.taken_s) for code, (value, _) in telegram.lines.items()
    }
    values |= {register: (value, telegram.taken_s) for register, (value, _) in telegram.totals.items()}
    for behind in telegram.behind:
        if behind.value is not None and behind.taken_s is not None:
            values[f"mbus.{behind.channel}"] = (behind.value, behind.taken_s)
    return values


def _default_fields(telegram: Telegram, device: Device) -> list[Field]:
    units = {register: unit for register, (_, unit) in telegram.totals.items()}
    fields = [Field(register, register, units[register]) for register in _REGISTERS if register in units]
    # a device may be set up for what is behind it alone
    if not any(utility in {"electricity", "solar"} for _, utility in device.meters):
        fields = []
    for behind in telegram.behind:
        serial = _meter_behind(behind, device)
        if serial is not None:
            fields.append(Field(f"mbus.{behind.channel}", "import", behind.unit, meter=serial))
    return fields


def _meter_behind(behind: Behind, device: Device) -> str | None:
    """Return the serial of the device's meter that an M-Bus channel is; None if it is none of them."""
    if behind.value is None:
        return None
    serials = [serial for serial, _ in device.meters]
    if behind.serial in serials:
        return behind.serial
    fitting = [serial for serial, utility in device.meters if utility == behind.utility]
    return fitting[0] if len(fitting) == 1 else None


DRIVER = P1Driver()
