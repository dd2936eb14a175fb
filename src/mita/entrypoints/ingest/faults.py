"""Which errors mean "wait, the database is away" and which mean "this message is poison"."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import exc

from mita.kit.errors import Passing

if TYPE_CHECKING:
    from collections.abc import Iterator

# SQLSTATE classes: connection, transaction state, rollback, resources, locks, operator's hand, system
_PASSING = frozenset({"08", "25", "40", "53", "55", "57", "58"})
_AWAY = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    exc.TimeoutError,
    exc.DisconnectionError,
    OSError,
    Passing,
)


def is_database_away(error: BaseException) -> bool:
    """Tell whether waiting may help: the work is good, only the database could not take it now."""
    for cause in _causes(error):
        sqlstate = getattr(cause, "sqlstate", None) if isinstance(cause, psycopg.Error) else None
        if sqlstate is not None:
            return sqlstate[:2] in _PASSING
        if isinstance(cause, _AWAY):
            return True
    return False


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__
