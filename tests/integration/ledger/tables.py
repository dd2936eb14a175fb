"""Everything the ledger holds, as text: two equal pictures mean that no byte has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.ledger import models

if TYPE_CHECKING:
    import psycopg


def ledger_tables() -> list[str]:
    """Return the names of the ledger's own tables."""
    return sorted(
        mapper.class_.__tablename__
        for mapper in models.Base.registry.mappers
        if mapper.class_.__module__ == models.__name__
    )


def picture(admin: psycopg.Connection, *, estate_id: int) -> dict[str, str]:
    """Return a digest of all rows of an estate, by table."""
    each = [
        f"SELECT '{name}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))"
        f" FROM {name} AS t WHERE estate_id = {int(estate_id)}"
        for name in ledger_tables()
    ]
    return dict(admin.execute(" UNION ALL ".join(each)).fetchall())
