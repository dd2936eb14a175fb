"""Request and response shapes of roles."""

from uuid import UUID

from pydantic import Field

from mita.identity.domain import Role, Scope
from mita.identity.models import RoleGrant
from mita.kit.shapes import Id, Instant, Shape


class RoleIn(Shape):
    """A role for a person: over the platform, or an organisation if one is named."""

    person_id: Id
    role: Role = Field(examples=["operator"])
    organisation_id: Id | None = None
    until: Instant | None = Field(default=None, description="When it ends by itself; null: never")


class EstateRoleIn(Shape):
    """A role for a person: over the estate, or one of its units if it is named."""

    person_id: Id
    role: Role = Field(examples=["managing_agent"])
    unit_id: Id | None = None
    until: Instant | None = Field(default=None, description="When it ends by itself; null: never")


class RoleOut(Shape):
    """A role that a person has or had."""

    role_grant_id: UUID
    person_id: Id
    role: Role
    scope: Scope
    organisation_id: Id | None
    estate_id: Id | None
    unit_id: Id | None
    granted_by: str = Field(examples=["staff:console"])
    granted_at: Instant
    until: Instant | None
    revoked_at: Instant | None
    revoked_by: str | None = Field(examples=[None])


class RoleRow(RoleOut):
    """A role over an estate, and how the person is called."""

    person_name: str | None = Field(
        description="For who may see the estate's people", examples=["Thandi Nkosi"]
    )


def role_out(row: RoleGrant) -> RoleOut:
    """Return a role as JSON shows it."""
    return RoleOut(
        role_grant_id=row.role_grant_id,
        person_id=row.person_id,
        role=Role(row.role),
        scope=Scope(row.scope),
        organisation_id=row.organisation_id,
        estate_id=row.estate_id,
        unit_id=row.unit_id,
        granted_by=row.granted_by,
        granted_at=row.granted_at,
        until=row.until,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
    )
