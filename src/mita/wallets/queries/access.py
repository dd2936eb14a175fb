"""Reads of access: grants, invitations, the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, union

from mita.kit.errors import NotFound
from mita.wallets.domain import NEVER_UNHEARD, Access, Right, RightWord, hearing
from mita.wallets.models import AccessEvent, AccessGrant, GroupMember, Invitation, Wallet, WalletGroup

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


def access_of(grant: AccessGrant) -> Access:
    """Return what a grant gives."""
    return Access(Right.of(grant.rights), grant.top_up_limit_micro, hearing(grant.hears))


async def estates_of_person(session: AsyncSession, *, person_id: int) -> list[int]:
    """Return the estates, of those this connection sees, where a person has a live grant or a group."""
    granted = select(AccessGrant.estate_id).where(
        AccessGrant.person_id == person_id, AccessGrant.revoked_at.is_(None)
    )
    owned = select(WalletGroup.estate_id).where(WalletGroup.owner_person_id == person_id)
    return sorted((await session.scalars(union(granted, owned))).all())


async def units_of_person(session: AsyncSession, *, person_id: int) -> dict[int, frozenset[int]]:
    """Return the units whose wallets a person may see, by estate, of the estates this connection sees.

    By a live grant, or as the owner of a group that a wallet is in.
    """
    row = Wallet
    granted = select(row.estate_id, row.unit_id).join(
        AccessGrant,
        (AccessGrant.estate_id == row.estate_id)
        & (AccessGrant.wallet_id == row.wallet_id)
        & (AccessGrant.person_id == person_id)
        & AccessGrant.revoked_at.is_(None),
    )
    owned = (
        select(row.estate_id, row.unit_id)
        .join(
            GroupMember,
            (GroupMember.estate_id == row.estate_id)
            & (GroupMember.wallet_id == row.wallet_id)
            & GroupMember.left_at.is_(None),
        )
        .join(
            WalletGroup,
            (WalletGroup.estate_id == GroupMember.estate_id)
            & (WalletGroup.group_id == GroupMember.group_id)
            & (WalletGroup.owner_person_id == person_id),
        )
    )
    found: dict[int, set[int]] = {}
    for estate_id, unit_id in await session.execute(union(granted, owned)):
        found.setdefault(estate_id, set()).add(unit_id)
    return {estate_id: frozenset(units) for estate_id, units in found.items()}


async def units_seen_from(
    session: AsyncSession, *, estate_id: int, person_id: int
) -> dict[int, datetime | None]:
    """Return the units for whose wallets a person has a live grant, and from when on each shows."""
    statement = (
        select(Wallet.unit_id, AccessGrant.sees_from)
        .join(
            AccessGrant,
            (AccessGrant.estate_id == Wallet.estate_id) & (AccessGrant.wallet_id == Wallet.wallet_id),
        )
        .where(
            Wallet.estate_id == estate_id,
            AccessGrant.person_id == person_id,
            AccessGrant.revoked_at.is_(None),
        )
    )
    return {row[0]: row[1] for row in await session.execute(statement)}


async def wallets_of_person(session: AsyncSession, *, estate_id: int, person_id: int) -> list[int]:
    """Return the wallets that a person has a live grant for, by id."""
    statement = select(AccessGrant.wallet_id).where(
        AccessGrant.estate_id == estate_id,
        AccessGrant.person_id == person_id,
        AccessGrant.revoked_at.is_(None),
    )
    return sorted((await session.scalars(statement)).all())


async def opened_wallets(session: AsyncSession, *, person_id: int) -> dict[int, dict[int, RightWord]]:
    """Return the word of the right that a person has to wallets, by estate and wallet, in this order.

    Of the estates this connection sees, by live grants.
    """
    statement = (
        select(AccessGrant.estate_id, AccessGrant.wallet_id, AccessGrant.rights)
        .where(AccessGrant.person_id == person_id, AccessGrant.revoked_at.is_(None))
        .order_by(AccessGrant.estate_id, AccessGrant.wallet_id)
    )
    found: dict[int, dict[int, RightWord]] = {}
    for estate_id, wallet_id, rights in await session.execute(statement):
        found.setdefault(estate_id, {})[wallet_id] = Right.of(rights).shown
    return found


async def grants_of_person(
    session: AsyncSession, *, estate_id: int, person_id: int, wallet_ids: Sequence[int]
) -> dict[int, Access]:
    """Return what a person's live grants for some wallets give, by wallet."""
    statement = select(AccessGrant).where(
        AccessGrant.estate_id == estate_id,
        AccessGrant.person_id == person_id,
        AccessGrant.wallet_id.in_(list(wallet_ids)),
        AccessGrant.revoked_at.is_(None),
    )
    rows = await session.scalars(statement.execution_options(populate_existing=True))
    return {row.wallet_id: access_of(row) for row in rows}


async def live_grant(
    session: AsyncSession, *, estate_id: int, wallet_id: int, person_id: int
) -> AccessGrant | None:
    """Return the live grant of a person for a wallet, if there is one."""
    return await session.scalar(
        select(AccessGrant)
        .where(
            AccessGrant.estate_id == estate_id,
            AccessGrant.wallet_id == wallet_id,
            AccessGrant.person_id == person_id,
            AccessGrant.revoked_at.is_(None),
        )
        .execution_options(populate_existing=True)
    )


async def grant(session: AsyncSession, *, estate_id: int, wallet_id: int, grant_id: UUID) -> AccessGrant:
    """Return one grant of a wallet, live or revoked.

    :raises NotFound: if the wallet has no such grant
    """
    found = await session.get(AccessGrant, (estate_id, grant_id), populate_existing=True)
    if found is None or found.wallet_id != wallet_id:
        raise NotFound(f"grant {grant_id} does not exist for wallet {wallet_id}")
    return found


async def live_grants(session: AsyncSession, *, estate_id: int, wallet_id: int) -> Sequence[AccessGrant]:
    """Return a wallet's live grants, oldest first."""
    statement = (
        select(AccessGrant)
        .where(
            AccessGrant.estate_id == estate_id,
            AccessGrant.wallet_id == wallet_id,
            AccessGrant.revoked_at.is_(None),
        )
        .order_by(AccessGrant.grant_id)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def hearers(session: AsyncSession, *, estate_id: int, wallet_id: int, kind: str) -> list[int | None]:
    """Return who hears of an alert about a wallet: the persons whose grants say so.

    Where nobody does, the estate's staff (None) hears of what must not go unheard, and nobody of the rest.
    """
    statement = select(AccessGrant.person_id).where(
        AccessGrant.estate_id == estate_id,
        AccessGrant.wallet_id == wallet_id,
        AccessGrant.revoked_at.is_(None),
        AccessGrant.hears.contains([str(kind)]),
    )
    found: list[int | None] = []
    found += sorted((await session.scalars(statement)).all())
    return found or ([None] if kind in NEVER_UNHEARD else [])


async def hearers_of_wallets(
    session: AsyncSession, *, estate_id: int, wallet_ids: Sequence[int], kind: str
) -> dict[int, list[int]]:
    """Return which persons hear of an alert about each of some wallets; nobody stands in for them."""
    statement = (
        select(AccessGrant.wallet_id, AccessGrant.person_id)
        .where(
            AccessGrant.estate_id == estate_id,
            AccessGrant.wallet_id.in_(list(wallet_ids)),
            AccessGrant.revoked_at.is_(None),
            AccessGrant.hears.contains([str(kind)]),
        )
        .order_by(AccessGrant.wallet_id, AccessGrant.person_id)
    )
    found: dict[int, list[int]] = {}
    for wallet_id, person_id in await session.execute(statement):
        found.setdefault(wallet_id, []).append(person_id)
    return found


async def access_events(
    session: AsyncSession,
    *,
    estate_id: int,
    wallet_id: int,
    before: UUID | None = None,
    limit: int = 100,
) -> Sequence[AccessEvent]:
    """Return a wallet's audit trail of access, newest first, ``limit`` at most, older than ``before``."""
    statement = select(AccessEvent).where(
        AccessEvent.estate_id == estate_id, AccessEvent.wallet_id == wallet_id
    )
    if before is not None:
        statement = statement.where(AccessEvent.access_event_id < before)
    return (await session.scalars(statement.order_by(AccessEvent.access_event_id.desc()).limit(limit))).all()


async def invitations(session: AsyncSession, *, estate_id: int, wallet_id: int) -> Sequence[Invitation]:
    """Return a wallet's invitations that were neither accepted nor withdrawn, oldest first."""
    statement = (
        select(Invitation)
        .where(
            Invitation.estate_id == estate_id,
            Invitation.wallet_id == wallet_id,
            Invitation.accepted_at.is_(None),
            Invitation.withdrawn_at.is_(None),
        )
        .order_by(Invitation.invitation_id)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def invitation(
    session: AsyncSession, *, estate_id: int, invitation_id: UUID, lock: bool = False
) -> Invitation:
    """Return one invitation; ``lock`` holds its row.

    :raises NotFound: if the estate has no such invitation
    """
    found = await session.get(
        Invitation,
        (estate_id, invitation_id),
        with_for_update={"key_share": True} if lock else None,
        populate_existing=True,
    )
    if found is None:
        raise NotFound(f"invitation {invitation_id} does not exist in estate {estate_id}")
    return found
