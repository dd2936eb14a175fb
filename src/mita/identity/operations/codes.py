"""One-time codes: sent to an email address or phone number, given back once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from mita.identity import queries
from mita.identity.domain.codes import CODE_TRIES_MAX, new_code
from mita.identity.events import MessageAsked
from mita.identity.models import OneTimeCode
from mita.identity.models.sign_in import CODE_DATA
from mita.identity.operations.attempts import count_attempt, forget_attempts
from mita.kit.events import publish
from mita.kit.ids import new_id
from mita.kit.seal import seals_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.identity.domain.identifiers import SignInName

CODE_LIFE = timedelta(minutes=10)
_ABOUT = "one_time_code"


async def send_code(
    session: AsyncSession,
    *,
    purpose: str,
    template: str,
    name: SignInName,
    person_id: int | None,
    is_sent: bool,
    language: str,
    data: Mapping[str, str | None] | None = None,
    now: datetime,
) -> OneTimeCode:
    """Make a code and have it sent; where it is not ``is_sent`` all the same is done but for the sending.

    ``data`` comes back with the code.
    """
    seals, code = seals_of(session), new_code()
    row = OneTimeCode(
        one_time_code_id=new_id(),
        purpose=purpose,
        kind=name.kind.value,
        value=name.value,
        person_id=person_id,
        code_mark=seals.mark(code, about=_ABOUT),
        data_sealed=seals.seal(json.dumps(dict(data or {})).encode(), about=CODE_DATA.about),
        tries=0,
        created_at=now,
        expires_at=now + CODE_LIFE,
    )
    session.add(row)
    await session.flush()
    asked = MessageAsked(
        channel=name.channel,
        address=name.value if is_sent else None,
        template=template,
        language=language,
        values={"code": code, "minutes": str(CODE_LIFE // timedelta(minutes=1))},
        person_id=person_id,
        expires_at=row.expires_at,
    )
    await publish(session, asked, now=now)
    return row


async def take_code(
    session: AsyncSession, *, code_id: UUID, code: str, purpose: str, now: datetime
) -> OneTimeCode | None:
    """Return what a code was made for and use it up, or None; a wrong one counts, five end it.

    The caller commits what was counted, also when it answers that the code is wrong.
    """
    row = await session.get(OneTimeCode, code_id, populate_existing=True, with_for_update=True)
    # the hash is compared in every case
    marked = bytes(32) if row is None else bytes(row.code_mark)
    fits = seals_of(session).is_marked(code, marked, about=_ABOUT)
    is_open = (
        row is not None
        and row.purpose == purpose
        and row.used_at is None
        and row.expires_at > now
        and row.tries < CODE_TRIES_MAX
    )
    if row is None or not is_open:
        return None
    if not fits:
        row.tries += 1
        await session.flush()
        return None
    row.used_at = now
    await session.flush()
    return row


def data_of(session: AsyncSession, *, row: OneTimeCode) -> dict[str, str | None]:
    """Return what was kept with a code."""
    if row.data_sealed is None:
        return {}
    found: dict[str, str | None] = json.loads(
        seals_of(session).open(bytes(row.data_sealed), about=CODE_DATA.about)
    )
    return found


async def try_code(
    session: AsyncSession, *, code_id: UUID, code: str, purpose: str, now: datetime
) -> tuple[timedelta | None, OneTimeCode | None]:
    """Count an attempt with a code and take it: how long its address is closed, and what it was made for.

    The caller commits what was counted, whatever it answers.
    """
    row = await session.get(OneTimeCode, code_id, populate_existing=True)
    of = f"code:{code_id}" if row is None else f"code:{row.kind}:{row.value}"
    closed_for = await count_attempt(session, of=of, now=now)
    if closed_for is not None:
        return closed_for, None
    taken = await take_code(session, code_id=code_id, code=code, purpose=purpose, now=now)
    if taken is not None:
        await forget_attempts(session, of=of)
    return None, taken


async def reachable_person(session: AsyncSession, *, name: SignInName) -> int | None:
    """Return who may be sent a code by a name: whose it is, once they have shown that it is theirs.

    What staff typed is believed as long as the person has shown nothing else.
    """
    found = await queries.identifier(session, name=name)
    # asked for nobody as well: the same work whoever is named
    others = await queries.identifiers(session, person_id=0 if found is None else found.person_id)
    if found is None:
        return None
    if found.verified_at is None and any(each.verified_at is not None for each in others):
        return None
    return found.person_id
