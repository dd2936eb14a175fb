"""Joining an estate by its code: who comes waits for staff."""

from __future__ import annotations

from secrets import compare_digest
from typing import TYPE_CHECKING

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from mita.identity import queries
from mita.identity.domain import Role, Scope
from mita.identity.domain.codes import new_join_letters
from mita.identity.models import JoinCode, JoinRequest, RoleGrant
from mita.identity.operations.audit import record_change
from mita.kit.errors import Conflict, NotFound
from mita.kit.ids import new_id

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


class JoinDecided(Conflict):
    """Somebody has approved or refused the request already."""

    code = "join_decided"
    title = "The request is decided already"


async def set_join_code(
    session: AsyncSession, *, estate_id: int, is_on: bool, is_new: bool, actor: str, now: datetime
) -> JoinCode:
    """Turn an estate's join code on or off; with ``is_new`` the one before opens nothing any more."""
    old = await queries.join_code(session, estate_id=estate_id)
    row = {
        "estate_id": estate_id,
        "code": new_join_letters() if old is None or is_new else old.code,
        "is_on": is_on,
        "updated_at": now,
        "updated_by": actor,
    }
    statement = insert(JoinCode).values(row)
    changed = {name: statement.excluded[name] for name in ("code", "is_on", "updated_at", "updated_by")}
    await session.execute(statement.on_conflict_do_update(index_elements=["estate_id"], set_=changed))
    found = await queries.join_code(session, estate_id=estate_id)
    assert found is not None, "it was written just now"
    await record_change(
        session,
        estate_id=estate_id,
        subject="join_code",
        old=None if old is None else {"is_on": old.is_on},
        new={"is_on": is_on, "is_new": is_new},
        now=now,
    )
    return found


async def is_join_code(session: AsyncSession, *, estate_id: int, letters: str) -> bool:
    """Tell whether these are the letters of an estate's join code, and it is on."""
    row = await queries.join_code(session, estate_id=estate_id)
    return row is not None and row.is_on and compare_digest(row.code, letters)


async def ask_to_join(
    session: AsyncSession, *, estate_id: int, person_id: int, unit_name: str | None, now: datetime
) -> None:
    """Let a person wait for an estate's staff; again while waiting changes nothing."""
    row = {
        "estate_id": estate_id,
        "join_request_id": new_id(),
        "person_id": person_id,
        "unit_name": unit_name,
        "state": "waiting",
        "created_at": now,
    }
    await session.execute(insert(JoinRequest).values(row).on_conflict_do_nothing())


async def decide_join(
    session: AsyncSession,
    *,
    estate_id: int,
    join_request_id: UUID,
    unit_id: int | None,
    actor: str,
    now: datetime,
) -> JoinRequest:
    """Approve a request to join, as resident of ``unit_id``, which exists; None refuses it.

    :raises NotFound: if there is no such request, or no such unit
    :raises JoinDecided: if it was decided before
    """
    row = await queries.join_request(session, estate_id=estate_id, join_request_id=join_request_id)
    if row.state != "waiting":
        raise JoinDecided(f"join request {join_request_id} is {row.state} already")
    row.state = "refused" if unit_id is None else "approved"
    row.decided_at, row.decided_by = now, actor
    await session.flush()
    if unit_id is not None:
        granted = {
            "role_grant_id": new_id(),
            "person_id": row.person_id,
            "role": Role.RESIDENT.value,
            "scope": Scope.UNIT.value,
            "estate_id": estate_id,
            "unit_id": unit_id,
            "granted_by": actor,
            "granted_at": now,
        }
        try:
            async with session.begin_nested():
                await session.execute(insert(RoleGrant).values(granted).on_conflict_do_nothing())
        except IntegrityError as error:
            raise NotFound(f"unit {unit_id} does not exist in estate {estate_id}") from error
    await record_change(
        session,
        estate_id=estate_id,
        subject=f"join_request:{join_request_id}",
        old={"state": "waiting"},
        new={"state": row.state, "unit_id": unit_id},
        now=now,
    )
    return row
