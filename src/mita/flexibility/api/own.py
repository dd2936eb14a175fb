"""Who may speak for a unit: staff, and who lives there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.identity.domain import Permission
from mita.kit.errors import NotFound

if TYPE_CHECKING:
    from mita.kit.web import Caller


def is_staff(caller: Caller, *, estate_id: int) -> bool:
    """Tell whether a caller may switch every supply of an estate."""
    return caller.may(Permission.SUPPLY_CONTROL, estate_id=estate_id)


def require_unit(caller: Caller, *, estate_id: int, unit_id: int) -> None:
    """Let staff pass, and who has the role of a resident of the unit.

    :raises NotFound: if it is nobody of these: whether there is such a unit is not theirs to know
    """
    if is_staff(caller, estate_id=estate_id):
        return
    if unit_id not in caller.units(Permission.SUPPLY_READ, estate_id=estate_id):
        raise NotFound(f"unit {unit_id} does not exist in estate {estate_id}")
