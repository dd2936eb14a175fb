"""A ledger in memory: plain dictionaries and integers, written from what is promised, not from the code."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from typing import NamedTuple

ZONE = timezone(timedelta(hours=2))  # Africa/Johannesburg, which never changes its clocks
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Refused(Exception):
    """What the ledger has to answer instead; nothing is changed."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Part(NamedTuple):
    """A line to book."""

    account: int
    amount: int
    kind: str


class Done(NamedTuple):
    """The number of the journal that was booked, if one was, and whether that was long ago."""

    journal: int | None
    is_repeat: bool = False


class Row(NamedTuple):
    """An entry; its seq is its place in its account's list, counted from 1."""

    journal: int
    amount: int
    after: int
    kind: str
    month: date
    event_at: datetime


@dataclass
class Held:
    account: int
    amount: int
    expires_at: datetime
    outcome: str = ""


@dataclass
class Wish:
    account: int
    amount: int
    limit: int
    asked_by: str
    journal: int | None = None
    is_decided: bool = False


@dataclass
class Purse:
    """One account."""

    code: str
    currency: str
    balance: int = 0
    held: int = 0
    booked_at: datetime = LONG_AGO
    rows: list[Row] = field(default_factory=list)

    @property
    def floor(self) -> int | None:
        return 0 if self.code.startswith(("wallet:", "group:")) else None

    @property
    def available(self) -> int:
        return self.balance - self.held

    def lacks(self, amount: int) -> bool:
        return self.floor is not None and self.available - amount < self.floor


class Sealed(NamedTuple):
    """A locked month: what it held, and where each account stood at its end, as (balance, seq)."""

    entries: int
    turnover: int
    ends: dict[int, tuple[int, int]]


def local_month(instant: datetime) -> date:
    return instant.astimezone(ZONE).date().replace(day=1)


def month_after(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


class Oracle:
    """What a ledger answers and holds after every operation."""

    def __init__(self) -> None:
        self.accounts: dict[int, Purse] = {}
        self.journals: list[list[tuple[int, int]]] = []  # (account, seq) of its entries, by line
        self.known: dict[tuple[str, str], tuple[object, Done]] = {}
        self.holds: list[Held] = []
        self.wishes: list[Wish] = []
        self.reversed: set[tuple[int, int]] = set()
        self.closed: date | None = None
        self.locked: dict[date, Sealed | None] = {}  # None: closing
        self.limit = 0

    def _repeat(self, scope: str, key: str, body: object) -> Done | None:
        if (scope, key) not in self.known:
            return None
        before, done = self.known[scope, key]
        if before != body:
            raise Refused("idempotency_key_reused")
        return Done(done.journal, is_repeat=True)

    def _purse(self, account: int) -> Purse:
        if account not in self.accounts:
            raise Refused("not_found")
        return self.accounts[account]

    def _month(self, touched: list[Purse], now: datetime) -> date:
        months = [local_month(now)] + [purse.rows[-1].month for purse in touched if purse.rows]
        if self.closed is not None:
            months.append(month_after(self.closed))
        return max(months)

    def book(
        self,
        parts: list[Part],
        *,
        now: datetime,
        event_at: datetime | None = None,
        is_bound: bool = False,
        event_ats: list[datetime] | None = None,
    ) -> int:
        """Book one journal; return its number."""
        assert sum(part.amount for part in parts) == 0
        currencies = {self.accounts[p.account].currency for p in parts if p.account in self.accounts}
        if len(currencies) > 1:
            raise Refused("invalid")
        touched = {part.account: self._purse(part.account) for part in parts}
        for account, purse in touched.items():
            change = sum(part.amount for part in parts if part.account == account)
            if is_bound and change < 0 and purse.lacks(-change):
                raise Refused("not_enough")
        booked_at = max([now, *(purse.booked_at for purse in touched.values())])
        month = self._month(list(touched.values()), now)
        number, places = len(self.journals), []
        for line, part in enumerate(parts):
            purse = touched[part.account]
            purse.balance += part.amount
            happened = event_ats[line] if event_ats else event_at or booked_at
            purse.rows.append(Row(number, part.amount, purse.balance, part.kind, month, happened))
            purse.booked_at = booked_at
            places.append((part.account, len(purse.rows)))
        self.journals.append(places)
        return number

    def move(
        self,
        kind: str,
        *,
        giving: int,
        getting: int,
        amount: int,
        key: str,
        now: datetime,
        is_bound: bool = True,
        other_kind: str = "",
    ) -> Done:
        """Move money once per key between two accounts."""
        if amount <= 0 or giving == getting:
            raise Refused("invalid")
        body = (giving, getting, amount)
        repeat = self._repeat(kind, key, body)
        if repeat is not None:
            return repeat
        parts = [Part(giving, -amount, other_kind or kind), Part(getting, amount, kind)]
        done = Done(self.book(parts, now=now, is_bound=is_bound))
        self.known[kind, key] = (body, done)
        return done

    def place(self, account: int, amount: int, *, expires_at: datetime, key: str, now: datetime) -> Done:
        """Hold money; the number is the hold's."""
        if amount <= 0 or expires_at <= now:
            raise Refused("invalid")
        purse = self._purse(account)
        body = (account, amount, expires_at)
        repeat = self._repeat("hold", key, body)
        if repeat is not None:
            return repeat
        if purse.lacks(amount):
            raise Refused("not_enough")
        purse.held += amount
        self.holds.append(Held(account, amount, expires_at))
        done = Done(len(self.holds) - 1)
        self.known["hold", key] = (body, done)
        return done

    def resolve(self, number: int, *, taken: int, to: int | None, now: datetime) -> Done:
        """Take a part of a hold, or nothing."""
        hold = self.holds[number]
        if not 0 <= taken <= hold.amount:
            raise Refused("invalid")
        if hold.expires_at <= now:
            raise Refused("hold_resolved")
        if to is not None:
            self._purse(to)
        if hold.outcome:
            raise Refused("hold_resolved")
        if taken and (to is None or to == hold.account):
            raise Refused("invalid")
        journal = None
        if taken:
            assert to is not None
            parts = [Part(hold.account, -taken, "purchase"), Part(to, taken, "purchase")]
            journal = self.book(parts, now=now)
        hold.outcome = "taken" if taken else "released"
        self.accounts[hold.account].held -= hold.amount
        return Done(journal)

    def expire(self, *, now: datetime) -> int:
        """Let go of what is overdue; return how many."""
        overdue = [hold for hold in self.holds if not hold.outcome and hold.expires_at <= now]
        for hold in overdue:
            hold.outcome = "expired"
            self.accounts[hold.account].held -= hold.amount
        return len(overdue)

    def reverse(self, account: int, seq: int, *, counters: list[tuple[int, int]], now: datetime) -> Done:
        """Mirror one entry."""
        if account not in self.accounts or not 0 < seq <= len(self.accounts[account].rows):
            raise Refused("not_found")
        row = self.accounts[account].rows[seq - 1]
        if row.kind in {"reversal", "income", "tax"}:
            raise Refused("entry_not_reversible")
        places = self.journals[row.journal]
        mirrored = [(account, seq)]
        if not counters:
            amounts = {(a, s): self.accounts[a].rows[s - 1].amount for a, s in places}
            is_plus = row.amount > 0
            opposite = [place for place in places if (amounts[place] < 0 if is_plus else amounts[place] > 0)]
            if len(opposite) != 1:
                raise Refused("entry_not_reversible")
            if amounts[opposite[0]] == -row.amount:
                mirrored.append(opposite[0])
            counters = [(opposite[0][0], row.amount)]
        if self.reversed & set(mirrored):
            raise Refused("entry_already_reversed")
        parts = [Part(account, -row.amount, "reversal")]
        parts += [Part(place, amount, "reversal") for place, amount in counters]
        journal = self.book(parts, now=now, event_at=row.event_at)
        self.reversed |= set(mirrored)
        return Done(journal)

    def ask(self, account: int, amount: int, *, other: int, actor: str, key: str, now: datetime) -> Done:
        """Ask for an adjustment; the number is that of its journal, if there is one."""
        if amount == 0:
            raise Refused("invalid")
        self._purse(account)
        body = (account, amount)
        repeat = self._repeat("adjustment", key, body)
        if repeat is not None:
            return Done(self.wishes[repeat.journal or 0].journal, is_repeat=True)
        wish = Wish(account, amount, self.limit, actor)
        if abs(amount) <= self.limit:
            self._approve(wish, other=other, now=now)
        self.wishes.append(wish)
        self.known["adjustment", key] = (body, Done(len(self.wishes) - 1))
        return Done(wish.journal)

    def _approve(self, wish: Wish, *, other: int, now: datetime) -> None:
        parts = [Part(wish.account, wish.amount, "adjustment"), Part(other, -wish.amount, "adjustment")]
        wish.journal = self.book(parts, now=now)
        wish.is_decided = True

    def decide(self, number: int, *, is_approved: bool, other: int, actor: str, now: datetime) -> Done:
        """Approve or refuse an adjustment."""
        wish = self.wishes[number]
        if wish.is_decided:
            raise Refused("adjustment_decided")
        if is_approved and wish.asked_by == actor and abs(wish.amount) > wish.limit:
            raise Refused("second_person_needed")
        if is_approved:
            self._approve(wish, other=other, now=now)
        wish.is_decided = True
        return Done(wish.journal)

    def close(self, month: date, *, now: datetime) -> None:
        """Begin to close a month."""
        if month >= local_month(now):
            raise Refused("month_not_over")
        if self.closed is not None and self.closed >= month:
            raise Refused("month_closed")
        self.closed = month
        self.locked[month] = None

    def lock(self, month: date) -> bool:
        """Lock a closing month; return whether that was news."""
        if month not in self.locked:
            raise Refused("not_found")
        if self.locked[month] is not None:
            return False
        rows = [row for purse in self.accounts.values() for row in purse.rows if row.month == month]
        ends = {}
        for account, purse in self.accounts.items():
            until = [row for row in purse.rows if row.month <= month]
            ends[account] = (until[-1].after if until else 0, len(until))
        turnover = sum(row.amount for row in rows if row.amount > 0)
        self.locked[month] = Sealed(len(rows), turnover, ends)
        return True
