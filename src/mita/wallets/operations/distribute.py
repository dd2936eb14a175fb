"""A group's money is distributed over its wallets: by order, or because its rule says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.estates import queries as estate_queries
from mita.kit.enqueue import enqueue
from mita.kit.errors import Conflict, Invalid, KeyReused
from mita.kit.money import format_cents, format_micro
from mita.ledger import operations as ledger
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import EntryKind, JournalKind
from mita.ledger.operations import Line, Movement, NotEnough, body_hash
from mita.notifications import operations as notifications
from mita.notifications.domain import AlertKind
from mita.wallets import queries
from mita.wallets.domain import MoreThanAvailable, Standing, Way, fill, plan_distribution
from mita.wallets.operations.allocation import credit_lines
from mita.wallets.operations.groups import FILL_TASK
from mita.wallets.operations.rows import hold_rows

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.wallets.domain import Distribution
    from mita.wallets.events import BalanceCrossed
    from mita.wallets.models import WalletGroup

SCOPE = "distribution"
_LINES_MAX = 2_000
# who moves money when a rule says so
RULE_ACTOR = "system:distribution-rule"


class NothingToDistribute(Conflict):
    """No wallet would get anything."""

    code = "nothing_to_distribute"
    title = "There is nothing to distribute"


@dataclass(frozen=True, slots=True)
class Distributed:
    """What each wallet gets or got, in micro-money; a preview has no journal."""

    parts_micro: dict[int, int]
    journal_id: UUID | None = None
    is_repeat: bool = False


async def preview_distribution(
    session: AsyncSession, *, group: WalletGroup, distribution: Distribution
) -> Distributed:
    """Return what a distribution would give to each wallet; nothing moves.

    :raises Invalid: if it contradicts itself or names a wallet that is not in the group
    :raises mita.ledger.operations.NotEnough: if it asks for more than the group has available
    """
    return Distributed(await _plan(session, group=group, distribution=distribution))


async def distribute(
    session: AsyncSession,
    *,
    group: WalletGroup,
    distribution: Distribution,
    idempotency_key: str,
    actor: str,
    now: datetime,
) -> Distributed:
    """Distribute a group's money as one journal, once per ``idempotency_key``.

    :raises Invalid: if it contradicts itself or names a wallet that is not in the group
    :raises mita.ledger.operations.NotEnough: if it asks for more than the group has available
    :raises NothingToDistribute: if no wallet would get anything
    :raises mita.ledger.operations.KeyReused: if the key belongs to another distribution
    """
    body = [group.group_id, *distribution.body]
    await _hold_accounts(session, group=group)
    # after the rows are held: whoever came first with this key is done
    before = await ledger_queries.request(
        session, estate_id=group.estate_id, scope=SCOPE, key=idempotency_key
    )
    if before is not None:
        contents, journal_id = before
        if contents != body_hash(body):
            raise KeyReused(f"key {idempotency_key!r} was used for a distribution with other contents")
        return await _repeated(session, group=group, journal_id=journal_id)
    parts = await _plan(session, group=group, distribution=distribution)
    if not parts:
        raise NothingToDistribute(f"no wallet of group {group.group_id} would get anything")
    movement = Movement(
        kind=JournalKind.DISTRIBUTION,
        lines=await _lines(session, group=group, parts=parts),
        actor=actor,
        memo=f"{distribution.way.value} distribution of {group.name}",
        key=idempotency_key,
        scope=SCOPE,
        body=body,
    )
    booked = await ledger.book(session, estate_id=group.estate_id, movement=movement, now=now)
    return Distributed(parts, booked.journal_id)


async def _hold_accounts(session: AsyncSession, *, group: WalletGroup) -> None:
    """Hold all rows of a group and its wallets, in key order: who gets what depends on their balances."""
    wallet_ids = await queries.members(session, estate_id=group.estate_id, group_id=group.group_id)
    accounts = await queries.accounts(session, estate_id=group.estate_id, wallet_ids=wallet_ids)
    held = [group.account_id, *(account.account_id for account in accounts)]
    await hold_rows(session, estate_id=group.estate_id, account_ids=held)


async def _available_micro(session: AsyncSession, *, group: WalletGroup) -> int:
    account = await ledger_queries.account(session, estate_id=group.estate_id, account_id=group.account_id)
    return account.posted_micro - account.held_micro


async def _plan(session: AsyncSession, *, group: WalletGroup, distribution: Distribution) -> dict[int, int]:
    problems = distribution.problems()
    balance = await queries.group_balance(session, group=group)
    if strangers := sorted(distribution.parts.keys() - balance.wallets_micro.keys()):
        named = "percents" if distribution.way is Way.PERCENT else "amounts"
        problems[named] = f"wallet {strangers[0]} is not in the group"
    if problems:
        raise Invalid(
            "; ".join(f"{name} {message}" for name, message in problems.items()),
            problems=[{"path": f"body.{name}", "message": message} for name, message in problems.items()],
        )
    available = await _available_micro(session, group=group)
    try:
        return plan_distribution(
            distribution, balances_micro=balance.wallets_micro, available_micro=available
        )
    except MoreThanAvailable as error:
        raise NotEnough(
            f"{format_micro(error.asked_micro)} is asked for, and the group has"
            f" {format_micro(error.available_micro)} available"
        ) from error


async def _lines(session: AsyncSession, *, group: WalletGroup, parts: dict[int, int]) -> list[Line]:
    lines = [Line(group.account_id, -sum(parts.values()), EntryKind.DISTRIBUTION)]
    for wallet_id, part in parts.items():
        lines += await credit_lines(
            session,
            estate_id=group.estate_id,
            wallet_id=wallet_id,
            amount_micro=part,
            kind=EntryKind.DISTRIBUTION,
        )
    return lines


async def _repeated(session: AsyncSession, *, group: WalletGroup, journal_id: UUID) -> Distributed:
    journal = await ledger_queries.journal(session, estate_id=group.estate_id, journal_id=journal_id)
    parts: dict[int, int] = {}
    for entry in await ledger_queries.journal_entries(session, of=journal, limit=_LINES_MAX):
        first, number, *_ = entry.code.split(":")
        if first == "wallet":
            parts[int(number)] = parts.get(int(number), 0) + entry.amount_micro
    return Distributed(dict(sorted(parts.items())), journal_id, is_repeat=True)


async def fill_group(session: AsyncSession, *, estate_id: int, group_id: int, now: datetime) -> Distributed:
    """Bring a group's wallets that are below its rule's threshold to the target, as far as its money goes.

    It looks at balances that it holds, so doing it again, or twice at once, gives nothing twice. Where the
    money does not reach, the owner, or staff for a group without one, gets an alert.

    :raises mita.kit.errors.NotFound: if the estate has no such group
    """
    group = await queries.group(session, estate_id=estate_id, group_id=group_id)
    rule = await queries.standing_order(session, estate_id=estate_id, group_id=group_id)
    if rule is None or not rule.is_on:
        return Distributed({})
    await _hold_accounts(session, group=group)
    short = rule.short((await queries.group_balance(session, group=group)).wallets_micro)
    available = await _available_micro(session, group=group)
    parts = fill(short, target_micro=rule.target_micro, money_micro=available)
    wanted = sum(rule.target_micro - total for total in short.values())
    await _tell_owner(
        session, group=group, lacking_micro=wanted - sum(parts.values()), available_micro=available, now=now
    )
    if not parts:
        return Distributed({})
    movement = Movement(
        kind=JournalKind.DISTRIBUTION,
        lines=await _lines(session, group=group, parts=parts),
        actor=RULE_ACTOR,
        memo=f"standing distribution of {group.name}",
    )
    booked = await ledger.book(session, estate_id=estate_id, movement=movement, now=now)
    return Distributed(parts, booked.journal_id)


async def _tell_owner(
    session: AsyncSession, *, group: WalletGroup, lacking_micro: int, available_micro: int, now: datetime
) -> None:
    subject = f"group:{group.group_id}"
    if lacking_micro <= 0:
        if available_micro <= 0:
            # nobody is below the threshold, and still there is no money: what was told lasts
            return
        await notifications.resolve_alerts(
            session, estate_id=group.estate_id, kind=AlertKind.GROUP_LOW, subject=subject, now=now
        )
        return
    estate = await estate_queries.estate(session, estate_id=group.estate_id)
    await notifications.raise_alert(
        session,
        estate_id=group.estate_id,
        kind=AlertKind.GROUP_LOW,
        subject=subject,
        person_ids=[group.owner_person_id],
        detail={
            "group": group.name,
            "available": format_cents(available_micro),
            "lacking": format_cents(lacking_micro),
            "currency": estate.currency,
        },
        now=now,
    )


async def ask_filling_on_crossing(session: AsyncSession, event: BalanceCrossed, now: datetime) -> None:  # noqa: ARG001 - a handler
    """Let a worker fill the group of a wallet whose balance ran low or out, if the group's rule is on.

    Not at once: the charging that crossed holds rows in an order of its own.
    """
    if event.after is Standing.IN_CREDIT:
        return
    group_id = await queries.group_filling(session, estate_id=event.estate_id, wallet_id=event.wallet_id)
    if group_id is not None:
        await enqueue(session, task=FILL_TASK, estate_id=event.estate_id, group_id=group_id)
