"""Three verifiers: chains and identities, re-derived from the rows alone, and checkpoints from outside."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from mita.kit.db import driver_connection
from mita.ledger.domain import Break, SignedHeads, genesis_hash
from mita.ledger.models import Account
from mita.ledger.queries.archived import archived_through
from mita.ledger.queries.chains import walk_chains
from mita.ledger.queries.signed import entries_after_close, signed_heads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.ledger.domain import ChainCheck, Published, VerifierKey
    from mita.ledger.queries.signed import Outside

IDENTITIES = "identities"
_PLACES_MAX = 10

# place, what is said of it, query
_IDENTITIES = (
    (
        "journal {0}",
        "{1}",
        (
            "SELECT journal_id, said FROM ("
            " SELECT journal_id, CASE"
            "  WHEN j.digest IS NULL THEN 'its entries have no journal'"
            "  WHEN e.total IS NULL THEN 'it has no entries'"
            "  WHEN e.total <> 0 THEN format('its entries sum to %%s instead of zero', e.total)"
            "  WHEN e.first <> j.period OR e.last <> j.period THEN 'its entries are in another month'"
            "  WHEN j.digest <> ledger_journal_digest("
            "   j.kind, j.actor, j.currency::text, j.memo, j.booked_at, j.idempotency_key"
            "  ) THEN 'its digest is not that of its contents' END AS said"
            " FROM (SELECT * FROM journal WHERE estate_id = %(id)s AND period > %(after)s) AS j"
            # summed first: without statistics a join would look through all entries for each journal
            " FULL JOIN (SELECT journal_id, sum(amount_micro) AS total,"
            "  min(period) AS first, max(period) AS last FROM entry"
            "  WHERE estate_id = %(id)s GROUP BY journal_id) AS e USING (journal_id)"
            ") AS judged WHERE said IS NOT NULL ORDER BY journal_id LIMIT %(limit)s"
        ),
    ),
    (
        "request {0}",
        "its journal is missing",
        (
            "SELECT key FROM request AS r WHERE estate_id = %(id)s AND NOT EXISTS (SELECT FROM journal AS j"
            " WHERE j.estate_id = r.estate_id AND j.journal_id = r.journal_id) ORDER BY key LIMIT %(limit)s"
        ),
    ),
    (
        # the newest one is enough: an entry smuggled into any closed month comes after it in its chain
        "account {0}",
        "at the start of {1} its entries stood at another place than the close wrote down",
        (
            # an account without an opening was opened later and has nothing there
            "SELECT a.account_id, to_char(n.period, 'YYYY-MM')"
            " FROM (SELECT max(period) AS period FROM account_opening WHERE estate_id = %(id)s) AS n"
            " CROSS JOIN account AS a LEFT JOIN account_opening AS o"
            "  ON o.estate_id = a.estate_id AND o.account_id = a.account_id AND o.period = n.period"
            " CROSS JOIN LATERAL ("
            " SELECT e.seq, e.balance_after_micro, e.hash FROM entry AS e"
            "  WHERE e.estate_id = a.estate_id AND e.account_id = a.account_id AND e.period < n.period"
            "  ORDER BY e.seq DESC LIMIT 1) AS last"
            " WHERE a.estate_id = %(id)s AND (o.seq, o.opening_micro, o.hash) IS DISTINCT FROM"
            "  (last.seq, last.balance_after_micro, last.hash)"
            " ORDER BY a.account_id LIMIT %(limit)s"
        ),
    ),
    (
        "month {0}",
        "it was locked with {1} entries and a turnover of {2} micro, and has {3} and {4}",
        (
            "SELECT to_char(p.period, 'YYYY-MM'), p.entries, p.turnover_micro, coalesce(e.entries, 0),"
            " coalesce(e.turnover_micro, 0) FROM period AS p LEFT JOIN ("
            " SELECT period, count(*) AS entries, sum(greatest(amount_micro, 0)) AS turnover_micro FROM entry"
            "  WHERE estate_id = %(id)s AND period <= (SELECT max(l.period) FROM period AS l"
            "   WHERE l.estate_id = %(id)s AND l.state = 2) GROUP BY period) AS e USING (period)"
            " WHERE p.estate_id = %(id)s AND p.state = 2 AND p.period > %(after)s"
            " AND (p.entries, p.turnover_micro)"
            "  IS DISTINCT FROM (coalesce(e.entries, 0), coalesce(e.turnover_micro, 0))"
            " ORDER BY p.period LIMIT %(limit)s"
        ),
    ),
    (
        "currency {0}",
        "the balances of all accounts sum to {1} instead of zero",
        (
            "SELECT currency, sum(posted_micro) FROM account WHERE estate_id = %(id)s GROUP BY currency"
            " HAVING sum(posted_micro) <> 0 ORDER BY currency LIMIT %(limit)s"
        ),
    ),
    (
        "account {0}",
        "{1} is held, its open holds sum to {2}",
        (
            "SELECT account_id, coalesce(a.held_micro, 0), coalesce(h.open_micro, 0)"
            # what has accrued is held too; charging knows what it is made of
            " FROM (SELECT account_id, held_micro - accrued_micro AS held_micro FROM account"
            "  WHERE estate_id = %(id)s) AS a"
            " FULL JOIN (SELECT account_id, sum(amount_micro) AS open_micro FROM hold AS o"
            "  WHERE estate_id = %(id)s AND NOT EXISTS (SELECT FROM hold_resolution AS r"
            "   WHERE r.estate_id = o.estate_id AND r.hold_id = o.hold_id)"
            "  GROUP BY account_id) AS h USING (account_id)"
            " WHERE coalesce(a.held_micro, 0) <> coalesce(h.open_micro, 0)"
            " ORDER BY account_id LIMIT %(limit)s"
        ),
    ),
)

_OF_ACCOUNTS = (
    (
        "account {0}",
        "{1} is held, its open holds sum to {2}",
        (
            "SELECT account_id, held_micro, open_micro FROM (SELECT a.account_id,"
            " a.held_micro - a.accrued_micro AS held_micro, coalesce(("
            " SELECT sum(o.amount_micro) FROM hold AS o"
            "  WHERE o.estate_id = a.estate_id AND o.account_id = a.account_id"
            "  AND NOT EXISTS (SELECT FROM hold_resolution AS r"
            "   WHERE r.estate_id = o.estate_id AND r.hold_id = o.hold_id)), 0) AS open_micro"
            " FROM account AS a WHERE a.estate_id = %(id)s AND a.account_id = ANY (%(accounts)s)) AS held"
            " WHERE held_micro <> open_micro ORDER BY account_id LIMIT %(limit)s"
        ),
    ),
    (
        "journal {0}",
        "its digest is not that of its contents",
        (
            "SELECT journal_id FROM journal AS j WHERE estate_id = %(id)s AND journal_id IN ("
            " SELECT journal_id FROM entry WHERE estate_id = %(id)s AND account_id = ANY (%(accounts)s)"
            ") AND digest <> ledger_journal_digest("
            " kind, actor, currency::text, memo, booked_at, idempotency_key"
            ") ORDER BY journal_id LIMIT %(limit)s"
        ),
    ),
)


@dataclass(slots=True)
class Verification:
    """What the verifiers found in an estate's ledger; nothing broken means it is verified.

    ``checkpoints`` counts those that were read whole.
    """

    accounts: int = 0
    entries: int = 0
    checkpoints: int = 0
    breaks: list[Break] = field(default_factory=list)

    @property
    def is_verified(self) -> bool:
        """Whether nothing was found."""
        return not self.breaks


class AccountHead(NamedTuple):
    """Where an account says that it stands."""

    account_id: int
    code: str
    head_seq: int
    posted_micro: int
    head_hash: bytes


@dataclass(frozen=True, slots=True)
class AccountsVerification:
    """What was found of some accounts: their rows by id, entries re-derived of each, and what is broken."""

    accounts: list[AccountHead]
    entries: dict[int, int]
    breaks: list[Break]


async def verify(
    session: AsyncSession,
    *,
    estate_id: int,
    outside: Outside | None = None,
    beside: AsyncSession | None = None,
    progress: Callable[[int], None] | None = None,
) -> Verification:
    """Re-derive chains and identities of an estate from its rows alone; compare them with its checkpoints.

    Checkpoints are looked at if ``outside`` is given: the published ones, and those of the table. The session
    should be a REPEATABLE READ snapshot if anybody writes meanwhile; on another one ``beside`` it, identities
    are summed while the chains are walked. ``progress`` is told how many entries are done.
    """
    if beside is None:
        found, against = await _walked(session, estate_id=estate_id, outside=outside, progress=progress)
        identities = await _identity_breaks(session, estate_id=estate_id)
    else:
        summing = asyncio.create_task(_identity_breaks(beside, estate_id=estate_id))
        try:
            found, against = await _walked(session, estate_id=estate_id, outside=outside, progress=progress)
            identities = await summing
        finally:
            summing.cancel()
    found.breaks += [*identities, *against]
    return found


async def _walked(
    session: AsyncSession,
    *,
    estate_id: int,
    outside: Outside | None,
    progress: Callable[[int], None] | None,
) -> tuple[Verification, list[Break]]:
    """Return what chains and heads are, and what is wrong against the checkpoints."""
    signed = SignedHeads(estate_id=estate_id, keys=())
    if outside is not None:
        signed = await signed_heads(session, estate_id=estate_id, outside=outside)
    witnesses = signed.witnesses()
    check = await walk_chains(session, estate_id=estate_id, witnesses=witnesses, progress=progress)
    heads = await _heads(session, estate_id=estate_id)
    breaks = [*check.breaks, *_head_breaks(heads, check=check, estate_id=estate_id)]
    head_seqs = {account_id: account.head_seq for account_id, account in heads.items()}
    against = signed.breaks(witnesses, head_seqs=head_seqs, archived_seqs=_archived_seqs(check))
    close = signed.newest_close()
    if close is not None:
        against += await entries_after_close(session, estate_id=estate_id, close=close)
    return Verification(len(heads), check.entries, len(signed.checked), breaks), against


async def _identity_breaks(session: AsyncSession, *, estate_id: int) -> list[Break]:
    connection = await driver_connection(session)
    # entries of archived months are in files, where `mita fsck` sums them
    after = await archived_through(session) or date.min
    found = []
    for place, detail, statement in _IDENTITIES:
        cursor = await connection.execute(statement, {"id": estate_id, "after": after, "limit": _PLACES_MAX})
        found += [
            Break(IDENTITIES, place.format(*row), detail.format(*row)) for row in await cursor.fetchall()
        ]
    return found


async def verify_accounts(
    session: AsyncSession,
    *,
    estate_id: int,
    account_ids: Sequence[int],
    newest: Published | None,
    keys: Sequence[VerifierKey],
) -> AccountsVerification:
    """Re-derive the chains of some accounts.

    Their heads, what is held and the journals of their entries are checked too, and their leaves in the
    ``newest`` checkpoint if one of ``keys`` has signed it. What only a look at all accounts shows is not.
    """
    signed = SignedHeads(estate_id=estate_id, keys=keys)
    if newest is not None and keys:
        signed.take(newest)
        signed.keep(account_ids)
    witnesses = signed.witnesses()
    check = await walk_chains(session, estate_id=estate_id, account_ids=account_ids, witnesses=witnesses)
    heads = await _heads(session, estate_id=estate_id, account_ids=account_ids)
    broken = [*check.breaks, *_head_breaks(heads, check=check, estate_id=estate_id)]
    connection = await driver_connection(session)
    chosen = {"id": estate_id, "accounts": list(account_ids), "limit": _PLACES_MAX}
    for place, detail, statement in _OF_ACCOUNTS:
        rows = await (await connection.execute(statement, chosen)).fetchall()
        broken += [Break(IDENTITIES, place.format(*row), detail.format(*row)) for row in rows]
    head_seqs = {account_id: account.head_seq for account_id, account in heads.items()}
    broken += signed.breaks(witnesses, head_seqs=head_seqs, archived_seqs=_archived_seqs(check))
    entries = {account_id: seq for account_id, (seq, _, _) in check.ends.items()}
    return AccountsVerification(list(heads.values()), entries, broken)


async def _heads(
    session: AsyncSession, *, estate_id: int, account_ids: Sequence[int] | None = None
) -> dict[int, AccountHead]:
    columns = (Account.account_id, Account.code, Account.head_seq, Account.posted_micro, Account.head_hash)
    statement = select(*columns).where(Account.estate_id == estate_id).order_by(Account.account_id)
    if account_ids is not None:
        statement = statement.where(Account.account_id.in_(list(account_ids)))
    return {row[0]: AccountHead(*row) for row in await session.execute(statement)}


def _archived_seqs(check: ChainCheck) -> dict[int, int]:
    return {account_id: seq for account_id, (seq, _, _) in check.openings.items()}


def _head_breaks(heads: dict[int, AccountHead], *, check: ChainCheck, estate_id: int) -> list[Break]:
    found = []
    for account_id, account in heads.items():
        genesis = genesis_hash(estate_id=estate_id, account_id=account_id)
        seq, balance, last_hash = check.ends.get(account_id, (0, 0, genesis))
        place = f"account {account_id}"
        if account.head_seq != seq:
            detail = f"its head is at entry {account.head_seq}, its last entry is {seq}"
            found.append(Break(IDENTITIES, place, detail))
        if account.posted_micro != balance:
            found.append(Break(IDENTITIES, place, "its balance is not that of its last entry"))
        if account.head_hash != last_hash:
            found.append(Break(IDENTITIES, place, "its head hash is not that of its last entry"))
    found += [
        Break(IDENTITIES, f"account {account_id}", "it has entries and no row")
        for account_id in sorted(set(check.ends) - set(heads))
    ]
    return found
