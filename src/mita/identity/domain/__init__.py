"""Who asks, and what they may do. Pure."""

from .audit import masked, names_persons
from .permissions import ROLES, Permission, Role, RoleRule, Scope
from .principal import (
    DEVICE_PREFIX,
    IMPERSONATION_PREFIX,
    KEY_PREFIX,
    Anonymous,
    Grant,
    Principal,
    new_token,
    person_actor,
    token_hash,
)
from .privacy import RETENTION_DAYS, erased_name
from .roles import RolePlace, fits, has_at, lacking, may_grant

__all__ = [
    "DEVICE_PREFIX",
    "IMPERSONATION_PREFIX",
    "KEY_PREFIX",
    "RETENTION_DAYS",
    "ROLES",
    "Anonymous",
    "Grant",
    "Permission",
    "Principal",
    "Role",
    "RolePlace",
    "RoleRule",
    "Scope",
    "erased_name",
    "fits",
    "has_at",
    "lacking",
    "masked",
    "may_grant",
    "names_persons",
    "new_token",
    "person_actor",
    "token_hash",
]
