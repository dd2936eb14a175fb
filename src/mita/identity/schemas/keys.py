"""Request and response shapes of API keys, device tokens and impersonations."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from mita.identity.domain import Permission
from mita.identity.models import ApiKey, DeviceToken, Impersonation
from mita.kit.shapes import Id, Instant, Shape, Text

# one level of a topic at the broker, and nothing a screen cannot show
Device = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[^/+#\x00-\x1f\x7f]+$"),
    Field(examples=["gateway-1"]),
]
Reason = Annotated[
    str,
    StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00]+$"),
    Field(examples=["ticket 4711"]),
]


class ApiKeyIn(Shape):
    """A new API key: for an organisation and its estates of any day, or for some estates."""

    name: Text = Field(examples=["Billing export"])
    permissions: list[Permission] = Field(min_length=1, max_length=100, examples=[["units.read"]])
    organisation_id: Id | None = None
    estate_ids: list[Id] | None = Field(default=None, min_length=1, max_length=1000, examples=[[1]])
    expires_at: Instant | None = Field(default=None, description="When it ends by itself; null: never")
    requests_per_minute: int = Field(default=600, ge=1, le=100_000)


class ApiKeyOut(Shape):
    """An API key; its secret was shown when it was made."""

    api_key_id: Id
    name: str = Field(examples=["Billing export"])
    shown_prefix: str = Field(examples=["mita_key_Ab3dE9"], description="How its secret begins")
    permissions: list[str] = Field(examples=[["units.read"]])
    organisation_id: Id | None
    estate_ids: list[Id] | None = Field(examples=[[1]])
    requests_per_minute: int = Field(examples=[600])
    made_by: str = Field(examples=["person:7"])
    created_at: Instant
    expires_at: Instant | None
    replaces_id: Id | None = Field(description="The key whose place it takes")
    last_used_at: Instant | None = Field(description="To the minute")
    revoked_at: Instant | None
    revoked_by: str | None = Field(examples=[None])


class ApiKeyMade(Shape):
    """A key with its secret, shown this once."""

    api_key: ApiKeyOut
    secret: str = Field(examples=["mita_key_…"])


class RotationIn(Shape):
    """How long the old key goes on working; without it an hour."""

    overlap_until: Instant | None = None


def api_key_out(row: ApiKey) -> ApiKeyOut:
    """Return an API key as JSON shows it."""
    return ApiKeyOut(
        api_key_id=row.api_key_id,
        name=row.name,
        shown_prefix=row.shown_prefix,
        permissions=row.permissions,
        organisation_id=row.organisation_id,
        estate_ids=row.estate_ids,
        requests_per_minute=row.requests_per_minute,
        made_by=row.made_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        replaces_id=row.replaces_id,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
    )


class DeviceTokenIn(Shape):
    """For which device a token is issued."""

    device: Device
    expires_at: Instant | None = Field(default=None, description="When it ends by itself; null: never")


class DeviceTokenOut(Shape):
    """A device token; its text was shown when it was issued."""

    device_token_id: UUID
    device: str = Field(examples=["gateway-1"])
    issued_by: str = Field(examples=["staff:console"])
    issued_at: Instant
    expires_at: Instant | None
    revoked_at: Instant | None
    revoked_by: str | None = Field(examples=[None])
    renews_id: UUID | None = Field(description="The token that its device showed for it", examples=[None])


class DeviceTokenMade(Shape):
    """A device token with its text, shown this once."""

    device_token: DeviceTokenOut
    token: str = Field(examples=["mita_device_…"])


def device_token_out(row: DeviceToken) -> DeviceTokenOut:
    """Return a device token as JSON shows it."""
    return DeviceTokenOut(
        device_token_id=row.device_token_id,
        device=row.device,
        issued_by=row.issued_by,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
        renews_id=row.renews_id,
    )


class ImpersonationIn(Shape):
    """Why support looks through a person's eyes, how long, and whether it may change anything."""

    reason: Reason
    minutes: int = Field(default=30, ge=1, le=60)
    may_write: bool = False


class ImpersonationOut(Shape):
    """That support looks, or looked, through a person's eyes."""

    impersonation_id: UUID
    person_id: Id
    by: str = Field(examples=["person:3"])
    reason: str = Field(examples=["ticket 4711"])
    may_write: bool
    created_at: Instant
    ends_at: Instant
    ended_at: Instant | None


class ImpersonationMade(Shape):
    """An impersonation with its token, shown this once."""

    impersonation: ImpersonationOut
    token: str = Field(examples=["mita_as_…"])


def impersonation_out(row: Impersonation) -> ImpersonationOut:
    """Return an impersonation as JSON shows it."""
    return ImpersonationOut(
        impersonation_id=row.impersonation_id,
        person_id=row.person_id,
        by=row.by,
        reason=row.reason,
        may_write=row.may_write,
        created_at=row.created_at,
        ends_at=row.ends_at,
        ended_at=row.ended_at,
    )
