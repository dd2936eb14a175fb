"""Issues of devices are opened and closed."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.devices import queries
from mita.devices.models import DeviceIssue
from mita.kit.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

_DETAIL_MAX = 500


class IssueBook:
    """What is open of some devices, so that only what changes is written."""

    def __init__(self, session: AsyncSession, *, estate_id: int) -> None:
        self._session = session
        self._estate_id = estate_id
        self._open: dict[int, dict[str, str]] = defaultdict(dict)

    @classmethod
    async def of(cls, session: AsyncSession, *, estate_id: int, device_ids: Sequence[int]) -> IssueBook:
        """Return what is open of devices whose states are locked."""
        book = cls(session, estate_id=estate_id)
        for row in await queries.open_issues(session, estate_id=estate_id, device_ids=device_ids):
            book._open[row.device_id][row.kind] = row.detail
        return book

    async def settle(self, device_id: int, kind: str, detail: str | None, *, at: datetime) -> None:
        """Open an issue with its detail, or note that it was seen again; None closes it."""
        if detail is None:
            if self._open[device_id].pop(kind, None) is not None:
                await self._close(device_id, kind, at=at)
            return
        detail = detail.replace("\x00", "")[:_DETAIL_MAX]
        values = {"detail": detail, "last_at": at}
        statement = pg_insert(DeviceIssue).values(
            estate_id=self._estate_id,
            device_issue_id=new_id(),
            device_id=device_id,
            kind=kind,
            since=at,
            **values,
        )
        statement = statement.on_conflict_do_update(
            index_elements=["estate_id", "device_id", "kind"], index_where=text("until IS NULL"), set_=values
        )
        await self._session.execute(statement)
        self._open[device_id][kind] = detail

    async def _close(self, device_id: int, kind: str, *, at: datetime) -> None:
        await self._session.execute(
            update(DeviceIssue)
            .where(
                DeviceIssue.estate_id == self._estate_id,
                DeviceIssue.device_id == device_id,
                DeviceIssue.kind == kind,
                DeviceIssue.until.is_(None),
            )
            .values(until=at)
        )


async def close_issues(session: AsyncSession, *, estate_id: int, device_id: int, at: datetime) -> None:
    """Close whatever is open of a device."""
    await session.execute(
        update(DeviceIssue)
        .where(
            DeviceIssue.estate_id == estate_id,
            DeviceIssue.device_id == device_id,
            DeviceIssue.until.is_(None),
        )
        .values(until=at)
    )
