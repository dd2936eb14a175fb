"""A wallet with its balances in one small read, for whoever asks all the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.kit.clock import from_us
from mita.kit.reads import Read
from mita.ledger.queries import live_balance_sql
from mita.wallets.domain import GENERAL, Standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mita.kit.reads import Reads
    from mita.wallets.models import Wallet
    from mita.wallets.queries.accounts import AccountInfo


@dataclass(frozen=True, slots=True)
class SeenAccount:
    """An account of a wallet with its live balance; the utility of the general account is ``general``."""

    account_id: int
    utility: str
    balance_micro: int
    standing: Standing


@dataclass(frozen=True, slots=True)
class SeenWallet:
    """A wallet with all its accounts, in the order of their ids."""

    wallet_id: int
    unit_id: int
    created_at: datetime
    currency: str
    accounts: Sequence[SeenAccount]

    @classmethod
    def of(
        cls, row: Wallet, *, accounts: Sequence[AccountInfo], balances_micro: Mapping[int, int], currency: str
    ) -> SeenWallet:
        """Return a wallet of what was read about several."""
        mine = [
            SeenAccount(each.account_id, each.utility, balances_micro[each.account_id], each.standing)
            for each in accounts
            if each.wallet_id == row.wallet_id
        ]
        return cls(row.wallet_id, row.unit_id, row.created_at, currency, mine)


_STANDINGS = {str(int(each)).encode(): each for each in Standing}
_BALANCE = live_balance_sql(estate="a.estate_id", account="a.account_id")
_WALLET = Read(
    "wallet",
    f"""
    SELECT asked.place, w.unit_id, (extract(epoch FROM w.created_at) * 1000000)::bigint, e.currency,
           a.account_id, a.utility, {_BALANCE}, a.standing
    FROM unnest($1::text[]::bigint[], $2::text[]::bigint[]) WITH ORDINALITY
        AS asked(estate_id, wallet_id, place)
    JOIN wallet w ON w.estate_id = asked.estate_id AND w.wallet_id = asked.wallet_id
    JOIN estate e ON e.estate_id = w.estate_id AND e.archived_at IS NULL
    JOIN wallet_account a ON a.estate_id = w.estate_id AND a.wallet_id = w.wallet_id
    ORDER BY a.account_id
    """,  # noqa: S608 - of constants
    of_many=True,
)
# only by a live grant of one's own: an owner of a group sees its wallets in the group only
_WALLET_OF_PERSON = Read(
    "wallet_of_person",
    "SELECT * FROM seen_balances($1::text[]::bigint[], $2::text[]::bigint[], $3::text[]::bigint[])",
    of_many=True,
)


async def seen_wallet(
    reads: Reads, *, estate_id: int, wallet_id: int, person_id: int | None = None
) -> SeenWallet | None:
    """Return a wallet of an estate that is not archived, or None.

    With ``person_id`` only one that this person has a live grant for.

    :raises mita.kit.reads.ReadsAway: if the connection for small reads is away
    """
    if person_id is None:
        rows = await reads.rows(_WALLET, estate_id, wallet_id, estates=[estate_id])
    else:
        rows = await reads.rows(_WALLET_OF_PERSON, estate_id, wallet_id, person_id)
    accounts = [
        SeenAccount(int(account_id), utility.decode(), int(balance), _STANDINGS[standing])
        for _, _, _, account_id, utility, balance, standing in rows
        if account_id is not None and utility is not None and balance is not None and standing is not None
    ]
    # something of it that is not seen is not left out: then it is not this read's to answer
    if len(accounts) != len(rows) or [each.utility for each in accounts].count(GENERAL) != 1:
        return None
    unit_id, created_us, currency = rows[0][:3]
    assert unit_id is not None, "a wallet is of a unit"
    assert created_us is not None, "a wallet was made some time"
    assert currency is not None, "an estate has a currency"
    return SeenWallet(wallet_id, int(unit_id), from_us(int(created_us)), currency.decode(), accounts)
