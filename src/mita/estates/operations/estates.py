"""Writes of estates and of organisations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from mita.estates import queries
from mita.estates.events import EstateArchived, EstateCreated
from mita.estates.models import Estate, Organisation
from mita.estates.operations.refusals import NameTaken, StillInUse, check_version
from mita.identity.operations import PLATFORM, record_change
from mita.kit.db import see_estates
from mita.kit.errors import Invalid
from mita.kit.events import publish
from mita.kit.zones import UnknownZone, zone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

_SHOWN = ("name", "kind", "address", "languages", "contact_name", "contact_email", "contact_phone")


@dataclass(frozen=True, slots=True)
class EstateDetails:
    """What an estate may say of itself beside its name, currency and zone."""

    kind: str = "building"
    address: str = ""
    languages: Sequence[str] = ("en",)
    contact_name: str | None = None
    contact_email: str | None = None
    contact_phone: str | None = None
    organisation_id: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """New values by column, and the version that the caller has seen; None has seen nothing."""

    values: Mapping[str, Any] = field(default_factory=dict)
    expected_version: int | None = None


NO_DETAILS = EstateDetails()


async def create_estate(
    session: AsyncSession,
    *,
    name: str,
    currency: str,
    time_zone: str,
    seen: Sequence[int],
    now: datetime,
    details: EstateDetails = NO_DETAILS,
) -> Estate:
    """Create an estate; the rest of the transaction sees it beside the estates in ``seen``.

    :raises Invalid: if the zone is unknown
    :raises NameTaken: if an estate of that name exists
    :raises mita.kit.errors.NotFound: if the organisation does not exist
    """
    try:
        zone(time_zone)
    except UnknownZone as error:
        raise Invalid(str(error), problems=[{"path": "time_zone", "message": str(error)}]) from error
    if details.organisation_id is not None:
        await queries.organisation(session, organisation_id=details.organisation_id)
    estate_id = await session.scalar(text("SELECT nextval(pg_get_serial_sequence('estate', 'estate_id'))"))
    assert isinstance(estate_id, int), "a sequence gives integers"
    await see_estates(session, estates=[*seen, estate_id])
    row = Estate(
        estate_id=estate_id,
        name=name,
        currency=currency,
        time_zone=time_zone,
        created_at=now,
        organisation_id=details.organisation_id,
        kind=details.kind,
        address=details.address,
        languages=list(details.languages),
        contact_name=details.contact_name,
        contact_email=details.contact_email,
        contact_phone=details.contact_phone,
    )
    await _flush(session, row, name=name)
    await record_change(
        session, estate_id=estate_id, subject=f"estate:{estate_id}", old=None, new=_facts(row), now=now
    )
    await publish(session, EstateCreated(estate_id=estate_id, currency=currency), now=now)
    return row


async def update_estate(session: AsyncSession, *, estate_id: int, change: Change, now: datetime) -> Estate:
    """Change what an estate says of itself; its currency and its zone stay for good.

    :raises NameTaken: if an estate of the new name exists
    :raises ChangedMeanwhile: if somebody else was first
    """
    row = await queries.estate(session, estate_id=estate_id)
    await session.refresh(row, with_for_update={"key_share": True})
    check_version(row.version, expected=change.expected_version)
    assert set(change.values) <= set(_SHOWN), "other columns are not for everybody"
    old = _facts(row)
    for column, value in change.values.items():
        setattr(row, column, value)
    if _facts(row) == old:
        return row
    row.version += 1
    await _flush(session, row, name=row.name)
    await record_change(
        session, estate_id=estate_id, subject=f"estate:{estate_id}", old=old, new=_facts(row), now=now
    )
    return row


async def archive_estate(session: AsyncSession, *, estate_id: int, now: datetime) -> Estate:
    """Archive an estate in which nobody lives any more; whoever calls has seen that no money stands there.

    :raises StillInUse: if an occupancy lasts or is to begin
    """
    row = await queries.estate(session, estate_id=estate_id)
    if row.archived_at is not None:
        return row
    day = await queries.local_day(session, estate_id=estate_id, now=now)
    living = await queries.live_occupancy_count(session, estate_id=estate_id, day=day)
    if living:
        raise StillInUse(f"{living} occupancies last or are to begin", problems=[{"path": "occupancies"}])
    return await _set_archived(session, row, at=now, now=now)


async def restore_estate(session: AsyncSession, *, estate_id: int, now: datetime) -> Estate:
    """Bring an archived estate back to work.

    :raises NameTaken: if another estate has its name by now
    """
    row = await queries.estate(session, estate_id=estate_id)
    return row if row.archived_at is None else await _set_archived(session, row, at=None, now=now)


async def _set_archived(session: AsyncSession, row: Estate, *, at: datetime | None, now: datetime) -> Estate:
    old = {"archived_at": None if row.archived_at is None else row.archived_at.isoformat()}
    row.archived_at = at
    row.version += 1
    await _flush(session, row, name=row.name)
    new = {"archived_at": None if at is None else at.isoformat()}
    await record_change(
        session, estate_id=row.estate_id, subject=f"estate:{row.estate_id}", old=old, new=new, now=now
    )
    await publish(session, EstateArchived(row.estate_id, is_archived=at is not None), now=now)
    return row


async def create_organisation(session: AsyncSession, *, name: str, now: datetime) -> Organisation:
    """Create an organisation, which runs no estate yet.

    :raises NameTaken: if there is one of that name, in small or capital letters
    """
    row = Organisation(name=name, created_at=now)
    await _flush(session, row, name=name)
    await _record(session, row, old=None, now=now)
    return row


async def update_organisation(
    session: AsyncSession, *, organisation_id: int, change: Change, now: datetime
) -> Organisation:
    """Change the name of an organisation.

    :raises NameTaken: if there is another one of that name
    :raises ChangedMeanwhile: if somebody else was first
    :raises mita.kit.errors.NotFound: if there is no such organisation
    """
    row = await queries.organisation(session, organisation_id=organisation_id)
    await session.refresh(row, with_for_update=True)
    check_version(row.version, expected=change.expected_version)
    old = {"name": row.name}
    row.name = change.values.get("name", row.name)
    row.version += 1
    await _flush(session, row, name=row.name)
    await _record(session, row, old=old, now=now)
    return row


async def archive_organisation(session: AsyncSession, *, organisation_id: int, now: datetime) -> Organisation:
    """Archive an organisation that runs no estate.

    :raises StillInUse: if it runs one
    :raises mita.kit.errors.NotFound: if there is no such organisation
    """
    row = await queries.organisation(session, organisation_id=organisation_id)
    await session.refresh(row, with_for_update=True)
    theirs = await queries.estate_ids_of_organisation(session, organisation_id=organisation_id)
    if theirs:
        raise StillInUse(f"it runs {len(theirs)} estates", problems=[{"path": "estates"}])
    row.archived_at = now
    row.version += 1
    await session.flush()
    await _record(session, row, old={"name": row.name}, now=now)
    return row


async def _record(
    session: AsyncSession, row: Organisation, *, old: dict[str, Any] | None, now: datetime
) -> None:
    new = None if row.archived_at is not None else {"name": row.name}
    subject = f"organisation:{row.organisation_id}"
    await record_change(session, estate_id=PLATFORM, subject=subject, old=old, new=new, now=now)


async def _flush(session: AsyncSession, row: Estate | Organisation, *, name: str) -> None:
    try:
        async with session.begin_nested():
            session.add(row)
            await session.flush()
    except IntegrityError as error:
        kind = "an organisation" if isinstance(row, Organisation) else "an estate"
        raise NameTaken(f"{kind} called {name!r} exists already") from error


def _facts(row: Estate) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _SHOWN}
