"""Who may read a meter by hand, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.identity.domain import Permission
from mita.kit.errors import Conflict, NotFound, missing
from mita.kit.shapes import show_instant
from mita.rounds import queries
from mita.rounds.domain import NO_RIGHT
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import Right
from mita.wallets.operations import RightMissing

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.web import Caller
    from mita.rounds.queries import Today


class ReadingWindowClosed(Conflict):
    """Residents do not read their meters at this time; staff always may."""

    code = "reading_window_closed"
    title = "Residents do not read their meters now"


@dataclass(frozen=True, slots=True)
class Over:
    """Since when no window is open, and when the next one is, in words."""

    since: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: staff, or a resident, who reads in a window and may have to show the meter."""

    is_resident: bool
    since: datetime | None = None  # a resident's readings may be as old as the window
    needs_photo: bool = False
    over: Over | None = None  # the window is, and what was read in it is taken still

    def require_window(self, taken_at: datetime) -> None:
        """Refuse what a resident read after a window that is over.

        :raises ReadingWindowClosed: if it was
        """
        if self.over is not None and taken_at >= self.over.since:
            raise ReadingWindowClosed(self.over.words)


async def reader_of(
    session: AsyncSession, *, estate_id: int, unit_id: int, caller: Caller, now: datetime
) -> Reader:
    """Let a caller read the meters of a unit, or refuse.

    Whoever has the permission in the whole estate may always. Residents of the unit, and whoever has the
    estate's least right to its wallet, may while the window is open, and for the rule's ``late_days`` after
    it: a reading that waited for a connection comes then, with the time at which it was made.

    :raises NotFound: if the unit is nothing of the caller's
    :raises mita.kit.errors.PermissionMissing: if the caller sees the unit and reads nothing there
    :raises RightMissing: if the caller's right to the wallet is too little
    :raises ReadingWindowClosed: if residents do not read now
    """
    if caller.may(Permission.READINGS_SEND, estate_id=estate_id):
        return Reader(is_resident=False)
    today = await queries.today(session, estate_id=estate_id, now=now)
    if unit_id not in caller.units(Permission.READINGS_SEND, estate_id=estate_id):
        await _require_right(session, estate_id=estate_id, unit_id=unit_id, caller=caller, today=today)
    if today.rule is None or today.rule.least_right == NO_RIGHT:
        raise ReadingWindowClosed("residents do not read their meters in this estate: staff does")
    needs_photo = today.rule.needs_photo
    if today.window.contains(today.day):
        return Reader(is_resident=True, since=today.span[0], needs_photo=needs_photo)
    words = (
        f"residents read from {today.window.from_on} to {today.window.last_on}"
        f" (from {show_instant(today.span[0])})"
    )
    late = today.late_span
    if late is None:
        raise ReadingWindowClosed(words)
    return Reader(is_resident=True, since=late[0], needs_photo=needs_photo, over=Over(late[1], words))


async def _require_right(
    session: AsyncSession, *, estate_id: int, unit_id: int, caller: Caller, today: Today
) -> None:
    rights = await _rights(session, estate_id=estate_id, unit_id=unit_id, caller=caller)
    if not rights:
        if unit_id in caller.units(Permission.METERS_READ, estate_id=estate_id) or caller.may(
            Permission.METERS_READ, estate_id=estate_id
        ):
            raise missing(Permission.READINGS_SEND)
        raise NotFound(f"unit {unit_id} does not exist in estate {estate_id}")
    least = NO_RIGHT if today.rule is None else today.rule.least_right
    if least != NO_RIGHT and max(rights) < Right.of(least):
        raise RightMissing(f"this needs the right {least}, and you have {max(rights).shown}")


async def _rights(session: AsyncSession, *, estate_id: int, unit_id: int, caller: Caller) -> list[Right]:
    """Return the rights that a person has to the wallet of a unit; whoever pays for a group may look."""
    if caller.person_id is None:
        return []
    accounts = await wallet_queries.accounts(session, estate_id=estate_id, unit_ids=[unit_id])
    found = []
    for wallet_id in sorted({each.wallet_id for each in accounts}):
        grant = await wallet_queries.live_grant(
            session, estate_id=estate_id, wallet_id=wallet_id, person_id=caller.person_id
        )
        if grant is not None:
            found.append(wallet_queries.access_of(grant).right)
    own = await wallet_queries.units_of_person(session, person_id=caller.person_id)
    if not found and unit_id in own.get(estate_id, frozenset()):
        found.append(Right.VIEW)
    return found
