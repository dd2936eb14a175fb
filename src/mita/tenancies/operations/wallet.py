"""Who may see a unit's wallet, and what its occupant had set, change hands with the unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mita.estates import queries as estate_queries
from mita.identity.domain import person_of_actor
from mita.kit.errors import Conflict
from mita.wallets import operations as wallets
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import Access, Right, Sight, SpendLimit, Target, hearing

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.web import Caller
    from mita.tenancies.domain import Done


class WalletMissing(Conflict):
    """The unit has no wallet: it never had a meter."""

    code = "wallet_missing"
    title = "The unit has no wallet"


async def wallet_of(session: AsyncSession, *, estate_id: int, unit_id: int) -> int:
    """Return the wallet of a unit.

    :raises WalletMissing: if it has none
    """
    accounts = await wallet_queries.accounts(session, estate_id=estate_id, unit_ids=[unit_id])
    if not accounts:
        raise WalletMissing(f"unit {unit_id} has no wallet: install a meter first")
    return accounts[0].wallet_id


async def forget_settings(session: AsyncSession, *, estate_id: int, done: Done, now: datetime) -> None:
    """Take away what an occupant had set: limit, target, group, promotional credit; ``done`` remembers it."""
    wallet_id = done.wallet_id
    one = {"estate_id": estate_id, "wallet_id": wallet_id}
    limit = (await wallet_queries.spend_limits(session, estate_id=estate_id, wallet_ids=[wallet_id])).get(
        wallet_id
    )
    if limit is not None:
        done.limit = [limit.daily_micro, limit.monthly_micro, limit.is_cutting]
        await wallets.remove_spend_limit(session, **one, now=now)
    target = await wallet_queries.balance_target(session, **one)
    if target is not None and target.is_on:
        done.target = [target.minimum_micro, target.target_micro]
        off = Target(target.minimum_micro, target.target_micro, is_on=False)
        await wallets.set_balance_target(session, **one, target=off, now=now)
    done.group_id = await wallet_queries.group_of_wallet(session, **one)
    if done.group_id is not None:
        group = await wallet_queries.group(session, estate_id=estate_id, group_id=done.group_id)
        await wallets.remove_member(session, group=group, wallet_id=wallet_id, now=now)
    await _forfeit(session, estate_id=estate_id, done=done, now=now)


async def _forfeit(session: AsyncSession, *, estate_id: int, done: Done, now: datetime) -> None:
    rows = await wallet_queries.promotions(session, estate_id=estate_id, wallet_id=done.wallet_id)
    live = [row for row, end in rows if end is None]
    if not live:
        return
    left = await wallet_queries.remaining_micro(session, estate_id=estate_id, promotions=rows)
    accounts = await wallet_queries.accounts(session, estate_id=estate_id, wallet_ids=[done.wallet_id])
    utility = {each.account_id: each.utility for each in accounts}
    for row in live:
        await wallets.expire_promotion(
            session, estate_id=estate_id, promotion_id=row.promotion_id, now=now, is_early=True
        )
        unspent = left[row.promotion_id][1]
        if unspent:
            said = [str(row.promotion_id), unspent, row.expires_at.isoformat(), row.reason]
            done.forfeited.append([*said, utility[row.account_id]])


async def recall_settings(
    session: AsyncSession, *, estate_id: int, done: Done, caller: Caller, now: datetime
) -> None:
    """Give back what :func:`forget_settings` took away; promotional credit as a new grant."""
    one = {"estate_id": estate_id, "wallet_id": done.wallet_id}
    for number, unspent, expires_at, reason, utility in done.forfeited:
        ends = type(now).fromisoformat(expires_at)
        if ends > now:
            grant = wallets.Grant(done.wallet_id, unspent, ends, reason, utility)
            await wallets.grant_promotion(
                session, estate_id=estate_id, grant=grant, key=f"undo:{number}", actor=caller.actor, now=now
            )
    if done.limit is not None:
        await wallets.set_spend_limit(
            session, **one, limit=SpendLimit(*done.limit), actor=caller.actor, now=now
        )
    if done.target is not None:
        await wallets.set_balance_target(session, **one, target=Target(*done.target), now=now)
    if done.group_id is not None and await wallet_queries.group_of_wallet(session, **one) is None:
        group = await wallet_queries.group(session, estate_id=estate_id, group_id=done.group_id)
        await wallets.add_member(session, group=group, wallet_id=done.wallet_id, caller=caller, now=now)


async def give_access(
    session: AsyncSession,
    *,
    estate_id: int,
    unit_id: int,
    done: Done,
    since: datetime,
    caller: Caller,
    now: datetime,
) -> None:
    """Let who moves in manage the wallet, and see what comes; ``done`` remembers what they had before.

    Of the unit they see what was ``since`` they live there, and an owner what they were given before.

    :raises mita.wallets.operations.RightMissing: if the caller may not give that
    """
    one: dict[str, Any] = {"estate_id": estate_id, "wallet_id": done.wallet_id}
    held = await wallet_queries.live_grant(session, **one, person_id=done.person_id)
    access = Access(Right.MANAGE)
    sight = await wallets.sight_from_now(session, **one, since=since)
    if held is None:
        made = await wallets.grant_access(
            session, **one, person_id=done.person_id, access=access, caller=caller, now=now, sight=sight
        )
        done.grant_id = str(made.grant_id)
        return
    done.grant_id, done.right_before = str(held.grant_id), held.rights
    await wallets.change_access(session, **one, grant_id=held.grant_id, access=access, caller=caller, now=now)
    of = {"estate_id": estate_id, "unit_id": unit_id, "person_id": done.person_id}
    if await estate_queries.owns_from(session, **of, now=now) is None:
        done.sight_before = wallets.sight_of(held).recorded()
        await wallets.set_sight(session, grant=held, sight=sight)


async def take_access_back(
    session: AsyncSession, *, estate_id: int, done: Done, caller: Caller, now: datetime
) -> None:
    """Undo :func:`give_access`, as far as the grant still lives."""
    one = {"estate_id": estate_id, "wallet_id": done.wallet_id}
    held = await wallet_queries.live_grant(session, **one, person_id=done.person_id)
    if held is None or str(held.grant_id) != done.grant_id:
        return
    if done.right_before is None:
        await wallets.revoke_access(session, **one, grant_id=held.grant_id, caller=caller, now=now)
        return
    access = Access(Right.of(done.right_before), held.top_up_limit_micro, hearing(held.hears))
    await wallets.change_access(session, **one, grant_id=held.grant_id, access=access, caller=caller, now=now)
    if done.sight_before is not None:
        await wallets.set_sight(session, grant=held, sight=Sight.of(done.sight_before))


async def withdraw_access(
    session: AsyncSession,
    *,
    estate_id: int,
    unit_id: int,
    done: Done,
    caller: Caller,
    day: date,
    now: datetime,
) -> None:
    """End everybody's access to the wallet but the unit's owners', and all open invitations.

    Who moves out loses it as an owner too: what comes is somebody else's, unless they are given it again.
    """
    one = {"estate_id": estate_id, "wallet_id": done.wallet_id}
    owners = await _owners(session, estate_id=estate_id, unit_id=unit_id, day=day)
    grants = await wallet_queries.live_grants(session, **one)
    leaving = {row.person_id for row in grants} - owners | {done.person_id}
    await _revoke(session, estate_id=estate_id, person_ids=leaving, done=done, caller=caller, now=now)
    for invitation in await wallet_queries.invitations(session, **one):
        await wallets.withdraw_invitation(
            session, **one, invitation_id=invitation.invitation_id, caller=caller, now=now
        )


async def withdraw_left_over(
    session: AsyncSession,
    *,
    estate_id: int,
    unit_id: int,
    done: Done,
    caller: Caller,
    day: date,
    now: datetime,
) -> None:
    """End the access of who lived in a unit and nobody off-boarded, and of who saw it by their household."""
    owners = await _owners(session, estate_id=estate_id, unit_id=unit_id, day=day)
    of = estate_queries.Of(unit_ids=[unit_id])
    lived = await estate_queries.occupancies(session, estate_id=estate_id, of=of)
    ended = [row for row in lived if row.until_on is not None and row.until_on <= day]
    if not ended:
        return
    zone = await estate_queries.time_zone(session, estate_id=estate_id)
    last_on = max(row.until_on for row in ended if row.until_on is not None)
    staying = {row.person_id for row in lived if row not in ended} | owners | {done.person_id}
    gone = {row.person_id for row in ended} - staying
    guests = {
        row.person_id
        for row in await wallet_queries.live_grants(session, estate_id=estate_id, wallet_id=done.wallet_id)
        if person_of_actor(row.granted_by) in gone
        or (row.sees_from is not None and row.sees_from.astimezone(zone).date() < last_on)
    }
    leaving = gone | guests - staying
    await _revoke(session, estate_id=estate_id, person_ids=leaving, done=done, caller=caller, now=now)


async def _owners(session: AsyncSession, *, estate_id: int, unit_id: int, day: date) -> set[int]:
    of = estate_queries.Of(unit_ids=[unit_id])
    return {
        row.person_id
        for row in await estate_queries.ownerships(session, estate_id=estate_id, of=of)
        if row.from_on <= day and (row.until_on is None or day < row.until_on)
    }


async def _revoke(
    session: AsyncSession,
    *,
    estate_id: int,
    person_ids: set[int],
    done: Done,
    caller: Caller,
    now: datetime,
) -> None:
    """End the access of some people; ``done`` remembers it."""
    one = {"estate_id": estate_id, "wallet_id": done.wallet_id}
    for row in await wallet_queries.live_grants(session, **one):
        if row.person_id not in person_ids:
            continue
        done.revoked.append(
            {
                "person_id": row.person_id,
                "right": row.rights,
                "top_up_limit_micro": row.top_up_limit_micro,
                "hears": list(row.hears),
                "sight": wallets.sight_of(row).recorded(),
            }
        )
        await wallets.revoke_access(session, **one, grant_id=row.grant_id, caller=caller, now=now)


async def return_access(
    session: AsyncSession, *, estate_id: int, done: Done, caller: Caller, now: datetime
) -> None:
    """Undo :func:`withdraw_access` and :func:`withdraw_left_over`; invitations stay withdrawn."""
    for each in done.revoked:
        held = await wallet_queries.live_grant(
            session, estate_id=estate_id, wallet_id=done.wallet_id, person_id=each["person_id"]
        )
        if held is None:
            access = Access(Right.of(each["right"]), each["top_up_limit_micro"], hearing(each["hears"]))
            await wallets.grant_access(
                session,
                estate_id=estate_id,
                wallet_id=done.wallet_id,
                person_id=each["person_id"],
                access=access,
                caller=caller,
                now=now,
                sight=Sight.of(each["sight"]) if "sight" in each else None,
            )
