"""A device is registered before its meters are installed: who stands in for them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mita.kit.quantity import base_unit
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
            found.setdefault(field.meter, _STAND_INS[base_unit(field.unit)[0]])
    relays = settings.get("relays")
    for serial in relays if isinstance(relays, dict) else ():
        found.setdefault(str(serial), "electricity")
    counted = {BASE_UNIT[utility] for utility in found.values()}
    found.update(
        {f"(no {utility} meter yet)": utility for unit, utility in _STAND_INS.items() if unit not in counted}
    )
    return list(found.items())
