"""Every order that a ledger takes, as steps of a walk."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    precondition,
    rule,
)

from mita.ledger import operations as ledger
from mita.ledger.domain import EntryKind, JournalKind
from mita.ledger.operations import Authorisation, Line, Movement, Order, StaleHeads
from tests.unit.ledger.oracle import Done, Part, local_month

from .kept_twice import FOREIGN, RAND, SYSTEM, WALLETS, KeptTwice
from .tables import picture
from .writing import Charge, charge

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

PEOPLE = ["staff:ann", "staff:ben"]
OPERATIONS = (
    "top_up",
    "transfer",
    "pay_out",
    "bank_clearing",
    "place_hold",
    "resolve_hold",
    "expire_holds",
    "reverse_entry",
    "ask_adjustment",
    "decide_adjustment",
    "close_month",
    "lock_month",
)
REFUSALS = (
    "repeat",
    "idempotency_key_reused",
    "not_enough",
    "not_found",
    "invalid",
    "hold_resolved",
    "entry_already_reversed",
    "entry_not_reversible",
    "adjustment_decided",
    "second_person_needed",
    "month_not_over",
    "month_closed",
)

# now and then an account of another currency, or nobody's
PLACES = st.sampled_from([0, 2, 1, 3, 0, 2, 1, 3, 0, 2, 1, 3, 0, 2, 4, 5])
AMOUNTS = st.sampled_from([3 * RAND, 1, 10 * RAND, 3 * RAND + 1, 5 * RAND, 40 * RAND, 0])
KEYS = st.integers(min_value=0, max_value=12).map(str)
NUMBERS = st.integers(min_value=0, max_value=30)


class Books(KeptTwice):
    """Everything that can be asked of a ledger."""

    @initialize()
    def open_estate(self) -> None:
        self.create_estate()
        self._open(WALLETS + SYSTEM, "ZAR")
        self._open([FOREIGN], "EUR")
        for key, place in enumerate((0, 2)):
            self.top_up(place, 40 * RAND, f"opening {key}")

    # ── operations ───────────────────────────────────────────────────────────────────────────────

    @rule(wait=st.sampled_from([1 / 60, 5, 5, 24 * 9, 24 * 25, -3]))
    def time_passes(self, wait: float) -> None:
        # a clock that goes back a little is an operator's Monday
        self.now += timedelta(hours=wait)

    @rule(wallet=st.integers(1, 3))
    def open_accounts(self, wallet: int) -> None:
        self._open([f"wallet:{wallet}:water", WALLETS[wallet], "payable:city"], "ZAR")

    @rule(place=PLACES, amount=AMOUNTS, key=KEYS)
    def top_up(self, place: int, amount: int, key: str) -> None:
        wallet, clearing = self._place(place), self._id("clearing:cash")
        amount = max(amount, 1)
        lines = [
            Line(clearing, -amount, EntryKind.CLEARING),
            Line(wallet, amount, EntryKind.TOP_UP),
        ]
        movement = Movement(
            JournalKind.TOP_UP, lines, "staff:ann", "cash", key=key, scope="top_up", body=[wallet, amount]
        )
        self._both(
            lambda session: ledger.book(session, estate_id=self.estate_id, movement=movement, now=self.now),
            lambda: self.oracle.move(
                "top_up",
                giving=clearing,
                getting=wallet,
                amount=amount,
                key=key,
                now=self.now,
                is_bound=False,
                other_kind="clearing",
            ),
            self._is_booked,
            has_key=True,
        )

    def _is_booked(self, found: Any, done: Done) -> None:
        assert found.is_repeat == done.is_repeat
        self._is_journal(found.journal_id, done)
        for account, balance in found.balances_micro.items():
            assert balance == self.oracle.accounts[account].balance

    @precondition(lambda self: self.asked_before)
    @rule(number=NUMBERS)
    def ask_again(self, number: int) -> None:
        self._both(*self.asked_before[-1 - number % len(self.asked_before)])

    def _order(self, amount: int, key: str) -> Order:
        return Order(amount, "an order", key, "staff:ann")

    @rule(giving=PLACES, getting=PLACES, amount=AMOUNTS, key=KEYS)
    def transfer(self, giving: int, getting: int, amount: int, key: str) -> None:
        between = {"from_id": self._place(giving), "to_id": self._place(getting)}

        async def product(session: AsyncSession) -> Any:
            order = self._order(amount, key)
            return await ledger.transfer(
                session, estate_id=self.estate_id, order=order, now=self.now, **between
            )

        self._both(
            product,
            lambda: self.oracle.move(
                "transfer",
                giving=between["from_id"],
                getting=between["to_id"],
                amount=amount,
                key=key,
                now=self.now,
            ),
            self._is_booked,
            has_key=True,
        )

    @rule(giving=PLACES, amount=AMOUNTS, key=KEYS)
    def pay_out(self, giving: int, amount: int, key: str) -> None:
        account, clearing = self._place(giving), self._id("clearing:transfers")
        self._both(
            lambda session: ledger.pay_out(
                session,
                estate_id=self.estate_id,
                account_id=account,
                order=self._order(amount, key),
                now=self.now,
            ),
            lambda: self.oracle.move(
                "pay_out", giving=account, getting=clearing, amount=amount, key=key, now=self.now
            ),
            self._is_booked,
            has_key=True,
        )

    @rule(method=st.sampled_from(["cash", "transfers"]), is_incoming=st.booleans(), amount=AMOUNTS, key=KEYS)
    def bank_clearing(self, method: str, *, is_incoming: bool, amount: int, key: str) -> None:
        sides = [self._id("bank"), self._id(f"clearing:{method}")]
        giving, getting = sides if is_incoming else reversed(sides)
        self._both(
            lambda session: ledger.bank_clearing(
                session,
                estate_id=self.estate_id,
                method=method,
                order=self._order(amount, key),
                is_incoming=is_incoming,
                now=self.now,
            ),
            lambda: self.oracle.move(
                "banking", giving=giving, getting=getting, amount=amount, key=key, now=self.now
            ),
            self._is_booked,
            has_key=True,
        )

    @rule(place=PLACES, amount=AMOUNTS, hours=st.integers(0, 50), key=KEYS)
    def place_hold(self, place: int, amount: int, hours: int, key: str) -> None:
        expires_at = self.now.replace(minute=0) + timedelta(hours=hours)
        account = self._place(place)
        asked = Authorisation(account, amount, "a geyser", expires_at)

        def compare(found: tuple[UUID, bool], done: Done) -> None:
            assert found[1] == done.is_repeat
            if not done.is_repeat:
                self.hold_ids.append(found[0])
            assert found[0] == self.hold_ids[done.journal or 0]

        self._both(
            lambda session: ledger.place_hold(
                session, estate_id=self.estate_id, asked=asked, key=key, actor="staff:ann", now=self.now
            ),
            lambda: self.oracle.place(account, amount, expires_at=expires_at, key=key, now=self.now),
            compare,
            has_key=True,
        )

    @precondition(lambda self: self.hold_ids)
    @rule(number=NUMBERS, part=st.sampled_from([0, 1, 2, 3]), to=st.none() | PLACES)
    def resolve_hold(self, number: int, part: int, to: int | None) -> None:
        number = -1 - number % len(self.hold_ids)
        amount = self.oracle.holds[number].amount
        taken = [0, amount - 1, amount, amount + 1][part]
        account = None if to is None else self._place(to)
        self._both(
            lambda session: ledger.resolve_hold(
                session,
                estate_id=self.estate_id,
                hold_id=self.hold_ids[number],
                taken_micro=taken,
                to_account_id=account,
                actor="staff:ben",
                now=self.now,
            ),
            lambda: self.oracle.resolve(number, taken=taken, to=account, now=self.now),
            self._is_journal,
        )

    @precondition(lambda self: self.hold_ids)
    @rule()
    def expire_holds(self) -> None:
        def compare(found: int, expected: int) -> None:
            assert found == expected

        self._both(
            lambda session: ledger.expire_holds(session, estate_id=self.estate_id, now=self.now),
            lambda: self.oracle.expire(now=self.now),
            compare,
        )

    @rule(place=NUMBERS, seq=st.integers(1, 8), is_split=st.booleans())
    def reverse_entry(self, place: int, seq: int, *, is_split: bool) -> None:
        account = list(self.oracle.accounts)[place % len(self.oracle.accounts)]
        rows = self.oracle.accounts[account].rows
        counters: list[tuple[int, int]] = []
        if is_split and seq <= len(rows) and rows[seq - 1].kind == "charge":
            income = rows[seq - 1].amount // 3
            counters = [
                (self._id("income:electricity"), income),
                (self._id("tax"), rows[seq - 1].amount - income),
            ]
        self._both(
            lambda session: ledger.reverse_entry(
                session,
                estate_id=self.estate_id,
                account_id=account,
                seq=seq,
                reason="a mistake",
                actor="staff:ann",
                now=self.now,
                counters=[ledger.Counter(*each) for each in counters],
            ),
            lambda: self.oracle.reverse(account, seq, counters=counters, now=self.now),
            self._is_booked,
        )

    @rule(limit=st.sampled_from([0, 3 * RAND, 20 * RAND]))
    def set_ledger_rule(self, limit: int) -> None:
        def model() -> None:
            self.oracle.limit = limit

        self._both(
            lambda session: ledger.set_ledger_rule(
                session,
                estate_id=self.estate_id,
                adjustment_limit_micro=limit,
                clearing_due_hours=24,
                now=self.now,
            ),
            model,
        )

    @rule(
        place=PLACES,
        amount=AMOUNTS | AMOUNTS.map(lambda amount: -amount),
        actor=st.sampled_from(PEOPLE),
        key=KEYS,
    )
    def ask_adjustment(self, place: int, amount: int, actor: str, key: str) -> None:
        account, other = self._place(place), self._id("adjustments")

        def compare(found: Any, done: Done) -> None:
            assert found.is_repeat == done.is_repeat
            self._is_journal(found.journal_id, done)
            if not done.is_repeat:
                self.wish_ids.append(found.adjustment_id)

        self._both(
            lambda session: ledger.ask_adjustment(
                session,
                estate_id=self.estate_id,
                account_id=account,
                amount_micro=amount,
                reason="a reason",
                key=key,
                actor=actor,
                now=self.now,
            ),
            lambda: self.oracle.ask(account, amount, other=other, actor=actor, key=key, now=self.now),
            compare,
            has_key=True,
        )

    @precondition(lambda self: self.wish_ids)
    @rule(number=NUMBERS, is_approved=st.booleans(), actor=st.sampled_from(PEOPLE))
    def decide_adjustment(self, number: int, *, is_approved: bool, actor: str) -> None:
        # the newest first: it is more likely to be undecided
        number = -1 - number % len(self.wish_ids)
        other = self._id("adjustments")
        self._both(
            lambda session: ledger.decide_adjustment(
                session,
                estate_id=self.estate_id,
                adjustment_id=self.wish_ids[number],
                is_approved=is_approved,
                actor=actor,
                now=self.now,
            ),
            lambda: self.oracle.decide(
                number, is_approved=is_approved, other=other, actor=actor, now=self.now
            ),
            self._is_journal,
        )

    @rule(
        parts=st.lists(st.tuples(st.integers(0, len(WALLETS) - 1), AMOUNTS), min_size=1, max_size=5),
        has_tax=st.booleans(),
    )
    def charge_batch(self, parts: list[tuple[int, int]], *, has_tax: bool) -> None:
        charges = self._charges(parts)
        income, tax = self._id("income:electricity"), self._id("tax") if has_tax else None
        found = self._does(
            lambda session: charge(
                session, estate_id=self.estate_id, charges=charges, income=income, tax=tax, now=self.now
            )
        )
        lines, event_ats = self._charged(charges, income, tax)
        number = self.oracle.book(lines, now=self.now, event_ats=event_ats)
        self._is_journal(found, Done(number))

    def _charges(self, parts: list[tuple[int, int]]) -> list[Charge]:
        return [
            Charge(self._place(place), max(amount, 1), self.now - timedelta(hours=9 - at, days=at % 2 * 30))
            for at, (place, amount) in enumerate(parts)
        ]

    def _charged(
        self, charges: list[Charge], income: int, tax: int | None
    ) -> tuple[list[Part], list[datetime]]:
        total = sum(each.amount_micro for each in charges)
        parts = [Part(each.account_id, -each.amount_micro, "charge") for each in charges]
        share = total // 8 if tax is not None else 0
        parts.append(Part(income, total - share, "income"))
        if tax is not None and share:
            parts.append(Part(tax, share, "tax"))
        happened = [each.event_at for each in charges] + [self.now] * (len(parts) - len(charges))
        return parts, happened

    @rule(place=st.integers(0, len(WALLETS) - 1))
    def charge_with_heads_that_have_moved(self, place: int) -> None:
        charges = self._charges([(place, RAND)])
        before = picture(self.admin, estate_id=self.estate_id)
        with pytest.raises(StaleHeads):
            self._does(
                lambda session: charge(
                    session,
                    estate_id=self.estate_id,
                    charges=charges,
                    income=self._id("income:electricity"),
                    tax=None,
                    now=self.now,
                    believed_behind=1,
                )
            )
        assert picture(self.admin, estate_id=self.estate_id) == before

    @rule(back=st.integers(0, 3))
    def close_month(self, back: int) -> None:
        month = self._months_back(back)
        self._both(
            lambda session: ledger.close_month(
                session, estate_id=self.estate_id, period=month, actor="staff:ann", now=self.now
            ),
            lambda: self.oracle.close(month, now=self.now),
        )

    @rule(back=st.integers(1, 3))
    def lock_month(self, back: int) -> None:
        month = self._months_back(back)
        self._both(
            lambda session: ledger.lock_month(session, estate_id=self.estate_id, period=month, now=self.now),
            lambda: self.oracle.lock(month),
        )

    def _months_back(self, back: int) -> date:
        month = local_month(self.now)
        for _ in range(back):
            month = (month - timedelta(days=1)).replace(day=1)
        return month
