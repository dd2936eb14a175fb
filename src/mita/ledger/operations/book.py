"""A small journal is booked: one round trip, every guard inside (the SQL function ``ledger_book``)."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from mita.estates import queries as estate_queries
from mita.kit.db import driver_connection
from mita.kit.errors import Conflict, Invalid, KeyReused, NotFound
from mita.kit.events import publish
from mita.kit.ids import new_id
from mita.kit.zones import local_month
from mita.ledger.domain import AUTHORISING, EntryKind, JournalKind, SourceKind, Unbalanced, fits
from mita.ledger.events import JournalBooked
from mita.ledger.operations.journals import StaleHeads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

_BOOK = (
    "SELECT * FROM ledger_book(%s, %s, %s::smallint, %s, %s, %s, %s, %s, %s, %s, %s, %s,"
    " %s::bigint[], %s::bigint[], %s::smallint[], %s::bigint[], %s::smallint[], %s::bigint[])"
)
LINES_MAX = 2_000


class NotEnough(Conflict):
    """What was asked for would take an account below its floor."""

    code = "not_enough"
    title = "There is not enough money"


class SpendLimitReached(Conflict):
    """A limit of the wallet leaves less for what was asked for; who listens to what moves raises it."""

    code = "spend_limit_reached"
    title = "The spending limit is reached"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a movement, in micro-money; plus is what we owe the account's owner."""

    account_id: int
    amount_micro: int
    kind: EntryKind
    quantity_micro: int = 0
    source_kind: SourceKind = SourceKind.NONE
    source_id: int = 0


@dataclass(frozen=True, slots=True)
class Movement:
    """One journal to book; its lines sum to zero.

    With a ``key`` it is carried out once per ``scope`` and key; ``body`` is what a repeat must ask for again
    (JSON values). Without ``event_at`` it happened when it was booked.
    """

    kind: JournalKind
    lines: Sequence[Line]
    actor: str
    memo: str
    key: str = ""
    scope: str = ""
    body: Sequence[object] = ()
    event_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Booked:
    """What a movement did. A repeat moved nothing: its journal is the first one's, the balances today's.

    Balances are live: posted, less what was used and not yet posted.
    """

    journal_id: UUID
    is_repeat: bool
    balances_micro: dict[int, int]
    seqs: dict[int, int]  # account id -> seq of its newest entry


def body_hash(body: Sequence[object]) -> bytes:
    """Return what is remembered of a request's contents."""
    return hashlib.sha256(json.dumps(list(body)).encode()).digest()


async def book(session: AsyncSession, *, estate_id: int, movement: Movement, now: datetime) -> Booked:
    """Book one small journal of an estate; who listens settles what follows from the new balances.

    It belongs to the local month of ``now``, or to the first that is open.

    :raises mita.ledger.domain.Unbalanced: if the lines do not sum to zero
    :raises KeyReused: if the key was used for a request with another body
    :raises NotEnough: if the kind of journal is authorised and an account would fall below its floor
    :raises NotFound: if an account does not exist in the estate
    :raises StaleHeads: if another writer waits for this one (roll back and repeat)
    """
    _check(movement)
    local = await estate_queries.time_zone(session, estate_id=estate_id)
    lines = movement.lines
    connection = await driver_connection(session)
    parameters = (
        estate_id,
        new_id(),
        int(movement.kind),
        movement.actor,
        movement.memo,
        now,
        local_month(now, local=local),
        movement.scope,
        movement.key,
        body_hash(movement.body),
        movement.kind in AUTHORISING,
        movement.event_at,
        _array(line.account_id for line in lines),
        _array(line.amount_micro for line in lines),
        _array(int(line.kind) for line in lines),
        _array(line.quantity_micro for line in lines),
        _array(int(line.source_kind) for line in lines),
        _array(line.source_id for line in lines),
    )
    try:
        rows = await (await connection.execute(_BOOK, parameters)).fetchall()
    except psycopg.Error as error:
        raise _refusal(error) from error
    booked = Booked(
        journal_id=rows[0][0],
        is_repeat=rows[0][1],
        balances_micro={row[2]: row[3] for row in rows},
        seqs={row[2]: row[4] for row in rows},
    )
    if not booked.is_repeat:
        amounts = Counter[int]()
        for line in lines:
            amounts[line.account_id] += line.amount_micro
        event = JournalBooked(
            estate_id, booked.journal_id, movement.kind, booked.balances_micro, dict(amounts)
        )
        await publish(session, event, now=now)
    return booked


def _array(values: Iterable[int]) -> str:
    """Return whole numbers as PostgreSQL writes an array; the driver takes ten times as long."""
    return "{" + ",".join(map(str, values)) + "}"


def _check(movement: Movement) -> None:
    total = sum(line.amount_micro for line in movement.lines)
    if total != 0:
        raise Unbalanced(f"the lines are off by {total} micro")
    assert len(movement.lines) > 1, "money comes from somewhere"
    assert movement.body or not movement.key, "a repeat is known by what it asks for"
    if len(movement.lines) > LINES_MAX:
        raise Invalid(f"a journal booked by hand has at most {LINES_MAX} lines")
    assert fits(movement.kind, [line.kind for line in movement.lines]), (
        "a kind of journal has its kinds of lines"
    )


# what the database says no with, and how it is told
_REFUSALS: dict[str, Callable[[str], Exception]] = {
    "MT001": KeyReused,
    "MT002": NotEnough,
    "MT004": NotFound,
    "MT005": Invalid,
    # the zone of an estate is remembered; whether this connection may see the estate is not
    "42501": lambda _: NotFound("the estate does not exist"),
    "22003": lambda _: Invalid("an amount is more than an account can hold", problems=[{"path": "amount"}]),
    "40P01": lambda _: StaleHeads("two writers waited for each other"),
}


def _refusal(error: psycopg.Error) -> Exception:
    refusal = _REFUSALS.get(error.sqlstate or "")
    return error if refusal is None else refusal(error.diag.message_primary or str(error))
