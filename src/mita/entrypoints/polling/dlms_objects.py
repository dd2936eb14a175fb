"""What a DLMS meter is told beside its relay: its limiter and its prices, each written and read back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mita.drivers.dlms.charge import DAY_S, KILO, UnitCharge, unit_charge
from mita.drivers.dlms.data import BadData, whole
from mita.drivers.dlms.limiter import threshold_of
from mita.drivers.wire import HeldPrices
from mita.entrypoints.polling.dlms_client import DlmsRefused

if TYPE_CHECKING:
    from mita.drivers.dlms import Settings
    from mita.drivers.dlms.limiter import Limiter, Threshold
    from mita.drivers.wire import FlatPrices
    from mita.entrypoints.polling.dlms_client import Session

_LIMITER, _WATCHED, _ACTIVE, _NORMAL = 71, 2, 3, 4
_DEMAND = 5
_CHARGE, _KIND, _UNIT_ACTIVE, _UNIT_PASSIVE, _ACTIVATES_AT, _PERIOD = 113, 3, 5, 6, 7, 8
_ACTIVATE = 2
_BY_CONSUMPTION, _BY_TIME = 0, 1


def limiter_said(session: Session, limiter: Limiter) -> list[int]:
    """Return a limiter's active threshold with the power of ten and the unit of what it watches.

    :raises DlmsRefused: if the meter does not tell, or it is no number
    """
    watched = session.get(_LIMITER, limiter.obis, _WATCHED)
    if not isinstance(watched, list) or len(watched) != 3 or not isinstance(watched[1], bytes):  # noqa: PLR2004 - its parts
        raise DlmsRefused(f"{limiter.obis}: does not say what it watches")
    class_id, name = watched[0], ".".join(map(str, watched[1]))
    # a demand register has its unit in another place than a register
    found = session.get(class_id, name, 4 if class_id == _DEMAND else 3)
    active = session.get(_LIMITER, limiter.obis, _ACTIVE)
    if not isinstance(found, list) or len(found) != 2 or type(active) is not int:  # noqa: PLR2004 - its parts
        raise DlmsRefused(f"{limiter.obis}: its threshold is no whole number with a unit")
    return [active, int(found[0]), int(found[1])]


def set_limit(session: Session, limiter: Limiter, limit_w: int | None) -> tuple[int, list[int]]:
    """Write a limiter's threshold; return the number that was written, and what it says then.

    :raises DlmsRefused: if the meter refuses, or such a power cannot be written
    """
    said = limiter_said(session, limiter)
    threshold = _threshold(said, limiter)
    none = threshold.raw_of(limiter.none_w)
    # one below what means that there is none
    number = none if limit_w is None else min(threshold.raw_of(limit_w), none - 1)
    tag = session.get_raw(_LIMITER, limiter.obis, _NORMAL)[0]
    try:
        raw = whole(number, tag=tag)
    except BadData as bad:
        raise DlmsRefused(f"{limiter.obis}: its threshold {bad}") from bad
    session.set_raw(_LIMITER, limiter.obis, _NORMAL, raw)
    return number, limiter_said(session, limiter)


def _threshold(said: list[int], limiter: Limiter) -> Threshold:
    try:
        return threshold_of(said[1], said[2], limiter=limiter)
    except BadData as bad:
        raise DlmsRefused(f"{limiter.obis}: {bad}") from bad


def give_prices(session: Session, found: Settings, prices: FlatPrices, *, begins: bytes | None) -> None:
    """Write prices as the passive ones, read them back, and let them begin: at a time (12 bytes), or now.

    :raises DlmsRefused: if the meter refuses, has other prices than that then, or no object for one
    """
    for obis, unit, price_micro, per_scale in _wanted(session, found, prices):
        try:
            passive = unit.with_price(price_micro, per_scale=per_scale)
        except BadData as bad:
            raise DlmsRefused(f"{obis}: {bad}") from bad
        session.set_raw(_CHARGE, obis, _UNIT_PASSIVE, passive.encoded())
        if _unit(session, obis, _UNIT_PASSIVE) != passive:
            raise DlmsRefused(f"{obis}: took the price, and holds another one")
    # all are written before the first begins
    for obis in _objects(found):
        if begins is None:
            session.act(_CHARGE, obis, _ACTIVATE)
            continue
        session.set_octets(_CHARGE, obis, _ACTIVATES_AT, begins)
        if session.get(_CHARGE, obis, _ACTIVATES_AT) != begins:
            raise DlmsRefused(f"{obis}: took the time at which its price begins, and holds another one")


def _objects(found: Settings) -> list[str]:
    return [each for each in (found.charge, found.day_charge) if each is not None]


def _wanted(session: Session, found: Settings, prices: FlatPrices) -> list[tuple[str, UnitCharge, int, int]]:
    """Return the objects with what they hold, the price that they are to hold, and of how much."""
    if found.charge is None:
        raise DlmsRefused("the settings name no Charge object for what a unit costs (charge)")
    _look(session, found.charge, kind=_BY_CONSUMPTION, what="consumption")
    wanted = [(found.charge, _unit(session, found.charge, _UNIT_ACTIVE), prices.kwh_micro, KILO)]
    if found.day_charge is None:
        if prices.day_micro:
            raise DlmsRefused("the settings name no Charge object for what a day costs (day_charge)")
        return wanted
    _look_at_day(session, found.day_charge)
    unit = _unit(session, found.day_charge, _UNIT_ACTIVE)
    return [*wanted, (found.day_charge, unit, prices.day_micro, unit.quantity_scale)]


def _look(session: Session, obis: str, *, kind: int, what: str) -> None:
    if session.get(_CHARGE, obis, _KIND) != kind:
        raise DlmsRefused(f"{obis}: is no charge by {what}")


def _look_at_day(session: Session, obis: str) -> None:
    _look(session, obis, kind=_BY_TIME, what="time")
    if session.get(_CHARGE, obis, _PERIOD) != DAY_S:
        raise DlmsRefused(f"{obis}: is not collected once a day")


def held_prices(session: Session, found: Settings) -> HeldPrices:
    """Return what the meter charges now, by its active unit charges.

    :raises DlmsRefused: if it does not tell, or charges what no price of ours is
    """
    if found.charge is None:
        raise DlmsRefused("the settings name no Charge object for what a unit costs (charge)")
    try:
        kwh_micro = _unit(session, found.charge, _UNIT_ACTIVE).micro(per_scale=KILO)
        day_micro: tuple[int, ...] = (0,)
        if found.day_charge is not None:
            _look_at_day(session, found.day_charge)
            unit = _unit(session, found.day_charge, _UNIT_ACTIVE)
            day_micro = unit.micro(per_scale=unit.quantity_scale)
    except BadData as bad:
        raise DlmsRefused(f"what the meter charges {bad}") from bad
    if not kwh_micro or len(day_micro) != 1:
        raise DlmsRefused("the meter charges no price of a unit, or several of a day")
    return HeldPrices(kwh_micro, day_micro[0])


def _unit(session: Session, obis: str, attribute: int) -> UnitCharge:
    said: Any = session.get(_CHARGE, obis, attribute)
    try:
        return unit_charge(said)
    except BadData as bad:
        raise DlmsRefused(f"{obis}: {bad}") from bad
