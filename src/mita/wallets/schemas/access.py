"""Request and response shapes of access: grants, invitations, the audit trail."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from mita.identity.schemas import Email
from mita.kit.errors import Invalid
from mita.kit.shapes import Id, Instant, Money, PositiveAmount, Shape, micro, money
from mita.notifications.domain import AlertKind
from mita.wallets.domain import HEARABLE, HEARS_BY_DEFAULT, Access, Right, RightWord, hearing
from mita.wallets.models import AccessEvent, AccessGrant, Invitation

EventWord = Literal["granted", "changed", "revoked", "invited", "withdrawn"]
Hears = Annotated[
    list[AlertKind],
    Field(max_length=len(HEARABLE), description="Kinds of alerts to hear of", examples=[["low_balance"]]),
]
_LIMIT_NOTE = "The most of a single top-up; without it there is no limit"


def _limit_micro(amount: str | None) -> int | None:
    if amount is None:
        return None
    if not micro(amount):
        message = "must be above zero: who may top up nothing has the right view"
        raise Invalid(message, problems=[{"path": "body.top_up_limit", "message": message}])
    return micro(amount)


class AccessIn(Shape):
    """What a grant gives: a right, which includes those before it, and the alerts that are heard."""

    right: RightWord = Field(examples=["top_up"])
    top_up_limit: PositiveAmount | None = Field(default=None, description=_LIMIT_NOTE, examples=["500.00"])
    hears: Hears = Field(default=list(HEARS_BY_DEFAULT))

    def access(self) -> Access:
        """Return it as the domain has it; what is not about a wallet is not heard.

        :raises mita.kit.errors.Invalid: if the limit is zero
        """
        return Access(Right.of(self.right), _limit_micro(self.top_up_limit), hearing(self.hears))


class GrantIn(AccessIn):
    """Access for a person."""

    person_id: Id
    sees_from: Instant | None = Field(
        default=None,
        description="Nothing of the unit and its money from before then is shown; without it, it is since who"
        " lives there or owns it. A manager of the wallet gives at most what they see",
        examples=["2026-03-01T00:00:00Z"],
    )


class GrantOut(Shape):
    """What a person may do with a wallet."""

    grant_id: UUID
    wallet_id: Id
    person_id: Id
    right: RightWord
    top_up_limit: Money | None = Field(description=_LIMIT_NOTE)
    hears: list[AlertKind] = Field(examples=[["low_balance", "balance_out"]])
    granted_by: str = Field(examples=["staff:console"])
    granted_at: Instant
    revoked_at: Instant | None = Field(description="null while it is live")
    sees_from: Instant | None = Field(description="What was before is not shown; null is no limit")
    person_name: str | None = Field(
        default=None, description="In the list of who has access; else null", examples=["Thandi Mokoena"]
    )


class Grants(Shape):
    """A wallet's live grants; who is no manager sees one's own."""

    items: list[GrantOut]


class InvitationIn(Shape):
    """An invitation to a wallet."""

    email: Email = Field(examples=["thandi@example.com"])
    right: RightWord = Field(examples=["view"])
    top_up_limit: PositiveAmount | None = Field(default=None, description=_LIMIT_NOTE, examples=["500.00"])
    valid_days: int = Field(default=7, ge=1, le=30, examples=[7])

    def access(self) -> Access:
        """Return what it offers as the domain has it.

        :raises mita.kit.errors.Invalid: if the limit is zero
        """
        return Access(Right.of(self.right), _limit_micro(self.top_up_limit))


class InvitationOut(Shape):
    """An invitation that was neither accepted nor withdrawn."""

    invitation_id: UUID
    wallet_id: Id
    email: str = Field(examples=["thandi@example.com"])
    right: RightWord
    top_up_limit: Money | None = Field(description=_LIMIT_NOTE)
    invited_by: str = Field(examples=["person:7"])
    created_at: Instant
    expires_at: Instant


class InvitationMade(InvitationOut):
    """An invitation with its code, which is shown this once."""

    code: str = Field(examples=["1.0197f6c2a1b27c3d8e4f5a6b7c8d9e0f.m3zK0Jv1…"])


class Invitations(Shape):
    """A wallet's invitations that nobody has accepted or withdrawn."""

    items: list[InvitationOut]


class CodeIn(Shape):
    """The code of an invitation."""

    code: str = Field(min_length=1, max_length=200, examples=["1.0197f6c2a1b27c3d8e4f5a6b7c8d9e0f.m3zK0Jv1…"])


class AccessState(Shape):
    """What a grant gave, as the audit trail keeps it."""

    right: RightWord
    top_up_limit: Money | None
    hears: list[AlertKind] = Field(examples=[["low_balance", "balance_out"]])


class AccessEventOut(Shape):
    """One line of a wallet's audit trail of access."""

    access_event_id: UUID
    kind: EventWord = Field(examples=["granted"])
    person_id: Id | None = Field(description="Whose access it is; null for an invitation")
    actor: str = Field(examples=["staff:console"])
    old: AccessState | None = Field(description="What it was")
    new: AccessState | None = Field(description="What it became")
    created_at: Instant


def grant_out(row: AccessGrant, *, currency: str, person_name: str | None = None) -> GrantOut:
    """Return a grant as JSON shows it."""
    return GrantOut(
        grant_id=row.grant_id,
        wallet_id=row.wallet_id,
        person_id=row.person_id,
        right=Right.of(row.rights).shown,
        top_up_limit=_limit(row.top_up_limit_micro, currency=currency),
        hears=list(hearing(row.hears)),
        granted_by=row.granted_by,
        granted_at=row.granted_at,
        revoked_at=row.revoked_at,
        sees_from=row.sees_from,
        person_name=person_name,
    )


def _limit(amount_micro: int | None, *, currency: str) -> Money | None:
    return None if amount_micro is None else money(amount_micro, currency=currency)


def invitation_out(row: Invitation, *, currency: str) -> InvitationOut:
    """Return an invitation as JSON shows it."""
    return InvitationOut(
        invitation_id=row.invitation_id,
        wallet_id=row.wallet_id,
        email=row.email,
        right=Right.of(row.rights).shown,
        top_up_limit=_limit(row.top_up_limit_micro, currency=currency),
        invited_by=row.invited_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


def access_event_out(row: AccessEvent, *, currency: str) -> AccessEventOut:
    """Return a line of the audit trail as JSON shows it."""
    return AccessEventOut(
        access_event_id=row.access_event_id,
        kind=row.kind,
        person_id=row.person_id,
        actor=row.actor,
        old=_state(row.old, currency=currency),
        new=_state(row.new, currency=currency),
        created_at=row.created_at,
    )


def _state(recorded: dict[str, Any] | None, *, currency: str) -> AccessState | None:
    if recorded is None:
        return None
    return AccessState(
        right=recorded["right"],
        top_up_limit=_limit(recorded["top_up_limit_micro"], currency=currency),
        hears=list(hearing(recorded["hears"])),
    )
