"""Who may give which role to whom: nobody gives more than they have, or over more. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .permissions import ROLES, Permission, Role, Scope

if TYPE_CHECKING:
    from .principal import Principal


@dataclass(frozen=True, slots=True)
class RolePlace:
    """What a role is over: the platform, an organisation, an estate, or a unit of one."""

    organisation_id: int | None = None
    estate_id: int | None = None
    unit_id: int | None = None

    @property
    def scope(self) -> Scope:
        """How far it reaches."""
        if self.organisation_id is not None:
            return Scope.ORGANISATION
        if self.estate_id is None:
            return Scope.PLATFORM
        return Scope.ESTATE if self.unit_id is None else Scope.UNIT


def has_at(caller: Principal, permission: str, *, place: RolePlace) -> bool:
    """Tell whether a caller may do something everywhere that a place reaches."""
    if place.organisation_id is not None:
        return caller.may_in_organisation(permission, organisation_id=place.organisation_id)
    return caller.may(permission, estate_id=place.estate_id)


def lacking(caller: Principal, *, role: Role, place: RolePlace) -> list[str]:
    """Return the permissions of a role that a caller does not have there themselves, in their order."""
    return [each for each in sorted(ROLES[role].permissions) if not has_at(caller, each, place=place)]


def may_grant(caller: Principal, *, place: RolePlace) -> bool:
    """Tell whether a caller may give and take roles there."""
    return has_at(caller, Permission.ROLES_GRANT, place=place)


def fits(role: Role, *, place: RolePlace) -> bool:
    """Tell whether a role can be given over such a place."""
    return place.scope in ROLES[role].scopes
