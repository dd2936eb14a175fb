"""Shapes of issues of devices and meters, and of whom they are told."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from mita.devices.domain import FROZEN_DAYS, REMEDIES, URGENT, Severity, severity
from mita.devices.queries import IssueRow
from mita.kit.shapes import Id, Instant, Shape

_Kind = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[a-z][a-z_]*$")]


class AnyIssueOut(Shape):
    """Something of a device or of a meter to look after, and how."""

    issue_id: UUID
    device_id: Id | None = Field(description="Null where it is a meter's", examples=[None])
    meter_id: Id | None = Field(description="Null where it is a device's", examples=[21])
    name: str = Field(description="The device's name or the meter's serial", examples=["E-1001"])
    kind: str = Field(examples=["reset"])
    severity: Severity = Field(description="`urgent`: somebody should act today")
    detail: str = Field(examples=["import showed 1000 kWh, now 0.5 kWh"])
    remedy: str = Field(examples=[REMEDIES["reset"]])
    since: Instant
    last_at: Instant = Field(description="When it was seen last")
    until: Instant | None = Field(description="Null while it is open")


class IssueRuleBody(Shape):
    """Of which kinds of issues an estate's staff is told, and when a meter is taken to stand still."""

    kinds: list[_Kind] = Field(
        max_length=100,
        description="An alert and a mail for each; empty is none",
        examples=[sorted(URGENT)[:3]],
    )
    frozen_days: int | None = Field(
        default=FROZEN_DAYS,
        ge=1,
        le=3_650,
        description="After so many days with one value in all readings a meter is `frozen`; null is never",
        examples=[FROZEN_DAYS],
    )


def any_issue_out(row: IssueRow) -> AnyIssueOut:
    """Return an issue with its severity and its remedy."""
    return AnyIssueOut(
        issue_id=row.issue_id,
        device_id=row.device_id,
        meter_id=row.meter_id,
        name=row.name,
        kind=row.kind,
        severity=severity(row.kind),
        detail=row.detail,
        remedy=REMEDIES[row.kind],
        since=row.since,
        last_at=row.last_at,
        until=row.until,
    )
