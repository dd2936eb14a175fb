"""Somebody moves in: person, occupancy, opening values, access, message."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from mita.estates import operations as estates
from mita.estates import queries as estate_queries
from mita.estates.domain import Days
from mita.estates.operations import Stay
from mita.identity import queries as identity_queries
from mita.kit.errors import Invalid
from mita.notifications import operations as notifications
from mita.tenancies import queries
from mita.tenancies.domain import Done, Onboarding, Shown
from mita.tenancies.operations.money import empty_wallet, seqs_of, vacancy_code
from mita.tenancies.operations.readings import take_values
from mita.tenancies.operations.wallet import forget_settings, give_access, wallet_of, withdraw_left_over

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.web import Caller
    from mita.tenancies.domain import Newcomer

_MESSAGE_LASTS = timedelta(days=7)


async def move_in(
    session: AsyncSession, *, estate_id: int, asked: Onboarding, memo: str, caller: Caller, now: datetime
) -> tuple[Done, Shown]:
    """Let somebody move in; what the wallet held or owed until then is the unit's, so it begins at zero.

    :raises Invalid: if it begins in the future: then an occupancy is added, and handed over on the day
    :raises mita.estates.operations.UnitOccupied: if somebody else lives there
    :raises mita.tenancies.operations.WalletMissing: if the unit never had a meter
    :raises mita.tenancies.operations.ReadingRefused: if a value is not believed
    """
    unit_id = asked.unit_id
    today = await estate_queries.local_day(session, estate_id=estate_id, now=now)
    from_on = _first_day(asked, today=today)
    unit = await estate_queries.unit(session, estate_id=estate_id, unit_id=unit_id, lock=True)
    unit_name = unit.name
    wallet_id = await wallet_of(session, estate_id=estate_id, unit_id=unit_id)
    person_id, is_new = await _person(
        session, estate_id=estate_id, newcomer=asked.newcomer, caller=caller, now=now
    )
    taken = await take_values(session, estate_id=estate_id, unit_id=unit_id, values=asked.readings, now=now)
    done = Done(wallet_id, person_id)
    await forget_settings(session, estate_id=estate_id, done=done, now=now)
    into, moved = await empty_wallet(
        session,
        estate_id=estate_id,
        wallet_id=wallet_id,
        into=vacancy_code(unit_id),
        memo=f"{memo}: until somebody moved in",
        actor=caller.actor,
        now=now,
    )
    done.into_account_id, done.moved = into, [asdict(each) for each in moved]
    by: dict[str, Any] = {"estate_id": estate_id, "unit_id": unit_id, "done": done, "caller": caller}
    await withdraw_left_over(session, **by, day=today, now=now)
    since = await _since(session, estate_id=estate_id, unit_id=unit_id, from_on=from_on, now=now)
    stay = Stay(unit_id, person_id, Days(from_on, asked.until_on), from_at=since)
    row = await estates.add_occupancy(session, estate_id=estate_id, stay=stay, actor=caller.actor, now=now)
    occupancy_id = row.occupancy_id
    await give_access(session, **by, since=since, now=now)
    messages = []
    if asked.is_told:
        messages = await _welcome(
            session, estate_id=estate_id, person_id=person_id, unit_name=unit_name, now=now
        )
    done.seqs = await seqs_of(session, estate_id=estate_id, wallet_id=wallet_id)
    total = sum(each.amount_micro for each in moved)
    return done, Shown(
        kind="onboard",
        unit_id=unit_id,
        occupancy_id=occupancy_id,
        person_id=person_id,
        is_new_person=is_new,
        wallet_id=wallet_id,
        from_on=from_on.isoformat(),
        until_on=None if asked.until_on is None else asked.until_on.isoformat(),
        readings=taken.shown,
        charged_micro=taken.charged_micro,
        moved=[{"account": each.utility, "amount_micro": each.amount_micro} for each in moved],
        total_micro=total,
        outcome="vacancy" if moved else "nothing",
        given_to=[person_id],
        taken_from=[each["person_id"] for each in done.revoked],
        messages=messages,
    )


def _first_day(asked: Onboarding, *, today: date) -> date:
    from_on = today if asked.from_on is None else asked.from_on
    if from_on > today:
        message = "lies in the future: assign the resident, and onboard on the day"
        raise Invalid(f"from_on {message}", problems=[{"path": "body.from_on", "message": message}])
    return from_on


async def _since(
    session: AsyncSession, *, estate_id: int, unit_id: int, from_on: date, now: datetime
) -> datetime:
    """Return from when on the unit is theirs to see: their first day, but nothing from before a handover."""
    zone = await estate_queries.time_zone(session, estate_id=estate_id)
    if from_on == now.astimezone(zone).date():
        return now
    begins = datetime.combine(from_on, time(), tzinfo=zone)
    before = await queries.newest_handover(session, estate_id=estate_id, unit_id=unit_id)
    return begins if before is None else min(now, max(begins, before.created_at))


async def _person(
    session: AsyncSession, *, estate_id: int, newcomer: Newcomer, caller: Caller, now: datetime
) -> tuple[int, bool]:
    if newcomer.person_id is None:
        return await estates.add_person(
            session,
            estate_id=estate_id,
            name=newcomer.name,
            email=newcomer.email,
            phone=newcomer.phone,
            now=now,
        )
    await estates.require_known_person(
        session, estate_id=estate_id, person_id=newcomer.person_id, caller=caller
    )
    await identity_queries.person(session, person_id=newcomer.person_id)
    return newcomer.person_id, False


async def _welcome(
    session: AsyncSession, *, estate_id: int, person_id: int, unit_name: str, now: datetime
) -> list[str]:
    """Queue a message to whoever moved in; return its channel, nothing where there is no address."""
    person = await identity_queries.person(session, person_id=person_id)
    channel, address = ("email", person.email) if person.email else ("sms", person.phone)
    if address is None:
        return []
    estate = await estate_queries.estate(session, estate_id=estate_id)
    await notifications.queue_message(
        session,
        channel=channel,
        address=address,
        template="moved_in",
        language=estate.languages[0],
        values={"unit": unit_name, "estate": estate.name},
        person_id=person_id,
        expires_at=now + _MESSAGE_LASTS,
        now=now,
    )
    return [channel]
