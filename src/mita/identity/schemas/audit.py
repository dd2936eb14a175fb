"""Response shapes of the audit log."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field

from mita.identity.models import AuditChange, AuditEntry
from mita.identity.queries import AuditFilter, ChangeFilter
from mita.kit.shapes import Instant, Shape, Text


class FieldOut(Shape):
    """What one column was and is; ``(hidden)`` where it is secret or names a person."""

    field: str = Field(examples=["is_cutting"])
    old: Any = Field(examples=[False])
    new: Any = Field(examples=[True])


class ChangedOut(Shape):
    """What became of one row."""

    subject: str = Field(examples=["credit_rule"])
    id: str = Field(examples=["electricity"], description="Its key, without the estate")
    verb: Literal["created", "changed", "removed"]
    fields: list[FieldOut]


class ChangeOut(ChangedOut):
    """What became of one row, by whom and when."""

    audit_change_id: UUID
    at: Instant
    act_id: UUID | None
    actor: str = Field(examples=["person:7"])
    impersonator: str | None = Field(examples=[None])
    action: str | None = Field(examples=["set_credit_rule"])
    correlation_id: str | None = Field(examples=["4be0643f-1d98-4f4b-9f2a-6f2a1a6f9a51"])


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
    act_id: UUID | None = Field(description="Names what the request did; its changes have the same")
    changes: list[ChangedOut] = Field(
        description="Rows that the request changed in this estate, the first 100 of them"
    )


def _changed(row: AuditChange) -> dict[str, Any]:
    old, new = row.old or {}, row.new or {}
    fields = [FieldOut(field=name, old=old.get(name), new=new.get(name)) for name in sorted({*old, *new})]
    return {"subject": row.subject, "id": row.subject_id, "verb": row.verb, "fields": fields}


def change_out(row: AuditChange) -> ChangeOut:
    """Return a change as JSON shows it."""
    return ChangeOut(
        **_changed(row),
        audit_change_id=row.audit_change_id,
        at=row.at,
        act_id=row.act_id,
        actor=row.actor,
        impersonator=row.impersonator,
        action=row.action,
        correlation_id=row.correlation_id,
    )


def audit_out(row: AuditEntry, changes: Sequence[AuditChange] = ()) -> AuditOut:
    """Return an entry of the audit log, with what its act changed, as JSON shows it."""
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
        act_id=row.act_id,
        changes=[ChangedOut(**_changed(each)) for each in changes],
    )


def change_filter(
    subject: Annotated[Text | None, Query(description="The kind of row, such as credit_rule")] = None,
    subject_id: Annotated[Text | None, Query(alias="id", description="Its key, such as 7")] = None,
    act_id: Annotated[UUID | None, Query(description="The act of an audit entry")] = None,
    actor: Annotated[Text | None, Query(description="Whole, such as person:7")] = None,
    correlation_id: Annotated[
        Text | None, Query(description="Of the request, or of the job it caused")
    ] = None,
) -> ChangeFilter:
    """Return which changes are looked for."""
    return ChangeFilter(subject, subject_id, act_id, actor, correlation_id)


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
