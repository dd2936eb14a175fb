"""The rule when residents read their meters; each change is a new version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mita.identity.operations import record_change
from mita.kit.errors import Invalid
from mita.kit.ids import new_id
from mita.rounds import queries
from mita.rounds.models import ReadingWindow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.rounds.domain import WindowRule


async def set_window_rule(
    session: AsyncSession, *, estate_id: int, rule: WindowRule, actor: str, now: datetime
) -> None:
    """Let residents read by another rule from a local date on; what was in force before it stays known.

    :raises Invalid: if the date is over
    """
    before = await queries.today(session, estate_id=estate_id, now=now)
    if rule.effective_from < before.day:
        message = "lies in the past: a rule begins today or later"
        raise Invalid(
            f"effective_from {message}", problems=[{"path": "body.effective_from", "message": message}]
        )
    row = ReadingWindow(
        estate_id=estate_id,
        reading_window_id=new_id(),
        effective_from=rule.effective_from,
        from_day=rule.from_day,
        to_day=rule.to_day,
        least_right=rule.least_right,
        needs_photo=rule.needs_photo,
        late_days=rule.late_days,
        actor=actor,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    await record_change(
        session,
        estate_id=estate_id,
        subject=f"reading_window:{row.reading_window_id}",
        old=None if before.rule is None else _facts(before.rule),
        new=_facts(rule),
        now=now,
    )


def _facts(rule: WindowRule) -> dict[str, Any]:
    return {
        "effective_from": rule.effective_from.isoformat(),
        "from_day": rule.from_day,
        "to_day": rule.to_day,
        "least_right": rule.least_right,
        "needs_photo": rule.needs_photo,
        "late_days": rule.late_days,
    }
