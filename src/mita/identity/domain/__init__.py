"""Who asks, and what they may do. Pure."""

from .audit import AUDITED, masked, names_persons
from .audit_chain import BEGINNING, HASH_VERSION, AuditBreak, ChainWalk, Link, link_hash
from .permissions import NOT_BY_SUPPORT, ROLES, Permission, Role, RoleRule, Scope
from .principal import (
    DEVICE_PREFIX,
    IMPERSONATION_PREFIX,
    KEY_PREFIX,
    Anonymous,
    Grant,
    Principal,
    new_token,
    person_actor,
    person_of_actor,
    token_hash,
)
from .privacy import RETENTION_DAYS, erased_name
from .roles import RolePlace, fits, has_at, lacking, may_grant

__all__ = [
    "AUDITED",
    "BEGINNING",
    "DEVICE_PREFIX",
    "HASH_VERSION",
    "IMPERSONATION_PREFIX",
    "KEY_PREFIX",
    "NOT_BY_SUPPORT",
    "RETENTION_DAYS",
    "ROLES",
    "Anonymous",
    "AuditBreak",
    "ChainWalk",
    "Grant",
    "Link",
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
    "link_hash",
    "masked",
    "may_grant",
    "names_persons",
    "new_token",
    "person_actor",
    "person_of_actor",
    "token_hash",
]
