"""An estate's staff is told of issues: an alert while it lasts, and one mail."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mita.devices import queries
from mita.devices.domain import REMEDIES
from mita.estates import queries as estates
from mita.identity import queries as identity
from mita.identity.domain import Role
from mita.notifications import operations as notifications
from mita.notifications.domain import AlertKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.devices.domain import IssueTold
    from mita.devices.queries import IssueRow

ROLES = (Role.OPERATOR, Role.MANAGING_AGENT, Role.INSTALLER)
_TEMPLATE = "meter_issues"
_LINES_MAX = 20
# who reads it later finds the list
_KEPT_FOR = timedelta(days=1)


async def raise_alerts(
    session: AsyncSession, *, estate_id: int, issues: Sequence[IssueTold], now: datetime
) -> None:
    """Raise an alert to the estate's staff for each issue; it stays open while the issue does."""
    for issue in issues:
        await notifications.raise_alert(
            session,
            estate_id=estate_id,
            kind=AlertKind.METER_ISSUE,
            subject=issue.subject,
            person_ids=[None],
            detail={
                "name": issue.name,
                "issue": _words(issue.kind),
                "detail": _plain(issue.detail),
                "remedy": REMEDIES[issue.kind].removesuffix("."),
            },
            now=now,
        )


async def end_alerts(
    session: AsyncSession, *, estate_id: int, issues: Sequence[IssueTold], now: datetime
) -> None:
    """End the alerts of issues that are over."""
    for issue in issues:
        await notifications.resolve_alerts(
            session, estate_id=estate_id, kind=AlertKind.METER_ISSUE, subject=issue.subject, now=now
        )


async def write_to_staff(
    session: AsyncSession, *, estate_id: int, issue_ids: Sequence[UUID], now: datetime
) -> None:
    """Send one mail about issues to each operator, managing agent and installer who has an address."""
    chosen = queries.IssueFilter(issue_ids=issue_ids)
    issues = await queries.every_issue(session, estate_id=estate_id, chosen=chosen, limit=len(issue_ids))
    if not issues:
        return
    estate = await estates.estate(session, estate_id=estate_id)
    person_ids = await identity.person_ids_of_roles(
        session, of_estate_id=estate_id, organisation_id=estate.organisation_id, roles=ROLES, now=now
    )
    persons = await identity.persons(session, person_ids=person_ids, limit=len(person_ids))
    first = issues[0]
    what = f"{first.name}, {_words(first.kind)}" if len(issues) == 1 else f"{len(issues)} issues"
    for person in persons:
        if person.email is not None:
            await notifications.queue_message(
                session,
                channel="email",
                address=person.email,
                template=_TEMPLATE,
                language=estate.languages[0],
                values={"estate": estate.name, "what": what, "lines": _lines(issues)},
                person_id=person.person_id,
                expires_at=now + _KEPT_FOR,
                now=now,
            )


def _lines(issues: Sequence[IssueRow]) -> str:
    lines = [
        f"{each.name}: {_words(each.kind)}. {_plain(each.detail)}. {REMEDIES[each.kind]}"
        for each in issues[:_LINES_MAX]
    ]
    if len(issues) > _LINES_MAX:
        lines.append(f"… {len(issues) - _LINES_MAX} more")
    return "\n".join(lines)


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def _plain(detail: str) -> str:
    """Return what a device said, or was found out, on one line and without its full stop."""
    shown = "".join(each if each.isprintable() else " " for each in detail)
    return shown.rstrip(". ") or "no detail"
