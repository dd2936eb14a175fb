"""What accounts of income took in and those of expense cost, from the balances at the borders of months."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from sqlalchemy import text

from mita.ledger.domain.chart import AccountClass, first_words
from mita.ledger.queries.archived import refuse_archived

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

# The balance before a month is that of the last entry of an earlier one, or what a close wrote down if those
# entries are archived: one look into an index each, however many charges a month has.
_BEFORE = text("""
    SELECT a.estate_id, a.code, m.month, coalesce(
        (SELECT e.balance_after_micro FROM entry AS e
         WHERE e.estate_id = a.estate_id AND e.account_id = a.account_id AND e.period < m.month
         ORDER BY e.seq DESC LIMIT 1),
        (SELECT o.opening_micro FROM account_opening AS o
         WHERE o.estate_id = a.estate_id AND o.account_id = a.account_id AND o.period <= m.month
         ORDER BY o.period DESC LIMIT 1),
        0) AS before_micro
    FROM account AS a CROSS JOIN unnest(CAST(:borders AS date[])) AS m(month)
    WHERE a.estate_id = ANY (:estate_ids) AND split_part(a.code, ':', 1) = ANY (:words)
    ORDER BY a.estate_id, a.account_id, m.month
""")


async def revenue(
    session: AsyncSession, *, estate_ids: Sequence[int], borders: Sequence[date]
) -> dict[tuple[int, str], list[int]]:
    """Return the net micro-money that accounts of income took in, by (estate id, code of the account).

    One amount from each of ``borders``, which are first days of months and ascend, to the next one. By the
    month in which it was booked: a late reading counts in the first month that was still open.

    :raises MonthArchived: if the first month's entries were archived
    """
    return await _moved(
        session, estate_ids=estate_ids, borders=borders, words=first_words(AccountClass.INCOME)
    )


async def revenue_and_costs(
    session: AsyncSession, *, estate_ids: Sequence[int], borders: Sequence[date]
) -> dict[int, list[tuple[int, int]]]:
    """Return (what accounts of income took in, what accounts of expense cost) in micro-money, by estate id.

    Months are as in :func:`revenue`. Costs are above zero where more was spent than given back. An estate
    without any such account is not there.

    :raises MonthArchived: if the first month's entries were archived
    """
    costs = first_words(AccountClass.EXPENSE)
    words = [*first_words(AccountClass.INCOME), *costs]
    found = await _moved(session, estate_ids=estate_ids, borders=borders, words=words)
    sums: dict[int, list[tuple[int, int]]] = {}
    for (estate_id, code), amounts in found.items():
        is_cost = code.partition(":")[0] in costs
        before = sums.get(estate_id, [(0, 0)] * len(amounts))
        sums[estate_id] = [
            # plus is credit: an expense grows below zero
            (income, spent - each) if is_cost else (income + each, spent)
            for (income, spent), each in zip(before, amounts, strict=True)
        ]
    return sums


async def _moved(
    session: AsyncSession, *, estate_ids: Sequence[int], borders: Sequence[date], words: Sequence[str]
) -> dict[tuple[int, str], list[int]]:
    assert all(each.day == 1 for each in borders), "months begin on their first day"
    await refuse_archived(session, period=borders[0])
    asked = {"estate_ids": list(estate_ids), "borders": list(borders), "words": list(words)}
    before: dict[tuple[int, str], list[int]] = {}
    for row in await session.execute(_BEFORE, asked):
        before.setdefault((row.estate_id, row.code), []).append(int(row.before_micro))
    return {key: [after - now for now, after in pairwise(micro)] for key, micro in before.items()}
