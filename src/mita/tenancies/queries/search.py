"""Words looked up in units, meters and people of an estate; PostgreSQL finds and ranks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

_WORD = re.compile(r"[^\W_]+")
_WORDS_MAX = 8
# PostgreSQL's own configurations, for the words of notes; other languages are searched word by word
_CONFIGURATION = {
    "ar": "arabic", "da": "danish", "de": "german", "en": "english", "es": "spanish", "fi": "finnish",
    "fr": "french", "hu": "hungarian", "id": "indonesian", "it": "italian", "nl": "dutch", "no": "norwegian",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
_OF_UNITS = """
    SELECT 'unit', u.unit_id, u.name, concat_ws(', ', nullif(u.door, ''), nullif(u.address, '')), u.unit_id,
        ts_rank(u.search, q.words) + CASE WHEN lower(u.name) = :whole THEN 1 ELSE 0 END
    FROM unit AS u, asked AS q
    WHERE u.estate_id = :estate_id AND u.archived_at IS NULL AND (u.search @@ q.words
        OR (u.notes <> '' AND to_tsvector(q.language, u.notes) @@ plainto_tsquery(q.language, :said)))
"""
_OF_METERS = """
    SELECT 'meter', m.meter_id, m.serial, m.utility, m.unit_id,
        ts_rank(m.search, q.words) + CASE WHEN lower(m.serial) = :whole THEN 1 ELSE 0 END
    FROM meter AS m, asked AS q WHERE m.estate_id = :estate_id AND (m.search @@ q.words
        OR (m.notes <> '' AND to_tsvector(q.language, m.notes) @@ plainto_tsquery(q.language, :said)))
"""
_OF_PEOPLE = """
    SELECT 'person', p.person_id, p.name, concat_ws(', ', p.email, p.phone), NULL::bigint,
        ts_rank(p.search, q.words) + CASE WHEN lower(p.name) = :whole THEN 1 ELSE 0 END
    FROM estate_person AS k JOIN person AS p USING (person_id), asked AS q
    WHERE k.estate_id = :estate_id AND p.search @@ q.words
"""
_PARTS = {"unit": _OF_UNITS, "meter": _OF_METERS, "person": _OF_PEOPLE}


@dataclass(frozen=True, slots=True)
class Found:
    """A unit, a meter or a person that was found; ``unit_id`` is the unit that it belongs to, if to one."""

    kind: str
    id: int
    title: str
    detail: str
    unit_id: int | None


def words_query(said: str) -> str:
    """Return what is asked of ``search_words``: every word, as a beginning or an end of one; '' for none."""
    words = [word[:100] for word in _WORD.findall(said.lower())][:_WORDS_MAX]
    return " & ".join(f"('{word}':* | '<{word[::-1]}':*)" for word in words)


async def search(
    session: AsyncSession, *, estate_id: int, said: str, kinds: Collection[str], language: str, limit: int
) -> list[Found]:
    """Return what the words lead to among ``kinds`` (unit, meter, person), the best first.

    ``language`` is the estate's; notes are searched by its rules for words.
    """
    words = words_query(said)
    parts = [part for kind, part in _PARTS.items() if kind in kinds]
    if not words or not parts:
        return []
    statement = (
        "WITH asked AS MATERIALIZED"  # noqa: S608 - the parts are ours
        " (SELECT CAST(:words AS tsquery) AS words, CAST(:language AS regconfig) AS language)"
        f" SELECT kind, id, title, detail, unit_id FROM ({' UNION ALL '.join(parts)})"
        " AS found (kind, id, title, detail, unit_id, rank)"
        " ORDER BY rank DESC, kind, title, id LIMIT :limit"
    )
    values = {
        "words": words,
        "said": said,
        "whole": said.strip().lower(),
        "language": _CONFIGURATION.get(language.partition("-")[0].lower(), "simple"),
        "estate_id": estate_id,
        "limit": limit,
    }
    rows = await session.execute(text(statement), values)
    return [Found(row.kind, row.id, row.title, row.detail or "", row.unit_id) for row in rows]
