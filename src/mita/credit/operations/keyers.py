"""Who may give a meter a token, and who may see what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.credit.models import METER_TOKEN
from mita.identity.domain import Permission
from mita.kit.errors import NotFound, missing
from mita.kit.seal import seals_of
from mita.metering import queries as metering
from mita.wallets import queries as wallets
from mita.wallets.domain import Right
from mita.wallets.operations import RightMissing

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.credit.models import MeterToken
    from mita.kit.web import Caller


async def require_token_sender(
    session: AsyncSession, *, estate_id: int, meter_id: int, caller: Caller
) -> None:
    """Let staff pass that switches supplies, and whoever may top up the wallet of the meter's unit.

    :raises NotFound: if there is no such meter, or not for this caller
    :raises mita.kit.errors.PermissionMissing: if the caller sees the meter and no money
    :raises RightMissing: if the caller may see the wallet, and no more
    """
    unit_id = (await metering.meter(session, estate_id=estate_id, meter_id=meter_id)).unit_id
    if caller.may(Permission.SUPPLY_CONTROL, estate_id=estate_id):
        return
    right = await _right(session, estate_id=estate_id, unit_id=unit_id, caller=caller)
    if right is None:
        if _sees_meter(caller, estate_id=estate_id, unit_id=unit_id):
            raise missing(Permission.SUPPLY_CONTROL)
        raise NotFound(f"meter {meter_id} does not exist in estate {estate_id}")
    if right < Right.TOP_UP:
        raise RightMissing(f"this needs the right {Right.TOP_UP.shown}, and you have {right.shown}")


async def require_token_sight(
    session: AsyncSession, *, estate_id: int, meter_id: int, caller: Caller
) -> None:
    """Let pass whoever sees the supplies of the estate or the unit, and whoever sees the unit's wallet.

    :raises NotFound: if it is nobody of these: who only owns the unit sees no money of those who live there
    """
    unit_id = (await metering.meter(session, estate_id=estate_id, meter_id=meter_id)).unit_id
    if caller.may(Permission.SUPPLY_READ, estate_id=estate_id):
        return
    if unit_id in caller.units(Permission.SUPPLY_READ, estate_id=estate_id):
        return
    if await _right(session, estate_id=estate_id, unit_id=unit_id, caller=caller) is None:
        raise NotFound(f"meter {meter_id} has no tokens in estate {estate_id} that are yours to see")


def _sees_meter(caller: Caller, *, estate_id: int, unit_id: int) -> bool:
    return caller.may(Permission.METERS_READ, estate_id=estate_id) or unit_id in caller.units(
        Permission.METERS_READ, estate_id=estate_id
    )


async def _right(session: AsyncSession, *, estate_id: int, unit_id: int, caller: Caller) -> Right | None:
    """Return the best right that a person has to a wallet of the unit, None if none."""
    if caller.person_id is None:
        return None
    accounts = await wallets.accounts(session, estate_id=estate_id, unit_ids=[unit_id])
    rights = []
    for wallet_id in sorted({each.wallet_id for each in accounts}):
        grant = await wallets.live_grant(
            session, estate_id=estate_id, wallet_id=wallet_id, person_id=caller.person_id
        )
        if grant is not None:
            rights.append(wallets.access_of(grant).right)
    return max(rights, default=None)


def digits_for(session: AsyncSession, *, row: MeterToken, caller: Caller) -> str | None:
    """Return the digits of a token that failed, for the person who typed it; None for everybody else."""
    # support that looks through a person's eyes has another name
    is_own = caller.person_id is not None and caller.actor == row.typed_by
    if not is_own or row.state != "failed" or row.token_sealed is None:
        return None
    return seals_of(session).open(bytes(row.token_sealed), about=METER_TOKEN.about).decode()
