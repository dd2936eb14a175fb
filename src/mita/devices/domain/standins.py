"""A device is registered before its meters are installed: who stands in for them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mita.kit.quantity import PULSE, base_unit
from mita.metering.domain import BASE_UNIT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mita.drivers.fields import Field

_STAND_INS = {"kWh": "electricity", "m3": "water"}


def meters_to_come(
    meters: Sequence[tuple[str, str]], *, fields: Sequence[Field], settings: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """Return a device's meters, (serial, utility), with one for each that its set-up speaks of.

    Those are the meters that fields and the setting ``relays`` name, and one for each base unit that none
    counts yet: a driver then finds what is wrong with the set-up itself.
    """
    found = dict(meters)
    for field in fields:
        if field.meter is not None:
            found.setdefault(field.meter, _STAND_INS.get(base_unit(field.unit)[0], "electricity"))
    relays = settings.get("relays")
    for serial in relays if isinstance(relays, dict) else ():
        found.setdefault(str(serial), "electricity")
    named = {base_unit(field.unit)[0] for field in fields if field.meter is None}
    counted = {BASE_UNIT[utility] for utility in found.values()}
    missing = _STAND_INS.keys() - counted
    if PULSE in named:
        # any meter may count pulses: one that nobody speaks of would make them ambiguous
        missing &= named if found or named != {PULSE} else {"kWh"}
    found.update({f"(no {_STAND_INS[unit]} meter yet)": _STAND_INS[unit] for unit in sorted(missing)})
    return list(found.items())
