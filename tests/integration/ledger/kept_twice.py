"""The ledger and the oracle side by side: one order to both, the same answer, the same books afterwards."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis.stateful import RuleBasedStateMachine, invariant

from mita.estates import operations as estates
from mita.kit.db import Database
from mita.kit.errors import Refusal
from mita.kit.ids import new_id
from mita.ledger import operations as ledger
from mita.ledger import queries
from mita.ledger.domain import EntryKind
from tests.unit.ledger.oracle import Done, Oracle, Purse, Refused

from .tables import picture

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    import psycopg
    from sqlalchemy.ext.asyncio import AsyncSession

RAND = 1_000_000
WALLETS = ["wallet:1:general", "wallet:1:electricity", "wallet:2:general", "group:1"]
SYSTEM = ["clearing:cash", "clearing:transfers", "bank", "adjustments", "income:electricity", "tax"]
FOREIGN = "wallet:9:general"
NOBODY = 10**12


class KeptTwice(RuleBasedStateMachine):
    """An estate's books, kept by the ledger and by the oracle."""

    url: str
    admin: psycopg.Connection
    answers: ClassVar[Counter[str]] = Counter()  # what was answered, over all walks

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.database = Database(self.url)
        self.now = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
        self.estate_id = 0
        self.oracle = Oracle()
        self.journal_ids: list[UUID] = []  # by the oracle's numbers
        self.hold_ids: list[UUID] = []
        self.wish_ids: list[UUID] = []
        self.asked_before: list[tuple[Any, Any, Any]] = []

    def teardown(self) -> None:
        try:
            if self.estate_id:
                self._entries_are_the_same()
        finally:
            self.runner.run(self.database.close())
            self.runner.close()

    def create_estate(self) -> None:
        async def create() -> int:
            async with self.database.unit_of_work(estates=[]) as session:
                estate = await estates.create_estate(
                    session,
                    name=str(new_id()),
                    currency="ZAR",
                    time_zone="Africa/Johannesburg",
                    seen=[],
                    now=self.now,
                )
                return estate.estate_id

        self.estate_id = self.runner.run(create())

    # ── the two of them side by side ─────────────────────────────────────────────────────────────

    def _does(self, operation: Callable[[AsyncSession], Awaitable[Any]]) -> Any:
        async def one() -> Any:
            async with self.database.unit_of_work(estates=[self.estate_id]) as session:
                return await operation(session)

        return self.runner.run(one())

    def _both(
        self,
        product: Callable[[AsyncSession], Awaitable[Any]],
        model: Callable[[], Any],
        compare: Callable[[Any, Any], None] = lambda _found, _expected: None,
        *,
        has_key: bool = False,
    ) -> None:
        """Let both do it; a refusal has the same code and, like a repeat, changes no byte."""
        if has_key:
            self.asked_before.append((product, model, compare))
        before = picture(self.admin, estate_id=self.estate_id)
        expected: Any = None
        try:
            expected = model()
            code = ""
        except Refused as refused:
            code = refused.code
        try:
            found = self._does(product)
            answered = ""
        except Refusal as refusal:
            found, answered = None, refusal.code
        assert answered == code
        is_repeat = isinstance(expected, Done) and expected.is_repeat
        if code or is_repeat:
            assert picture(self.admin, estate_id=self.estate_id) == before
        if not code:
            compare(found, expected)
        KeptTwice.answers[code or ("repeat" if is_repeat else sys._getframe(1).f_code.co_name)] += 1

    def _is_journal(self, found: UUID | None, done: Done) -> None:
        if done.journal is None:
            assert found is None
        elif done.journal == len(self.journal_ids):
            assert found is not None
            assert found not in self.journal_ids
            self.journal_ids.append(found)
        else:
            assert found == self.journal_ids[done.journal]

    def _open(self, codes: list[str], currency: str) -> None:
        ids = self._does(
            lambda session: ledger.open_accounts(
                session, estate_id=self.estate_id, codes=codes, currency=currency
            )
        )
        assert len(set(ids.values())) == len(codes)
        for code in codes:
            self.oracle.accounts.setdefault(ids[code], Purse(code, currency))
            assert self.oracle.accounts[ids[code]].code == code

    def _id(self, code: str) -> int:
        return next(number for number, purse in self.oracle.accounts.items() if purse.code == code)

    def _place(self, place: int) -> int:
        """Return an account of somebody; of another currency, or nobody's, for the last two."""
        return NOBODY if place > len(WALLETS) else self._id([*WALLETS, FOREIGN][place])

    def newest(self, place: int) -> int:
        """Return the seq of an account's newest entry."""
        return len(self.oracle.accounts[self._place(place)].rows)

    # ── after every step ─────────────────────────────────────────────────────────────────────────

    @invariant()
    def accounts_are_the_same(self) -> None:
        if not self.estate_id:
            return
        found = self.admin.execute(
            "SELECT account_id, posted_micro, held_micro, floor_micro, head_seq, head_booked_at FROM account"
            " WHERE estate_id = %s",
            (self.estate_id,),
        ).fetchall()
        assert {row[0]: row[1:] for row in found} == {
            account: (purse.balance, purse.held, purse.floor, len(purse.rows), purse.booked_at)
            for account, purse in self.oracle.accounts.items()
        }

    @invariant()
    def ledger_verifies(self) -> None:
        if not self.estate_id:
            return

        async def verified() -> list[Any]:
            async with self.database.snapshot(estates=[self.estate_id]) as session:
                found = await queries.verify(session, estate_id=self.estate_id)
            assert found.entries == sum(map(len, self.oracle.journals))
            return found.breaks

        assert self.runner.run(verified()) == []

    def _entries_are_the_same(self) -> None:
        found = self.admin.execute(
            "SELECT account_id, seq, journal_id, amount_micro, balance_after_micro, kind, period, event_at"
            " FROM entry WHERE estate_id = %s ORDER BY account_id, seq",
            (self.estate_id,),
        ).fetchall()
        assert found == [
            (
                account,
                seq,
                self.journal_ids[row.journal],
                row.amount,
                row.after,
                int(EntryKind[row.kind.upper()]),
                row.month,
                row.event_at,
            )
            for account, purse in sorted(self.oracle.accounts.items())
            for seq, row in enumerate(purse.rows, start=1)
        ]
        self._locked_months_are_the_same()

    def _locked_months_are_the_same(self) -> None:
        for month, sealed in self.oracle.locked.items():
            totals = self.admin.execute(
                "SELECT entries, turnover_micro FROM period WHERE estate_id = %s AND period = %s",
                (self.estate_id, month),
            ).fetchone()
            assert totals == ((None, None) if sealed is None else (sealed.entries, sealed.turnover))
            openings = self.admin.execute(
                "SELECT account_id, opening_micro, seq FROM account_opening"
                " WHERE estate_id = %s AND period = %s + interval '1 month'",
                (self.estate_id, month),
            ).fetchall()
            assert {row[0]: row[1:] for row in openings} == ({} if sealed is None else sealed.ends)
