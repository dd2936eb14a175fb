"""What a file of prices becomes before a person approves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mita.tariffs.domain.parsing import parse_document

from .plausible import implausible_prices

if TYPE_CHECKING:
    from mita.tariffs.domain.document import RateTable
    from mita.tariffs.domain.problems import Problem


@dataclass(frozen=True, slots=True)
class Draft:
    """Rate tables read from a file, and what somebody should know before they are put in force.

    ``left_out`` are parts of the file that a rate table cannot say; the tables are without them.
    ``to_confirm`` are prices that look like a slip, such as cents taken for whole units.
    """

    tables: tuple[RateTable, ...]
    warnings: tuple[Problem, ...] = ()
    left_out: tuple[Problem, ...] = ()
    to_confirm: tuple[Problem, ...] = ()

    @property
    def documents(self) -> tuple[dict[str, Any], ...]:
        """The rate table documents, plain values only."""
        return tuple(table.to_document() for table in self.tables)


def read_rate_table(text: str) -> Draft:
    """Return the draft of a rate table document, YAML or JSON.

    :raises RateTableInvalid: with every problem of the document
    """
    table = parse_document(text)
    return Draft(tables=(table,), to_confirm=implausible_prices(table))
