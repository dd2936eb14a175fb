"""Request and response shapes of what is a person's own, and of join codes."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from mita.identity.domain import ROLES, Permission, Role
from mita.identity.domain.codes import join_text
from mita.identity.models import (
    Identifier,
    JoinCode,
    JoinRequest,
    Passkey,
    Person,
    PersonSession,
    RoleGrant,
)
from mita.identity.schemas.sign_in import Code, Credential, Secret
from mita.kit.shapes import Id, Instant, Shape, Text


class IdentifierOut(Shape):
    """What a person signs in with."""

    kind: Literal["email", "phone"]
    value: str = Field(examples=["thandi@example.com"])
    is_verified: bool


class OwnRoleOut(Shape):
    """A role of the person who asks."""

    role: str = Field(examples=["resident"])
    scope: Literal["platform", "organisation", "estate", "unit"]
    organisation_id: Id | None
    estate_id: Id | None
    unit_id: Id | None
    until: Instant | None
    needs_second_factor: bool = Field(description="Whether it gives nothing to a session without")
    permissions: list[Permission] = Field(
        description="What it gives in this session", examples=[["meters.read", "readings.read"]]
    )


class MeOut(Shape):
    """The person who asks."""

    person_id: Id
    name: str = Field(examples=["Thandi Mokoena"])
    impersonated_by: str | None = Field(examples=[None])
    identifiers: list[IdentifierOut]
    roles: list[OwnRoleOut]
    estate_ids: list[int] = Field(description="Estates in which something is theirs", examples=[[1]])
    has_password: bool
    has_second_factor: bool = Field(description="Whether an authenticator app is confirmed")
    backup_codes_left: int = Field(examples=[9])
    session_has_second_factor: bool = Field(description="Whether roles that need one count in this session")
    needs_second_factor: bool = Field(description="Whether a role waits for one to be set up")


class SessionOut(Shape):
    """A session of the person who asks."""

    session_id: UUID
    device: str = Field(examples=["Firefox on Windows"])
    address: str = Field(examples=["203.0.113.7"])
    ways: list[str] = Field(examples=[["pwd", "otp"]])
    created_at: Instant
    last_used_at: Instant
    is_this: bool


class SessionsOut(Shape):
    """All sessions that are not over, the newest first."""

    items: list[SessionOut]


class PasswordIn(Shape):
    """A new password; the current one is not needed shortly after signing in."""

    password: Secret
    current_password: Secret | None = None


class EnrolmentOut(Shape):
    """A new authenticator app, shown this once; it counts when it is confirmed."""

    secret: str = Field(examples=["JBSWY3DPEHPK3PXP"])
    uri: str = Field(examples=["otpauth://totp/Mita:thandi%40example.com?secret=…"])


class CodeOfApp(Shape):
    """A code of the authenticator app, or a backup code."""

    code: Code


class BackupCodesOut(Shape):
    """Backup codes, shown this once; each works once."""

    codes: list[str] = Field(examples=[["ABCD-EFGH-IJKL-MNOP"]])


class PasskeyIn(Shape):
    """What the browser has made."""

    challenge_id: UUID
    credential: Credential
    name: Text = Field(examples=["My phone"])


class PasskeyName(Shape):
    """Another name for a passkey."""

    name: Text = Field(examples=["Old phone"])


class PasskeyOut(Shape):
    """A passkey of the person who asks."""

    passkey_id: UUID
    name: str = Field(examples=["My phone"])
    created_at: Instant
    last_used_at: Instant | None


class PasskeysOut(Shape):
    """All passkeys, oldest first."""

    items: list[PasskeyOut]


class JoinCodeIn(Shape):
    """Whether residents may sign up with the estate's code, and whether it is to be another one."""

    is_on: bool
    is_new: bool = False


class JoinCodeOut(Shape):
    """What residents of an estate sign up with."""

    code: str | None = Field(examples=["12-ABCD2345"])
    is_on: bool


class JoinRequestOut(Shape):
    """Somebody who came with the estate's code and waits."""

    join_request_id: UUID
    person_id: Id
    name: str = Field(examples=["Thandi Mokoena"])
    unit_name: str | None = Field(description="The unit as they wrote it", examples=["A101"])
    state: Literal["waiting", "approved", "refused"]
    created_at: Instant
    decided_at: Instant | None


class JoinApproval(Shape):
    """The unit in which somebody lives."""

    unit_id: Id


def identifier_out(row: Identifier) -> IdentifierOut:
    """Return what a person signs in with as JSON shows it."""
    return IdentifierOut.model_validate(
        {"kind": row.kind, "value": row.value, "is_verified": row.verified_at is not None}
    )


def own_role_out(row: RoleGrant, *, with_second_factor: bool) -> OwnRoleOut:
    """Return a role as JSON shows it to a session."""
    rule = ROLES[Role(row.role)]
    names = ("role", "scope", "organisation_id", "estate_id", "unit_id", "until")
    counts = with_second_factor or not rule.needs_second_factor
    more = {
        "needs_second_factor": rule.needs_second_factor,
        "permissions": sorted(rule.permissions) if counts else [],
    }
    return OwnRoleOut.model_validate({**{name: getattr(row, name) for name in names}, **more})


def session_out(row: PersonSession, *, this: UUID | None) -> SessionOut:
    """Return a session as JSON shows it; ``this`` is the one that asks."""
    return SessionOut(
        session_id=row.person_session_id,
        device=row.device,
        address=row.address,
        ways=list(row.amr),
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        is_this=row.person_session_id == this,
    )


def passkey_out(row: Passkey) -> PasskeyOut:
    """Return a passkey as JSON shows it."""
    return PasskeyOut(
        passkey_id=row.passkey_id, name=row.name, created_at=row.created_at, last_used_at=row.last_used_at
    )


def join_code_out(row: JoinCode | None) -> JoinCodeOut:
    """Return a join code as JSON shows it."""
    if row is None:
        return JoinCodeOut(code=None, is_on=False)
    return JoinCodeOut(code=join_text(row.estate_id, row.code), is_on=row.is_on)


def join_request_out(row: JoinRequest, *, person: Person) -> JoinRequestOut:
    """Return a request to join as JSON shows it."""
    names = ("join_request_id", "person_id", "unit_name", "state", "created_at", "decided_at")
    return JoinRequestOut.model_validate(
        {**{name: getattr(row, name) for name in names}, "name": person.name}
    )
