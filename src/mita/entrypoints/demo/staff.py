"""Who works in the demo's estates: an operator, an auditor and a trustee that a visitor signs in as."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.entrypoints.demo.tenant import DEMO
from mita.entrypoints.keys import DEMO_AUDITOR, DEMO_OPERATOR, DEMO_TRUSTEE
from mita.entrypoints.letting_in import let_in
from mita.identity.domain.identifiers import read_identifier
from mita.identity.domain.permissions import ROLES, Role
from mita.identity.domain.roles import RolePlace

if TYPE_CHECKING:
    from datetime import datetime

    from mita.kit.db import Database

_PLATFORM = RolePlace()


async def employ(database: Database, *, password: str, factor: str, now: datetime) -> None:
    """Let an operator and an auditor of all estates sign in; again changes nothing.

    ``factor`` is the secret of their authenticator app (base32).
    """
    for name, email, role in (
        ("Lindiwe Dube", DEMO_OPERATOR, Role.OPERATOR),
        ("Kofi Mensah", DEMO_AUDITOR, Role.AUDITOR),
    ):
        await _let_in(
            database, (name, email), role=role, place=_PLATFORM, password=password, factor=factor, now=now
        )


async def appoint(database: Database, *, estate_id: int, password: str, now: datetime) -> None:
    """Let a trustee of an estate sign in, whose role needs no second factor; again changes nothing."""
    person, place = ("Amina Bello", DEMO_TRUSTEE), RolePlace(estate_id=estate_id)
    await _let_in(database, person, role=Role.TRUSTEE, place=place, password=password, factor=None, now=now)


async def _let_in(
    database: Database,
    person: tuple[str, str],
    *,
    role: Role,
    place: RolePlace,
    password: str,
    factor: str | None,
    now: datetime,
) -> None:
    name, email = person
    assert (factor is not None) == ROLES[role].needs_second_factor, "the role gives nothing without"
    known = read_identifier(email)
    assert known is not None, "an email address"
    await let_in(
        database,
        name=name,
        email=known,
        role=role,
        place=place,
        password=password,
        factor=factor,
        actor=DEMO.actor,
        now=now,
    )
