"""What a worker remembers of one estate between batches: registers, accounts, rates. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from mita.charging.domain.cadence import Cadence
from mita.kit.quantity import PULSE
from mita.kit.zones import local_month
from mita.ledger.domain import Heads, no_heads
from mita.metering.domain import Limits, RegisterState
from mita.wallets.domain import Standing

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from numpy.typing import NDArray

    from mita.charging.domain.streams import Numbers, Stream
    from mita.metering.domain import Derivation
    from mita.metering.queries import RegisterInfo
    from mita.tariffs.domain import RateTable
    from mita.wallets.queries import AccountInfo

FOREVER = 2**62  # stands for "no such time" where later is what matters
NEVER = -(2**62)  # stands for "no such time" and "no such line" in arrays
# no single charge may come near 64 bits: a thousand million currency units is a broken meter
CHARGE_MICRO_MAX = 10**15
_MICRO = 1_000_000


@dataclass(slots=True)
class RateBook:
    """What registers of one utility and name are charged by: one stream of each role that has any tables."""

    utility: str
    register: str
    supply: Stream
    others: tuple[Stream, ...] = ()

    @property
    def streams(self) -> tuple[Stream, ...]:
        """All of them, supply first."""
        return (self.supply, *self.others)

    @property
    def kept_roles(self) -> tuple[str, ...]:
        """The roles whose running states do not fit the readings, and are kept beside them."""
        return tuple(each.role for each in self.streams if each is not self.supply or each.needs_tallies)

    def rise_cap_micro(self) -> int:
        """Return the largest rise whose charge in all streams stays below :data:`CHARGE_MICRO_MAX`."""
        highest = sum(highest_price_micro(stream.versions) for stream in self.streams)
        return CHARGE_MICRO_MAX * _MICRO // highest if highest else CHARGE_MICRO_MAX


def highest_price_micro(versions: Iterable[RateTable]) -> int:
    """Return the highest price of a base unit that all charges of one of ``versions`` can reach together."""
    highest = 0
    for version in versions:
        total = 0
        for charge in version.usage:
            total += max((block.price_micro for rule in charge.rules for block in rule.blocks), default=0)
        if version.conversion is not None:
            total = -(-total * version.conversion.factor_micro // _MICRO)
        highest = max(highest, total)
    return highest


_REGISTER_FIELDS = (
    "register_id",
    "newest_s",
    "anchor_s",
    "value_micro",
    "run_quantity_micro",
    "run_cost_micro",
    "run_rest",
    "max_rate_micro",
    "burst_micro",
    "cap_micro",
    "removed_s",
    "account",
    "book",
)


def _empty() -> NDArray[np.int64]:
    return np.empty(0, dtype=np.int64)


@dataclass(slots=True)
class Registers:
    """The known registers as columns; a register is named by its place."""

    place: dict[tuple[str, str, str], int] = field(default_factory=dict)
    info: list[RegisterInfo] = field(default_factory=list)
    register_id: NDArray[np.int64] = field(default_factory=_empty)
    newest_s: NDArray[np.int64] = field(default_factory=_empty)
    anchor_s: NDArray[np.int64] = field(default_factory=_empty)
    value_micro: NDArray[np.int64] = field(default_factory=_empty)
    run_quantity_micro: NDArray[np.int64] = field(default_factory=_empty)
    run_cost_micro: NDArray[np.int64] = field(default_factory=_empty)
    run_rest: NDArray[np.int64] = field(default_factory=_empty)
    max_rate_micro: NDArray[np.int64] = field(default_factory=_empty)
    burst_micro: NDArray[np.int64] = field(default_factory=_empty)
    cap_micro: NDArray[np.int64] = field(default_factory=_empty)
    removed_s: NDArray[np.int64] = field(default_factory=_empty)  # what was taken later is no reading
    account: NDArray[np.int64] = field(default_factory=_empty)
    book: NDArray[np.int64] = field(default_factory=_empty)
    # by place and role: running states that do not fit the columns; zero where there is none
    kept: dict[tuple[int, str], Numbers] = field(default_factory=dict)
    # by place: those that are made of pulses or multiplied
    derivations: dict[int, Derivation] = field(default_factory=dict)
    # register ids that go into virtual meters
    parts: set[int] = field(default_factory=set)

    def add(
        self,
        infos: Sequence[RegisterInfo],
        *,
        states: dict[int, RegisterState],
        accounts: Sequence[int],
        books: Sequence[int],
        caps: Sequence[int],
    ) -> None:
        """Remember more registers, with their states, places of accounts and books, and caps on a rise."""
        rows = []
        for info, account, book, cap in zip(infos, accounts, books, caps, strict=True):
            state = states[info.register_id]
            self.place[info.key] = len(self.info)
            self.info.append(info)
            rows.append(
                (
                    info.register_id,
                    NEVER if state.newest_s is None else state.newest_s,
                    NEVER if state.anchor_s is None else state.anchor_s,
                    state.value_micro,
                    state.run_quantity_micro,
                    state.run_cost_micro,
                    state.run_rest,
                    info.limits.max_rate_micro or 0,
                    info.limits.burst_micro,
                    cap,
                    FOREVER if info.removed_s is None else info.removed_s,
                    account,
                    book,
                )
            )
        columns = np.array(rows, dtype=np.int64).reshape(len(rows), len(_REGISTER_FIELDS)).T
        for name, column in zip(_REGISTER_FIELDS, columns, strict=True):
            setattr(self, name, np.concatenate([getattr(self, name), column]))

    def state(self, place: int) -> RegisterState:
        """Return one register's state."""
        newest, anchor = int(self.newest_s[place]), int(self.anchor_s[place])
        return RegisterState(
            newest_s=None if newest == NEVER else newest,
            anchor_s=None if anchor == NEVER else anchor,
            value_micro=int(self.value_micro[place]),
            run_quantity_micro=int(self.run_quantity_micro[place]),
            run_cost_micro=int(self.run_cost_micro[place]),
            run_rest=int(self.run_rest[place]),
        )

    def remember(self, place: int, state: RegisterState) -> None:
        """Replace one register's state."""
        self.newest_s[place] = NEVER if state.newest_s is None else state.newest_s
        self.anchor_s[place] = NEVER if state.anchor_s is None else state.anchor_s
        self.value_micro[place] = state.value_micro
        self.run_quantity_micro[place] = state.run_quantity_micro
        self.run_cost_micro[place] = state.run_cost_micro
        self.run_rest[place] = state.run_rest

    def keep(self, place: int, numbers: Mapping[str, Numbers], *, roles: Iterable[str]) -> None:
        """Replace the running states that a register has under ``roles``, beside those of the columns."""
        for role in roles:
            if numbers.get(role):
                self.kept[place, role] = numbers[role]
            else:
                self.kept.pop((place, role), None)

    def derive(self, place: int, derivation: Derivation) -> None:
        """Remember how a register comes about; one that counts pulses is known under their unit as well."""
        self.derivations[place] = derivation
        if derivation.pulses:
            meter, register, _ = self.info[place].key
            self.place[meter, register, PULSE] = place

    def limits(self, place: int) -> Limits:
        """Return one register's limits."""
        info = self.info[place]
        return Limits(info.limits.max_rate_micro, info.limits.burst_micro, int(self.cap_micro[place]))


@dataclass(slots=True)
class Accounts:
    """The known accounts: their heads, and the lines of those that are wallets' accounts."""

    place: dict[int, int] = field(default_factory=dict)  # by account id
    heads: Heads = field(default_factory=no_heads)
    wallet: list[AccountInfo | None] = field(default_factory=list)
    low_micro: NDArray[np.int64] = field(default_factory=_empty)
    cut_micro: NDArray[np.int64] = field(default_factory=_empty)
    restore_micro: NDArray[np.int64] = field(default_factory=_empty)
    standing: NDArray[np.int64] = field(default_factory=_empty)
    is_limited: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=np.bool_))

    def put(self, heads: Heads, *, wallets: dict[int, AccountInfo]) -> None:
        """Remember accounts, or what they are now if they were known."""
        for index, account_id in enumerate(heads.account_id.tolist()):
            place = self.place.get(account_id)
            if place is None:
                place = self._grow(account_id)
            self.heads.balance_micro[place] = heads.balance_micro[index]
            self.heads.seq[place] = heads.seq[index]
            self.heads.booked_us[place] = heads.booked_us[index]
            self.heads.period_day[place] = heads.period_day[index]
            self.heads.accrued_micro[place] = heads.accrued_micro[index]
            self.heads.hash[place] = heads.hash[index]
            self._watch(place, wallets.get(account_id))

    def _grow(self, account_id: int) -> int:
        place = len(self.wallet)
        if place == len(self.heads.account_id):
            # double, so that ten thousand accounts are not ten thousand copies
            more = max(64, place)
            spare = np.zeros(more, dtype=np.int64)
            self.heads.account_id = np.concatenate([self.heads.account_id, spare])
            self.heads.balance_micro = np.concatenate([self.heads.balance_micro, spare])
            self.heads.seq = np.concatenate([self.heads.seq, spare])
            self.heads.booked_us = np.concatenate([self.heads.booked_us, spare])
            self.heads.period_day = np.concatenate([self.heads.period_day, spare])
            self.heads.accrued_micro = np.concatenate([self.heads.accrued_micro, spare])
            self.low_micro = np.concatenate([self.low_micro, spare + NEVER])
            self.cut_micro = np.concatenate([self.cut_micro, spare + NEVER])
            self.restore_micro = np.concatenate([self.restore_micro, spare + NEVER])
            self.standing = np.concatenate([self.standing, spare])
            self.is_limited = np.concatenate([self.is_limited, np.zeros(more, dtype=np.bool_)])
        self.place[account_id] = place
        self.heads.account_id[place] = account_id
        self.heads.hash.append(b"")
        self.wallet.append(None)
        return place

    def _watch(self, place: int, wallet: AccountInfo | None) -> None:
        self.wallet[place] = wallet
        if wallet is not None:
            lines = wallet.lines
            self.low_micro[place] = NEVER if lines.low_micro is None else lines.low_micro
            self.cut_micro[place] = NEVER if lines.cut_micro is None else lines.cut_micro
            self.restore_micro[place] = NEVER if lines.restore_micro is None else lines.restore_micro
            self.standing[place] = int(wallet.standing)
            self.is_limited[place] = wallet.is_limited

    def stand(self, place: int, standing: Standing) -> None:
        """Remember that an account stands elsewhere now."""
        wallet = self.wallet[place]
        assert wallet is not None, "only wallets' accounts have a standing"
        self.wallet[place] = replace(wallet, standing=standing)
        self.standing[place] = int(standing)

    def crossed(self, places: NDArray[np.int64], *, balance_micro: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those of ``places`` whose standing changes at the given balances.

        The same rule as :func:`mita.wallets.domain.standing_after`, for many at once.
        """
        low, cut, restore = self.low_micro[places], self.cut_micro[places], self.restore_micro[places]
        standing = self.standing[places]
        is_out = balance_micro <= cut
        is_out |= (standing == Standing.OUT) & (cut != NEVER) & (restore != NEVER) & (balance_micro < restore)
        after = np.where(
            is_out, Standing.OUT, np.where(balance_micro <= low, Standing.LOW, Standing.IN_CREDIT)
        )
        changed: NDArray[np.int64] = places[after != standing]
        return changed


@dataclass(slots=True)
class LaneMemory:
    """Everything remembered of one estate; ``seq`` is the lane's fence (None: not read yet)."""

    estate_id: int
    currency: str
    zone: ZoneInfo
    cadence: Cadence = Cadence.EACH
    is_archived: bool = False
    first_open: date | None = None  # the first month that is not closed; None: none has closed yet
    seq: int | None = None
    registers: Registers = field(default_factory=Registers)
    accounts: Accounts = field(default_factory=Accounts)
    account_of: dict[tuple[int, str], int] = field(default_factory=dict)  # (unit, utility) -> place
    system: dict[str, int] = field(default_factory=dict)  # code -> place
    books: list[RateBook] = field(default_factory=list)
    book_of: dict[Hashable, int] = field(default_factory=dict)  # by utility, register and what is in force
    tables: dict[int, RateTable] = field(default_factory=dict)

    def month_of(self, now: datetime) -> date:
        """Return the month that what is booked now belongs to: the local one, or the first that is open."""
        month = local_month(now, local=self.zone)
        return month if self.first_open is None else max(month, self.first_open)
