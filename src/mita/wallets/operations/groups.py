"""Groups: they are made, wallets join and leave, money comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.estates import queries as estate_queries
from mita.identity import queries as identity_queries
from mita.identity.domain import Permission
from mita.kit.enqueue import enqueue
from mita.kit.errors import Conflict, Invalid, NotFound, PermissionMissing
from mita.ledger import operations as ledger
from mita.ledger.domain import EntryKind, JournalKind
from mita.ledger.operations import Line, Movement
from mita.wallets import queries
from mita.wallets.domain import Right
from mita.wallets.models import DistributionRule, GroupMember, WalletGroup
from mita.wallets.operations.access import require_right
from mita.wallets.operations.sight import sight_from_now
from mita.wallets.operations.top_up import METHODS, TOP_UP_MICRO_MAX

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.web import Caller
    from mita.ledger.operations import Booked
    from mita.wallets.domain import StandingOrder

MEMBERS_MAX = 200
FILL_TASK = "wallets:fill_group"


class WalletInGroup(Conflict):
    """The wallet is in another group, and may be in one only."""

    code = "wallet_in_group"
    title = "The wallet is in another group"


class GroupFull(Conflict):
    """A group has no room for more wallets."""

    code = "group_full"
    title = "The group has no room for more wallets"


def group_code(group_id: int) -> str:
    """Return the ledger code of a group's account."""
    return f"group:{group_id}"


async def create_group(
    session: AsyncSession, *, estate_id: int, name: str, owner_person_id: int | None, now: datetime
) -> WalletGroup:
    """Make a group with an account of its own; without an owner it is the estate's.

    :raises NotFound: if there is no such person
    """
    if owner_person_id is not None:
        await identity_queries.person(session, person_id=owner_person_id)
    estate = await estate_queries.estate(session, estate_id=estate_id)
    group_id = await session.scalar(
        text("SELECT nextval(pg_get_serial_sequence('wallet_group', 'group_id'))")
    )
    assert isinstance(group_id, int), "a sequence gives integers"
    code = group_code(group_id)
    accounts = await ledger.open_accounts(
        session, estate_id=estate_id, codes=[code], currency=estate.currency
    )
    row = WalletGroup(
        estate_id=estate_id,
        group_id=group_id,
        name=name,
        owner_person_id=owner_person_id,
        account_id=accounts[code],
        created_at=now,
    )
    session.add(row)
    await session.flush()
    return row


async def require_group(
    session: AsyncSession,
    *,
    estate_id: int,
    group_id: int,
    caller: Caller,
    permission: Permission = Permission.WALLETS_MANAGE,
) -> WalletGroup:
    """Return a group that the caller may work with: whoever has the permission any, a person one's own.

    :raises NotFound: if the group does not exist, or not for this person
    :raises PermissionMissing: if the caller may look at it, and no more
    """
    found = await queries.group(session, estate_id=estate_id, group_id=group_id)
    is_own = caller.person_id is not None and found.owner_person_id == caller.person_id
    if not is_own and not caller.may(permission, estate_id=estate_id):
        if caller.may(Permission.WALLETS_READ, estate_id=estate_id):
            raise PermissionMissing(f"this needs the permission {permission}")
        raise NotFound(f"group {group_id} does not exist in estate {estate_id}")
    return found


async def add_member(
    session: AsyncSession, *, group: WalletGroup, wallet_id: int, caller: Caller, now: datetime
) -> None:
    """Let a wallet join a group; one that is in it stays.

    :raises NotFound: if the wallet does not exist for the caller
    :raises RightMissing: if the caller may not manage the wallet
    :raises WalletInGroup: if it is in another group
    :raises GroupFull: if the group has ``MEMBERS_MAX`` wallets
    """
    await require_right(
        session, estate_id=group.estate_id, wallet_id=wallet_id, caller=caller, right=Right.MANAGE
    )
    now_in = await queries.group_of_wallet(session, estate_id=group.estate_id, wallet_id=wallet_id)
    if now_in == group.group_id:
        return
    inside = await queries.members(session, estate_id=group.estate_id, group_id=group.group_id)
    if len(inside) >= MEMBERS_MAX:
        raise GroupFull(f"a group has at most {MEMBERS_MAX} wallets")
    # who owns the group and has no access of their own sees what comes from now on
    sight = await sight_from_now(session, estate_id=group.estate_id, wallet_id=wallet_id, since=now)
    row = {
        "estate_id": group.estate_id,
        "group_id": group.group_id,
        "wallet_id": wallet_id,
        "joined_at": now,
        "sees_after": dict(sight.after),
    }
    made = await session.scalar(
        pg_insert(GroupMember).values(row).on_conflict_do_nothing().returning(GroupMember.wallet_id)
    )
    if made is None:
        raise WalletInGroup(f"wallet {wallet_id} is in another group: it has to leave that one first")


async def remove_member(session: AsyncSession, *, group: WalletGroup, wallet_id: int, now: datetime) -> None:
    """Let a wallet leave a group; it keeps the money that it was given.

    :raises NotFound: if the wallet is not in the group
    """
    statement = (
        update(GroupMember)
        .where(
            GroupMember.estate_id == group.estate_id,
            GroupMember.group_id == group.group_id,
            GroupMember.wallet_id == wallet_id,
            GroupMember.left_at.is_(None),
        )
        .values(left_at=now)
        .returning(GroupMember.wallet_id)
    )
    if await session.scalar(statement) is None:
        raise NotFound(f"wallet {wallet_id} is not in group {group.group_id}")


async def require_leaving(
    session: AsyncSession, *, estate_id: int, group_id: int, wallet_id: int, caller: Caller
) -> WalletGroup:
    """Return a group out of which the caller may take a wallet: staff, its owner, the wallet's managers.

    :raises NotFound: if the group or the wallet does not exist for the caller
    :raises RightMissing: if the caller may see the wallet and not manage it
    """
    found = await queries.group(session, estate_id=estate_id, group_id=group_id)
    if caller.person_id is None or found.owner_person_id != caller.person_id:
        await require_right(
            session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.MANAGE
        )
    return found


async def receive_group_top_up(
    session: AsyncSession,
    *,
    group: WalletGroup,
    amount_micro: int,
    method: str,
    reference: str,
    idempotency_key: str,
    actor: str,
    now: datetime,
) -> Booked:
    """Book a manual receipt (cash or EFT) to a group, once per ``idempotency_key``.

    Wallets that wait for money by the group's rule are filled soon after.

    :raises Invalid: if the amount is not positive, too large, or the method is unknown
    :raises mita.ledger.operations.KeyReused: if the key belongs to another receipt
    """
    if not 0 < amount_micro <= TOP_UP_MICRO_MAX:
        raise Invalid("amount must be above zero and at most 1,000,000,000", problems=[{"path": "amount"}])
    if method not in METHODS:
        raise Invalid(f"method must be one of {', '.join(METHODS)}", problems=[{"path": "method"}])
    estate = await estate_queries.estate(session, estate_id=group.estate_id)
    code = f"clearing:{method}"
    clearing = await ledger.open_accounts(
        session, estate_id=group.estate_id, codes=[code], currency=estate.currency
    )
    movement = Movement(
        kind=JournalKind.TOP_UP,
        lines=[
            Line(group.account_id, amount_micro, EntryKind.TOP_UP),
            Line(clearing[code], -amount_micro, EntryKind.CLEARING),
        ],
        actor=actor,
        memo=f"{method}: {reference}",
        key=idempotency_key,
        scope="group_top_up",
        body=[group.group_id, amount_micro, method, reference],
    )
    booked = await ledger.book(session, estate_id=group.estate_id, movement=movement, now=now)
    if not booked.is_repeat:
        await ask_filling(session, estate_id=group.estate_id, group_id=group.group_id)
    return booked


async def set_distribution_rule(
    session: AsyncSession, *, group: WalletGroup, rule: StandingOrder, now: datetime
) -> None:
    """Set a group's rule; wallets that are below its threshold are filled soon after.

    :raises Invalid: if the target is below the threshold
    """
    if rule.target_micro < rule.threshold_micro:
        message = "must not be below the threshold"
        raise Invalid(f"target {message}", problems=[{"path": "body.target", "message": message}])
    values = {
        "is_on": rule.is_on,
        "threshold_micro": rule.threshold_micro,
        "target_micro": rule.target_micro,
        "updated_at": now,
    }
    statement = pg_insert(DistributionRule).values(
        estate_id=group.estate_id, group_id=group.group_id, **values
    )
    await session.execute(
        statement.on_conflict_do_update(index_elements=["estate_id", "group_id"], set_=values)
    )
    await ask_filling(session, estate_id=group.estate_id, group_id=group.group_id)


async def ask_filling(session: AsyncSession, *, estate_id: int, group_id: int) -> None:
    """Let a worker fill a group's wallets after this transaction, if the group's rule is on."""
    rule = await queries.standing_order(session, estate_id=estate_id, group_id=group_id)
    if rule is not None and rule.is_on:
        await enqueue(session, task=FILL_TASK, estate_id=estate_id, group_id=group_id)
