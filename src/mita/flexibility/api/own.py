"""Who may speak for a unit: staff, who lives there, and who manages its wallet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.identity.domain import Permission
from mita.kit.errors import NotFound
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import Right

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.web import Caller


def is_staff(caller: Caller, *, estate_id: int) -> bool:
    """Tell whether a caller may switch every supply of an estate."""
    return caller.may(Permission.SUPPLY_CONTROL, estate_id=estate_id)


async def require_unit(session: AsyncSession, *, caller: Caller, estate_id: int, unit_id: int) -> None:
    """Let staff pass, who has the role of a resident of the unit, and who manages its wallet.

    :raises NotFound: if it is nobody of these: whether there is such a unit is not theirs to know
    """
    if is_staff(caller, estate_id=estate_id):
        return
    if unit_id in caller.units(Permission.SUPPLY_READ, estate_id=estate_id):
        return
    if caller.person_id is not None:
        accounts = await wallet_queries.accounts(session, estate_id=estate_id, unit_ids=[unit_id])
        for wallet_id in sorted({each.wallet_id for each in accounts}):
            grant = await wallet_queries.live_grant(
                session, estate_id=estate_id, wallet_id=wallet_id, person_id=caller.person_id
            )
            if grant is not None and wallet_queries.access_of(grant).right >= Right.MANAGE:
                return
    raise NotFound(f"unit {unit_id} does not exist in estate {estate_id}")
