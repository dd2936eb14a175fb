"""The stored entries of an estate, read piece by piece for a verifier that walks the chains."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

import numpy as np

from mita.kit.columns import HASH_BYTES, pg_array, read_array, register_arrays
from mita.kit.db import driver_connection
from mita.ledger.domain import STORED, ChainCheck
from mita.ledger.queries.archived import kept_openings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from numpy.typing import NDArray
    from psycopg import AsyncConnection, AsyncCursor
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.ledger.domain import Witnesses
    from mita.ledger.domain.export import Opening

ENTRIES_A_PIECE = 10_000
_ID_MIN, _ID_MAX = -(2**63), 2**63 - 1
_UUID_BYTES = 16

# column -> its type; whole columns travel as arrays, which NumPy reads without touching a single value
_COLUMNS = {
    "account_id": "bigint",
    "seq": "bigint",
    "period": "date",
    "journal_id": "uuid",
    "line": "integer",
    "amount_micro": "bigint",
    "balance_after_micro": "bigint",
    "event_at": "timestamptz",
    "kind": "smallint",
    "source_kind": "smallint",
    "source_id": "bigint",
    "quantity_micro": "bigint",
    "hash_v": "smallint",
}
_NO_HASH = f"decode(repeat('00', {HASH_BYTES}), 'hex')"
_PIECE = (
    "SELECT "  # noqa: S608 - the names are the closed list above
    + ", ".join(f"array_send(array_agg({name}))" for name in _COLUMNS)
    + f", string_agg(CASE WHEN length(hash) = {HASH_BYTES} THEN hash ELSE {_NO_HASH} END, ''::bytea)"
    " FROM entry WHERE estate_id = %s AND account_id BETWEEN %s AND %s AND seq BETWEEN %s AND %s"
)
_HEADS = "SELECT account_id, head_seq FROM account WHERE estate_id = %s ORDER BY account_id"
# Heap pages in their order, by one process: a parallel plan would pack the arrays twice, and the second core
# is busy hashing here.
_PLAN = (
    "SELECT set_config('enable_indexscan', '{}', true), "
    "set_config('max_parallel_workers_per_gather', '{}', true)"
)
_DIGESTS = (
    "SELECT string_agg(uuid_send(journal_id), ''::bytea), string_agg(digest, ''::bytea)"
    " FROM journal WHERE estate_id = %s AND journal_id = ANY (%b)"
)


@dataclass(frozen=True, slots=True)
class _Range:
    """Accounts from one id to another; of a long chain, the entries from one seq to another."""

    account_first: int
    account_last: int
    seq_first: int = _ID_MIN
    seq_last: int = _ID_MAX


def _ranges(heads: Sequence[tuple[int, int]]) -> list[_Range]:
    """Return ranges of about a piece each that together hold every entry, also those of missing accounts."""
    found: list[_Range] = []
    start, size = _ID_MIN, 0
    for account_id, head_seq in heads:
        if size and size + head_seq > ENTRIES_A_PIECE:
            found.append(_Range(start, account_id - 1))
            start, size = account_id, 0
        if head_seq > ENTRIES_A_PIECE:
            found += _long_chain(start, account_id, head_seq)
            start = account_id + 1
        else:
            size += head_seq
    return [*found, _Range(start, _ID_MAX)]


def _long_chain(start: int, account_id: int, head_seq: int) -> list[_Range]:
    before = [_Range(start, account_id - 1)] if start < account_id else []
    seqs = [_ID_MIN, *range(ENTRIES_A_PIECE, head_seq, ENTRIES_A_PIECE)]
    ends = [*(seq - 1 for seq in seqs[1:]), _ID_MAX]
    return before + [_Range(account_id, account_id, a, b) for a, b in zip(seqs, ends, strict=True)]


async def walk_chains(
    session: AsyncSession,
    *,
    estate_id: int,
    account_ids: Sequence[int] | None = None,
    witnesses: Witnesses | None = None,
    progress: Callable[[int], None] | None = None,
) -> ChainCheck:
    """Re-derive every link of an estate, or of some of its accounts, and show each entry to ``witnesses``.

    While one piece is hashed in a thread, the server reads the next one.
    """
    connection = await driver_connection(session)
    heads = await (await connection.execute(_HEADS, (estate_id,))).fetchall()
    if account_ids is None:
        ranges = _ranges(heads)
    else:
        ranges = [_Range(account_id, account_id) for account_id in sorted(set(account_ids))]
    check = _anchored(
        await kept_openings(session, estate_id=estate_id), account_ids=account_ids, witnesses=witnesses
    )
    register_arrays(connection.adapters)
    (parallel,) = await _one_row(connection, "SHOW max_parallel_workers_per_gather")
    await connection.execute(_PLAN.format("off", 0))
    async for rows in _pieces(connection, estate_id, ranges):
        await asyncio.to_thread(check.feed, rows)
        if progress is not None:
            progress(check.entries)
    await connection.execute(_PLAN.format("on", parallel))
    return check


def _anchored(
    openings: Mapping[int, Opening], *, account_ids: Sequence[int] | None, witnesses: Witnesses | None
) -> ChainCheck:
    """Return a check that knows where chains stood after the entries that were archived."""
    stood = {
        account_id: (opening.seq, opening.balance_micro, opening.hash)
        for account_id, opening in openings.items()
        if account_ids is None or account_id in account_ids
    }
    if stood and witnesses is not None:
        seqs, balances, hashes = zip(*stood.values(), strict=True)
        witnesses.see(
            np.array(list(stood), dtype=np.int64),
            np.array(seqs, dtype=np.int64),
            np.array(balances, dtype=np.int64),
            np.frombuffer(b"".join(hashes), dtype=f"V{HASH_BYTES}"),
        )
    return ChainCheck(openings=stood, ends=dict(stood), witnesses=witnesses)


async def _one_row(connection: AsyncConnection[Any], query: LiteralString) -> tuple[Any, ...]:
    found = await (await connection.execute(query)).fetchone()
    assert found is not None, "the query has one row"
    return tuple(found)


async def _pieces(
    connection: AsyncConnection[Any], estate_id: int, ranges: Sequence[_Range]
) -> AsyncIterator[NDArray[Any]]:
    """Yield the entries of each range in turn; the next one is asked for before this one is given away."""
    coming = asyncio.create_task(_piece(connection, estate_id, ranges[0])) if ranges else None
    try:
        for following in ranges[1:]:
            assert coming is not None, "there are ranges"
            rows = await coming
            coming = asyncio.create_task(_piece(connection, estate_id, following))
            yield rows
        if coming is not None:
            yield await coming
    finally:
        if coming is not None:
            coming.cancel()


async def _piece(connection: AsyncConnection[Any], estate_id: int, of: _Range) -> NDArray[Any]:
    """Return the entries of a range as :data:`STORED` rows, sorted by account and seq."""
    place = (estate_id, of.account_first, of.account_last, of.seq_first, of.seq_last)
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(_PIECE, place)
        found = await cursor.fetchone()
        assert found is not None, "an aggregate has one row"
        if found[0] is None:
            return np.empty(0, dtype=STORED)
        columns = {
            name: read_array(sent, kind) for (name, kind), sent in zip(_COLUMNS.items(), found, strict=False)
        }
        digests = await _digests(cursor, estate_id, columns["journal_id"])
    order = np.lexsort((columns["seq"], columns["account_id"]))
    rows = np.empty(len(order), dtype=STORED)
    rows["estate_id"] = estate_id
    for name, values in columns.items():
        rows[name] = values[order]
    rows["digest"] = digests[order]
    rows["hash"] = np.frombuffer(found[-1], dtype=f"V{HASH_BYTES}")[order]
    return rows


async def _digests(cursor: AsyncCursor[Any], estate_id: int, journal_ids: NDArray[Any]) -> NDArray[Any]:
    """Return the digest of each entry's journal, zeros for one that is missing."""
    packed = journal_ids.tobytes()
    ids = [packed[at : at + _UUID_BYTES] for at in range(0, len(packed), _UUID_BYTES)]
    wanted = pg_array("uuid", np.frombuffer(b"".join(sorted(set(ids))), dtype="V16"))
    await cursor.execute(_DIGESTS, (estate_id, wanted))
    found = await cursor.fetchone()
    known, digests = (found[0] or b"", found[1] or b"") if found is not None else (b"", b"")
    by_id = {
        known[_UUID_BYTES * at : _UUID_BYTES * (at + 1)]: digests[HASH_BYTES * at : HASH_BYTES * (at + 1)]
        for at in range(len(known) // _UUID_BYTES)
    }
    missing = bytes(HASH_BYTES)
    return np.frombuffer(b"".join([by_id.get(each, missing) for each in ids]), dtype=f"V{HASH_BYTES}")
