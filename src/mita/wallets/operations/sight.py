"""From when on a grant shows a wallet and its unit: not what was before somebody's time there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mita.estates import queries as estate_queries
from mita.estates.queries import Of
from mita.kit.money import BIGINT_MAX
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import EntryKind
from mita.wallets import queries
from mita.wallets.domain import EVERYTHING, Sight

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.wallets.models import AccessGrant


def sight_of(grant: AccessGrant) -> Sight:
    """Return from when on a grant shows."""
    return Sight(grant.sees_from, grant.sees_after)


async def sight_from_now(session: AsyncSession, *, estate_id: int, wallet_id: int, since: datetime) -> Sight:
    """Return the sight of who sees a unit since an instant, and of its wallet nothing that is there now."""
    accounts = await _accounts(session, estate_id=estate_id, wallet_id=wallet_id)
    heads = await ledger_queries.heads(session, estate_id=estate_id, account_ids=accounts)
    after = zip(heads.account_id.tolist(), heads.seq.tolist(), strict=True)
    return Sight(since, {str(account_id): seq for account_id, seq in after if seq})


async def sight_since(
    session: AsyncSession,
    *,
    estate_id: int,
    wallet_id: int,
    since: datetime,
    now: datetime,
    is_of_household: bool = True,
) -> Sight:
    """Return the sight of who sees a unit and its wallet since an instant.

    A household's money begins after the last handover, whatever its first day. Before ``since`` has come,
    no entry is seen.
    """
    accounts = await _accounts(session, estate_id=estate_id, wallet_id=wallet_id)
    if since > now:
        return Sight(since, {str(account_id): BIGINT_MAX for account_id in accounts})
    borders = (EntryKind.HANDOVER,) if is_of_household else ()
    after = await ledger_queries.seqs_until(
        session, estate_id=estate_id, account_ids=accounts, until=since, borders=borders
    )
    return Sight(since, {str(account_id): seq for account_id, seq in after.items() if seq})


async def sight_of_new(
    session: AsyncSession,
    *,
    estate_id: int,
    wallet_id: int,
    person_id: int,
    giver_id: int | None,
    asked: datetime | None = None,
    now: datetime,
) -> Sight:
    """Return from when on a new grant shows a wallet to a person.

    A giver who has a grant (``giver_id``) gives at most their own sight. Else staff may have ``asked`` for an
    instant; without one, who lives in the unit sees it since then, an owner since they own it, and
    anybody else what those see who live there. Where somebody lived and nobody does, it is from now on, and
    where nobody was ever said to live, all.
    """
    one: dict[str, Any] = {"estate_id": estate_id, "wallet_id": wallet_id}
    if giver_id is not None:
        giver = await queries.live_grant(session, **one, person_id=giver_id)
        if giver is not None:
            if asked is None or (giver.sees_from is not None and asked <= giver.sees_from):
                return sight_of(giver)
            return await sight_since(session, **one, since=asked, now=now)
    if asked is not None:
        return await sight_since(session, **one, since=asked, now=now, is_of_household=False)
    unit_id = (await queries.wallet(session, **one)).unit_id
    of = {"estate_id": estate_id, "unit_id": unit_id, "person_id": person_id}
    if (lived := await estate_queries.lives_from(session, **of, now=now)) is not None:
        return await sight_since(session, **one, since=lived, now=now)
    if (owned := await estate_queries.owns_from(session, **of, now=now)) is not None:
        return await sight_since(session, **one, since=owned, now=now, is_of_household=False)
    return await _of_household(session, estate_id=estate_id, wallet_id=wallet_id, unit_id=unit_id, now=now)


async def _of_household(
    session: AsyncSession, *, estate_id: int, wallet_id: int, unit_id: int, now: datetime
) -> Sight:
    one: dict[str, Any] = {"estate_id": estate_id, "wallet_id": wallet_id}
    day = await estate_queries.local_day(session, estate_id=estate_id, now=now)
    main = await estate_queries.main_occupant(session, estate_id=estate_id, unit_id=unit_id, day=day)
    if main is None:
        if await estate_queries.occupancies(session, estate_id=estate_id, of=Of([unit_id]), limit=1):
            return await sight_from_now(session, **one, since=now)
        return EVERYTHING
    held = await queries.live_grant(session, **one, person_id=main.person_id)
    if held is not None:
        return sight_of(held)
    lived = await estate_queries.lives_from(
        session, estate_id=estate_id, unit_id=unit_id, person_id=main.person_id, now=now
    )
    assert lived is not None, "they live there today"
    return await sight_since(session, **one, since=lived, now=now)


async def limit_sight(
    session: AsyncSession, *, estate_id: int, unit_id: int, person_id: int, since: datetime, now: datetime
) -> None:
    """Let a person who came to live in a unit see its wallet since then, if a grant shows them all of it.

    Also if it was given ahead, for that instant. An owner keeps what they were given.
    """
    accounts = await queries.accounts(session, estate_id=estate_id, unit_ids=[unit_id])
    if not accounts:
        return
    one: dict[str, Any] = {"estate_id": estate_id, "wallet_id": accounts[0].wallet_id}
    held = await queries.live_grant(session, **one, person_id=person_id)
    if held is None or held.sees_from not in (None, since):
        return
    of = {"estate_id": estate_id, "unit_id": unit_id, "person_id": person_id}
    if held.sees_from is None and await estate_queries.owns_from(session, **of, now=now) is not None:
        return
    await set_sight(session, grant=held, sight=await sight_since(session, **one, since=since, now=now))


async def set_sight(session: AsyncSession, *, grant: AccessGrant, sight: Sight) -> None:
    """Let a grant show from another instant on."""
    grant.sees_from, grant.sees_after = sight.sees_from, dict(sight.after)
    await session.flush()


async def _accounts(session: AsyncSession, *, estate_id: int, wallet_id: int) -> list[int]:
    """Return the accounts of a wallet, and of what it owes."""
    own = await queries.accounts(session, estate_id=estate_id, wallet_ids=[wallet_id])
    codes = [queries.emergency_code(wallet_id), queries.debt_code(wallet_id)]
    owed = await ledger_queries.account_codes(session, estate_id=estate_id, codes=codes)
    return sorted([each.account_id for each in own] + [row.account_id for row in owed.values()])
