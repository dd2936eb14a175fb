"""Whoever lives in a unit moves out: closing values, final charge, what is left, access."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from mita.estates import operations as estates
from mita.estates import queries as estate_queries
from mita.kit.errors import Conflict, Invalid
from mita.ledger.operations import Order
from mita.tenancies.domain import Done, Offboarding, Shown, outcome_of
from mita.tenancies.operations.money import carry, empty_wallet, leaver_code, pay_back, seqs_of
from mita.tenancies.operations.readings import take_values
from mita.tenancies.operations.wallet import forget_settings, wallet_of, withdraw_access

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.web import Caller


class UnitVacant(Conflict):
    """Nobody lives in the unit, so nobody can move out."""

    code = "unit_vacant"
    title = "Nobody lives in the unit"


async def move_out(
    session: AsyncSession, *, estate_id: int, asked: Offboarding, memo: str, caller: Caller, now: datetime
) -> tuple[Done, Shown]:
    """Let the main occupant move out: the wallet ends at zero, and what is left or owed is the leaver's.

    :raises UnitVacant: if nobody lives there
    :raises Invalid: if the last day lies in the future, or before the first
    :raises mita.tenancies.operations.ReadingRefused: if a value is not believed
    :raises mita.ledger.operations.NotEnough: if money is held, or what is owed cannot be carried
    :raises mita.kit.errors.NotFound: if there is nowhere to carry it
    """
    unit_id = asked.unit_id
    today = await estate_queries.local_day(session, estate_id=estate_id, now=now)
    await estate_queries.unit(session, estate_id=estate_id, unit_id=unit_id, lock=True)
    row = await estate_queries.main_occupant(session, estate_id=estate_id, unit_id=unit_id, day=today)
    if row is None:
        raise UnitVacant(f"nobody lives in unit {unit_id}")
    until_on = _last_day(asked, today=today)
    wallet_id = await wallet_of(session, estate_id=estate_id, unit_id=unit_id)
    taken = await take_values(session, estate_id=estate_id, unit_id=unit_id, values=asked.readings, now=now)
    done = Done(wallet_id, row.person_id)
    done.until_before = None if row.until_on is None else row.until_on.isoformat()
    await forget_settings(session, estate_id=estate_id, done=done, now=now)
    into, moved = await empty_wallet(
        session,
        estate_id=estate_id,
        wallet_id=wallet_id,
        into=leaver_code(row.occupancy_id),
        memo=f"{memo}: moved out",
        actor=caller.actor,
        now=now,
    )
    done.into_account_id, done.moved = into, [asdict(each) for each in moved]
    total = sum(each.amount_micro for each in moved)
    is_carried = asked.carry_to_person_id is not None
    done.out = await _settle(
        session, estate_id=estate_id, asked=asked, into=into, total_micro=total, memo=memo,
        actor=caller.actor, day=today, now=now,
    )  # fmt: skip
    await withdraw_access(
        session, estate_id=estate_id, unit_id=unit_id, done=done, caller=caller, day=today, now=now
    )
    occupancy_id, person_id, from_on = row.occupancy_id, row.person_id, row.from_on
    await estates.end_stay(session, row=row, until_on=max(until_on, from_on), now=now)
    done.seqs = await seqs_of(session, estate_id=estate_id, wallet_id=wallet_id)
    return done, Shown(
        kind="offboard",
        unit_id=unit_id,
        occupancy_id=occupancy_id,
        person_id=person_id,
        is_new_person=False,
        wallet_id=wallet_id,
        from_on=from_on.isoformat(),
        until_on=max(until_on, from_on).isoformat(),
        readings=taken.shown,
        charged_micro=taken.charged_micro,
        moved=[{"account": each.utility, "amount_micro": each.amount_micro} for each in moved],
        total_micro=total,
        outcome=outcome_of(total, is_carried=is_carried),
        given_to=[],
        taken_from=[each["person_id"] for each in done.revoked],
        messages=[],
    )


def _last_day(asked: Offboarding, *, today: date) -> date:
    until_on = today if asked.until_on is None else asked.until_on
    if until_on > today:
        message = "lies in the future: set the end of the occupancy, and offboard on the day"
        raise Invalid(f"until_on {message}", problems=[{"path": "body.until_on", "message": message}])
    return until_on


async def _settle(
    session: AsyncSession,
    *,
    estate_id: int,
    asked: Offboarding,
    into: int,
    total_micro: int,
    memo: str,
    actor: str,
    day: date,
    now: datetime,
) -> list[int] | None:
    """Let what a leaver's account holds leave it; what is owed stays, unless it is carried."""
    if total_micro == 0:
        return None
    if asked.carry_to_person_id is not None:
        order = Order(abs(total_micro), f"{memo}: carried", f"{memo}: carried", actor)
        return await carry(
            session,
            estate_id=estate_id,
            account_id=into,
            to_person_id=asked.carry_to_person_id,
            but_unit_id=asked.unit_id,
            total_micro=total_micro,
            order=order,
            day=day,
            now=now,
        )
    if total_micro < 0:
        return None
    said = f"{memo}: refund by {asked.method} {asked.reference}".strip()
    order = Order(total_micro, said, f"{memo}: refund", actor)
    return await pay_back(session, estate_id=estate_id, account_id=into, order=order, now=now)
