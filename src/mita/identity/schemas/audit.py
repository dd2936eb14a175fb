"""Response shapes of the audit log."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field

from mita.identity.models import AuditEntry
from mita.identity.queries import AuditFilter
from mita.kit.shapes import Instant, Shape, Text


class AuditOut(Shape):
    """Who did what, or was refused to."""

    audit_entry_id: UUID
    at: Instant
    actor: str = Field(examples=["person:7"])
    impersonator: str | None = Field(
        examples=[None], description="Support that acted through the actor's eyes"
    )
    action: str = Field(examples=["set_credit_rule"])
    subject: str | None = Field(examples=["utility:electricity"])
    outcome: Literal["done", "refused"] = Field(examples=["done"])
    old: dict[str, Any] | None = Field(examples=[None])
    new: dict[str, Any] | None = Field(examples=[{"is_cutting": True}])
    address: str | None = Field(examples=["203.0.113.7"])
    correlation_id: str | None = Field(examples=["4be0643f-1d98-4f4b-9f2a-6f2a1a6f9a51"])


def audit_out(row: AuditEntry) -> AuditOut:
    """Return an entry of the audit log as JSON shows it."""
    return AuditOut(
        audit_entry_id=row.audit_entry_id,
        at=row.at,
        actor=row.actor,
        impersonator=row.impersonator,
        action=row.action,
        subject=row.subject,
        outcome="done" if row.outcome == "done" else "refused",
        old=row.old,
        new=row.new,
        address=row.address,
        correlation_id=row.correlation_id,
    )


def audit_filter(
    actor: Annotated[Text | None, Query(description="Whole, such as person:7")] = None,
    action: Annotated[Text | None, Query(description="Whole, such as set_credit_rule")] = None,
    subject: Annotated[Text | None, Query(description="Whole, such as wallet:1")] = None,
    outcome: Annotated[Literal["done", "refused"] | None, Query()] = None,
    text: Annotated[
        Text | None, Query(description="Part of a value, an actor, an action or a subject")
    ] = None,
    from_at: Annotated[Instant | None, Query(alias="from")] = None,
    until_at: Annotated[Instant | None, Query(alias="to")] = None,
) -> AuditFilter:
    """Return what is looked for."""
    return AuditFilter(actor, action, subject, outcome, text, from_at, until_at)
