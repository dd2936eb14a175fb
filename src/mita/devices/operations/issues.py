"""Issues of devices and meters are opened and closed, and told once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.devices import queries
from mita.devices.domain import IssueTold, known_kind
from mita.devices.events import IssuesClosed, IssuesOpened
from mita.devices.models import DeviceIssue, IssueRule, MeterIssue
from mita.kit.enqueue import enqueue
from mita.kit.errors import Invalid
from mita.kit.events import publish
from mita.kit.ids import new_id

from . import telling

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

_DETAIL_MAX = 500
# one that comes and goes is told once in so long
_TOLD_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Change:
    owner_id: int
    issue_id: UUID
    kind: str
    detail: str
    since: datetime


@dataclass(slots=True)
class IssueBook:
    """What is open of some devices, or of some meters, so that only what changes is written.

    At its end :meth:`tell` is called once: what was opened and closed becomes known to others.
    """

    session: AsyncSession
    estate_id: int
    table: type[DeviceIssue | MeterIssue]
    _open: dict[int, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    _opened: list[_Change] = field(default_factory=list)
    _closed: list[_Change] = field(default_factory=list)

    @classmethod
    async def of(cls, session: AsyncSession, *, estate_id: int, device_ids: Sequence[int]) -> IssueBook:
        """Return what is open of devices whose states are locked."""
        book = cls(session, estate_id, DeviceIssue)
        for row in await queries.open_issues(session, estate_id=estate_id, device_ids=device_ids):
            book._open[row.device_id][row.kind] = row.detail
        return book

    @classmethod
    async def of_meters(cls, session: AsyncSession, *, estate_id: int) -> IssueBook:
        """Return what is open of an estate's meters."""
        book = cls(session, estate_id, MeterIssue)
        for row in await queries.open_meter_issues(session, estate_id=estate_id):
            book._open[row.meter_id][row.kind] = row.detail
        return book

    @property
    def open_owners(self) -> frozenset[int]:
        """The devices, or meters, of which anything is open."""
        return frozenset(owner_id for owner_id, kinds in self._open.items() if kinds)

    def open_kinds(self, owner_id: int) -> frozenset[str]:
        """Return the kinds that are open of a device, or a meter."""
        return frozenset(self._open[owner_id]) if owner_id in self._open else frozenset()

    async def settle(self, owner_id: int, kind: str, detail: str | None, *, at: datetime) -> None:
        """Open an issue with its detail, or note that it was seen again; None closes it."""
        if detail is None:
            if kind in self.open_kinds(owner_id):
                del self._open[owner_id][kind]
                await self._close(owner_id, kind, at=at)
            return
        detail = detail.replace("\x00", "")[:_DETAIL_MAX]
        is_new = kind not in self.open_kinds(owner_id)
        values = {"detail": detail, "last_at": at}
        statement = (
            pg_insert(self.table)
            .values(
                {
                    "estate_id": self.estate_id,
                    self._id: new_id(),
                    self._owner: owner_id,
                    "kind": kind,
                    "since": at,
                    **values,
                }
            )
            .on_conflict_do_update(
                index_elements=["estate_id", self._owner, "kind"],
                index_where=text("until IS NULL"),
                set_=values,
            )
            .returning(getattr(self.table, self._id), self.table.since)
        )
        row = (await self.session.execute(statement)).one()
        self._open[owner_id][kind] = detail
        if is_new:
            self._opened.append(_Change(owner_id, row[0], kind, detail, row[1]))

    async def close_all(self, owner_id: int, *, at: datetime) -> None:
        """Close whatever is open of a device, or a meter."""
        for kind in sorted(self.open_kinds(owner_id)):
            await self.settle(owner_id, kind, None, at=at)

    async def tell(self, *, now: datetime) -> None:
        """Publish what was opened and closed; staff hears of what the estate's rule names.

        One that comes and goes is an alert each time it comes, and a mail once a day.
        """
        opened, closed, self._opened, self._closed = self._opened, self._closed, [], []
        session, estate_id = self.session, self.estate_id
        if closed:
            over = await self._named(closed)
            await telling.end_alerts(session, estate_id=estate_id, issues=over, now=now)
            await publish(session, IssuesClosed(estate_id, over), now=now)
        if opened:
            issues = await self._named(opened)
            await publish(session, IssuesOpened(estate_id, issues), now=now)
            wanted = await queries.told_kinds(session, estate_id=estate_id)
            alerting = [each for each in issues if each.kind in wanted]
            await telling.raise_alerts(session, estate_id=estate_id, issues=alerting, now=now)
            fresh = [str(each.issue_id) for each in await self._marked(alerting, now=now)]
            if fresh:
                # a mail is sealed, and not every process has the keys
                await enqueue(
                    session, task="devices:write_to_staff", estate_id=estate_id, issue_ids=",".join(fresh)
                )

    @property
    def _owner(self) -> str:
        return "device_id" if self.table is DeviceIssue else "meter_id"

    @property
    def _id(self) -> str:
        return "device_issue_id" if self.table is DeviceIssue else "meter_issue_id"

    async def _close(self, owner_id: int, kind: str, *, at: datetime) -> None:
        table = self.table
        statement = (
            update(table)
            .where(
                table.estate_id == self.estate_id,
                getattr(table, self._owner) == owner_id,
                table.kind == kind,
                table.until.is_(None),
            )
            .values(until=at)
            .returning(getattr(table, self._id), table.detail, table.since)
        )
        for row in (await self.session.execute(statement)).all():
            # nobody need know of one that came and went in between
            unheard = [each for each in self._opened if each.issue_id == row[0]]
            if unheard:
                self._opened.remove(unheard[0])
            else:
                self._closed.append(_Change(owner_id, row[0], kind, row[1], row[2]))

    async def _marked(self, issues: Sequence[IssueTold], *, now: datetime) -> list[IssueTold]:
        """Return those of which nobody was written to for a day, marked as such of which somebody is."""
        if not issues:
            return []
        table, owner = self.table, getattr(self.table, self._owner)
        ids = {each.owner_id for each in issues}
        statement = select(owner, table.kind).where(
            table.estate_id == self.estate_id, owner.in_(ids), table.told_at > now - _TOLD_FOR
        )
        told = {(row[0], row[1]) for row in await self.session.execute(statement)}
        fresh = [each for each in issues if (each.owner_id, each.kind) not in told]
        await self.session.execute(
            update(table)
            .where(
                table.estate_id == self.estate_id,
                getattr(table, self._id).in_([each.issue_id for each in fresh]),
            )
            .values(told_at=now)
        )
        return fresh

    async def _named(self, changes: Sequence[_Change]) -> tuple[IssueTold, ...]:
        names = await queries.names_of_owners(
            self.session,
            estate_id=self.estate_id,
            table=self.table,
            owner_ids=sorted({each.owner_id for each in changes}),
        )
        is_device = self.table is DeviceIssue
        return tuple(
            IssueTold(
                each.issue_id,
                each.kind,
                each.detail,
                each.since,
                names.get(each.owner_id, ""),
                device_id=each.owner_id if is_device else None,
                meter_id=None if is_device else each.owner_id,
            )
            for each in changes
        )


async def close_issues(session: AsyncSession, *, estate_id: int, device_id: int, at: datetime) -> None:
    """Close whatever is open of a device."""
    book = await IssueBook.of(session, estate_id=estate_id, device_ids=[device_id])
    await book.close_all(device_id, at=at)
    await book.tell(now=at)


async def settle_issue(
    session: AsyncSession, *, estate_id: int, device_id: int, kind: str, detail: str | None, at: datetime
) -> None:
    """Open one issue of a device with its detail, or note that it was seen again; None closes it."""
    book = await IssueBook.of(session, estate_id=estate_id, device_ids=[device_id])
    await book.settle(device_id, kind, detail, at=at)
    await book.tell(now=at)


async def set_issue_rule(
    session: AsyncSession, *, estate_id: int, kinds: Sequence[str], frozen_days: int | None, now: datetime
) -> list[str]:
    """Set of which kinds of issues an estate's staff is told from now on; return them.

    ``frozen_days`` is after how many days without a change a register is frozen; None is never.

    :raises Invalid: if there is no such kind
    """
    for place, kind in enumerate(kinds):
        if not known_kind(kind):
            message = f"there is no kind of issue {kind[:60]!r}"
            raise Invalid(message, problems=[{"path": f"body.kinds.{place}", "message": message}])
    chosen = sorted(set(kinds))
    values = {"kinds": chosen, "frozen_days": frozen_days, "updated_at": now}
    statement = pg_insert(IssueRule).values(estate_id=estate_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["estate_id"], set_=values))
    return chosen
