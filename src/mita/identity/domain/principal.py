"""Who is asking: tokens, grants and principals."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .permissions import ROLES, Permission, Role

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

# the public prefixes that let scanners find leaked tokens; the longer ones say whose they are
TOKEN_PREFIX = "mita_"  # noqa: S105 - no secret: what a token begins with
KEY_PREFIX = "mita_key_"
DEVICE_PREFIX = "mita_device_"
IMPERSONATION_PREFIX = "mita_as_"


@dataclass(frozen=True, slots=True)
class Grant:
    """Permissions over every estate, over some estates, or over one unit of one estate.

    ``estate_ids`` of None is every estate and the platform itself; ``unit_id`` of None is the whole estate.
    ``organisation_id`` is set where it is about an organisation: its estates of today, and those to come.
    """

    permissions: frozenset[str]
    estate_ids: frozenset[int] | None
    unit_id: int | None = None
    organisation_id: int | None = None

    @classmethod
    def of_role(
        cls,
        role: Role,
        *,
        estate_ids: Iterable[int] | None,
        unit_id: int | None = None,
        organisation_id: int | None = None,
    ) -> Grant:
        """Return what a role gives there."""
        seen = None if estate_ids is None else frozenset(estate_ids)
        return cls(frozenset(ROLES[role].permissions), seen, unit_id, organisation_id)

    def reaches(self, estate_id: int | None) -> bool:
        """Tell whether it says anything of an estate; None asks for the platform."""
        return self.estate_ids is None or (estate_id is not None and estate_id in self.estate_ids)


_CONSOLE = (Grant(frozenset(Permission), None),)
_PERSON_ACTOR = re.compile(r"person:([0-9]{1,18})(?: by |$)")


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of an operation: the installation's own staff, a person, or a key.

    Staff, who come with a token of the console, may do everything. A person may do what ``grants`` say, and
    with wallets what access grants say. A key (``key_id``) may do what it was made for,
    ``requests_per_minute`` times a minute. A ``device`` sends readings of its own meters. Support that looks
    through a person's eyes has that person's id and rights, and ``impersonated_by`` is who it is.
    """

    name: str
    person_id: int | None = None
    grants: tuple[Grant, ...] = ()
    key_id: int | None = None
    impersonated_by: str | None = None
    device: str | None = None
    is_read_only: bool = False
    requests_per_minute: int | None = None
    session_id: UUID | None = None

    @property
    def actor(self) -> str:
        """The name as it stands in a journal: ``staff:console``, ``person:7``, ``key:3``."""
        if self.person_id is not None:
            own = person_actor(self.person_id)
        elif self.key_id is not None:
            own = f"key:{self.key_id}"
        elif self.device is not None:
            own = f"device:{self.device}"
        else:
            own = f"staff:{self.name}"
        return own if self.impersonated_by is None else f"{own} by {self.impersonated_by}"

    @property
    def is_console(self) -> bool:
        """Whether it is the installation's own staff."""
        return self.person_id is None and self.key_id is None and self.device is None

    @property
    def _held(self) -> tuple[Grant, ...]:
        return _CONSOLE if self.is_console else self.grants

    def may(self, permission: str, *, estate_id: int | None) -> bool:
        """Tell whether the caller may do something in a whole estate; None asks for the platform."""
        return any(
            grant.unit_id is None and permission in grant.permissions and grant.reaches(estate_id)
            for grant in self._held
        )

    def may_in_organisation(self, permission: str, *, organisation_id: int) -> bool:
        """Tell whether the caller may do something in an organisation, its estates to come included."""
        return any(
            permission in grant.permissions
            and (grant.estate_ids is None or grant.organisation_id == organisation_id)
            for grant in self._held
            if grant.unit_id is None
        )

    def units(self, permission: str, *, estate_id: int) -> frozenset[int]:
        """Return the units of an estate of which the caller may do something, by roles in single units."""
        return frozenset(
            grant.unit_id
            for grant in self._held
            if grant.unit_id is not None and permission in grant.permissions and grant.reaches(estate_id)
        )

    def estate_ids(self) -> frozenset[int] | None:
        """Return the estates in which the caller has a role; None is every estate."""
        if any(grant.estate_ids is None for grant in self._held):
            return None
        return frozenset(each for grant in self._held for each in grant.estate_ids or ())


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Who has shown nothing yet: may sign in and nothing else."""

    actor: str = "anonymous"
    person_id: None = None
    impersonated_by: None = None
    device: None = None
    is_read_only: bool = False
    key_id: None = None
    requests_per_minute: None = None

    def may(self, permission: str, *, estate_id: int | None) -> bool:  # noqa: ARG002 - nothing at all
        """Return False."""
        return False

    def may_in_organisation(self, permission: str, *, organisation_id: int) -> bool:  # noqa: ARG002 - nothing at all
        """Nothing."""
        return False

    def units(self, permission: str, *, estate_id: int) -> frozenset[int]:  # noqa: ARG002 - none at all
        """Return none."""
        return frozenset()

    def estate_ids(self) -> frozenset[int]:
        """Return none."""
        return frozenset()


def person_actor(person_id: int) -> str:
    """Return a person's name as it stands in a journal; ids stay, names change."""
    return f"person:{person_id}"


def person_of_actor(actor: str) -> int | None:
    """Return the person whom a journal names, also one through whose eyes support looked."""
    found = _PERSON_ACTOR.match(actor)
    return None if found is None else int(found[1])


def new_token(prefix: str = TOKEN_PREFIX) -> str:
    """Return a fresh bearer token of 256 random bits."""
    return prefix + secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """Return what is stored of a token; 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).digest()
