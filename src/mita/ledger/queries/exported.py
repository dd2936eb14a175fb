"""What goes into files: every entry as a row of CSV, every journal with its lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.rows import namedtuple_row

from mita.kit.db import driver_connection
from mita.ledger.domain import EntryKind, JournalKind, SourceKind
from mita.ledger.domain.export import COLUMNS, FORMULA_STARTS, kind_words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

_JOURNALS_A_PIECE = 200
# one row per journal: its own fields come once, however many lines it has
_JOURNALS = """
    SELECT j.journal_id, j.booked_at, j.kind, j.actor, j.memo, j.currency, e.accounts, e.amounts
    FROM journal AS j JOIN (
        SELECT journal_id, array_agg(account_id ORDER BY line) AS accounts,
            array_agg(amount_micro ORDER BY line) AS amounts
        FROM entry WHERE estate_id = %(estate_id)s GROUP BY journal_id
    ) AS e USING (journal_id)
    WHERE j.estate_id = %(estate_id)s ORDER BY j.booked_at, j.journal_id
"""


def _safe(cell: sql.Composable) -> sql.Composed:
    """Return the SQL of :func:`mita.ledger.domain.export.safe_text`."""
    return sql.SQL(
        "CASE WHEN {cell} <> '' AND strpos({starts}, left({cell}, 1)) > 0 THEN '''' || {cell} ELSE {cell} END"
    ).format(cell=cell, starts=sql.Literal(FORMULA_STARTS))


def _word(cell: sql.Composable, words: Mapping[str, int]) -> sql.Composed:
    """Return the SQL of a kind's word; a kind that has none stands as its number."""
    cases = sql.SQL(" ").join(
        sql.SQL("WHEN {} THEN {}").format(sql.Literal(number), sql.Literal(word))
        for word, number in words.items()
    )
    return sql.SQL("CASE {cell} {cases} ELSE {cell}::text END").format(cell=cell, cases=cases)


def _microseconds(cell: sql.Composable) -> sql.Composed:
    return sql.SQL("(extract(epoch FROM {}) * 1000000)::bigint").format(cell)


def _cells() -> sql.Composed:
    """Return an export's columns in their order; ``e`` entry, ``j`` journal, ``a`` account, ``n`` name."""
    cells: dict[str, sql.Composable] = {name: sql.Identifier("e", name) for name in COLUMNS}
    cells |= {name: _safe(sql.Identifier("j", name)) for name in ("actor", "memo", "idempotency_key")}
    cells["currency"] = sql.Identifier("j", "currency")
    cells |= {
        "account_code": _safe(sql.Identifier("a", "code")),
        "account_name": _safe(sql.SQL("coalesce(n.name, a.code)")),
        "journal_kind": _word(sql.Identifier("j", "kind"), kind_words(JournalKind)),
        "booked_at_us": _microseconds(sql.Identifier("j", "booked_at")),
        "entry_kind": _word(sql.Identifier("e", "kind"), kind_words(EntryKind)),
        "event_at_us": _microseconds(sql.Identifier("e", "event_at")),
        "source_kind": _word(sql.Identifier("e", "source_kind"), kind_words(SourceKind)),
        "hash": sql.SQL("encode(e.hash, 'hex')"),
    }
    return sql.SQL(", ").join(cells[name] for name in COLUMNS)


_ROWS = sql.SQL("""
    COPY (
        SELECT {cells} FROM entry AS e
        LEFT JOIN journal AS j ON j.estate_id = e.estate_id AND j.journal_id = e.journal_id
        LEFT JOIN account AS a ON a.estate_id = e.estate_id AND a.account_id = e.account_id
        LEFT JOIN unnest(%(ids)s::bigint[], %(names)s::text[]) AS n (account_id, name)
            ON n.account_id = e.account_id
        WHERE e.estate_id = %(estate_id)s AND e.period BETWEEN %(first)s AND %(last)s
        ORDER BY e.account_id, e.seq
    ) TO STDOUT (FORMAT CSV)
""").format(cells=_cells())


async def exported_rows(
    session: AsyncSession, *, estate_id: int, names: Mapping[int, str], first: date, last: date
) -> AsyncIterator[bytes]:
    """Yield the entries of the months ``first`` to ``last`` as CSV without a header, account after account.

    ``names`` are readable names by account id. The pieces end anywhere.
    """
    connection = await driver_connection(session)
    parameters = {
        "estate_id": estate_id,
        "ids": list(names),
        "names": list(names.values()),
        "first": first,
        "last": last,
    }
    async with connection.cursor() as cursor, cursor.copy(_ROWS, parameters) as copy:
        async for piece in copy:
            yield bytes(piece)


async def exported_journals(session: AsyncSession, *, estate_id: int) -> AsyncIterator[Any]:
    """Yield every journal, oldest first, with ``accounts`` (ids) and ``amounts`` (micro-money) of its lines.

    Journals whose entries were archived do not come.
    """
    connection = await driver_connection(session)
    async with connection.cursor("exported_journals", row_factory=namedtuple_row, binary=True) as cursor:
        cursor.itersize = _JOURNALS_A_PIECE
        await cursor.execute(_JOURNALS, {"estate_id": estate_id})
        async for journal in cursor:
            yield journal
