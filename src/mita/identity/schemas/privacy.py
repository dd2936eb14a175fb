"""Request and response shapes of data protection."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from mita.identity.models import Consent, Erasure
from mita.identity.schemas.keys import Reason
from mita.kit.shapes import Id, Instant, Shape

Way = Literal["web", "app", "paper", "phone", "api"]


class PersonalDataOut(Shape):
    """Everything that names a person: rows by table."""

    person_id: Id
    made_at: Instant
    tables: dict[str, list[dict[str, Any]]] = Field(
        examples=[{"person": [{"person_id": 7, "name": "Thandi"}]}]
    )


class ConsentIn(Shape):
    """What a person agreed to, or takes back."""

    purpose: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")] = Field(
        examples=["benchmarking"]
    )
    text_version: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,60}$")] = Field(
        examples=["2026-03"]
    )
    is_given: bool
    way: Way = Field(default="web")


class ConsentOut(Shape):
    """That a person agreed to a text for a purpose, or took it back."""

    consent_id: UUID
    purpose: str = Field(examples=["benchmarking"])
    text_version: str = Field(examples=["2026-03"])
    is_given: bool
    way: str = Field(examples=["web"])
    actor: str = Field(examples=["person:7"])
    at: Instant


class ConsentsOut(Shape):
    """All of a person's consents, newest first; the newest of a purpose counts."""

    items: list[ConsentOut]


class ErasureAskIn(Shape):
    """Why somebody wants to be forgotten."""

    reason: Reason


class ErasureIn(Shape):
    """Why a person is forgotten; ``is_forced`` even though they live somewhere or owe something."""

    reason: Reason
    is_forced: bool = False


class ErasureOut(Shape):
    """That somebody is to be forgotten, and what came of it."""

    erasure_id: UUID
    person_id: Id
    asked_by: str = Field(examples=["person:7"])
    asked_at: Instant
    reason: str = Field(examples=["moved away"])
    is_forced: bool
    done_at: Instant | None
    done_by: str | None = Field(examples=[None])
    refused_at: Instant | None


class RetentionOut(Shape):
    """For how many days after its end each kind of data is kept."""

    days: dict[str, int] = Field(examples=[{"api_keys": 730}])


class RetentionIn(Shape):
    """For how many days a kind of data is kept after its end."""

    days: int = Field(ge=1, le=36_500, examples=[365])


def consent_out(row: Consent) -> ConsentOut:
    """Return a consent as JSON shows it."""
    return ConsentOut(
        consent_id=row.consent_id,
        purpose=row.purpose,
        text_version=row.text_version,
        is_given=row.is_given,
        way=row.way,
        actor=row.actor,
        at=row.at,
    )


def erasure_out(row: Erasure) -> ErasureOut:
    """Return an erasure as JSON shows it."""
    return ErasureOut(
        erasure_id=row.erasure_id,
        person_id=row.person_id,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        reason=row.reason,
        is_forced=row.is_forced,
        done_at=row.done_at,
        done_by=row.done_by,
        refused_at=row.refused_at,
    )
