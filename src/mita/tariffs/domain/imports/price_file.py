"""A file of prices that somebody wants made into a rate table, and what has to be decided first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .csv_template import read_csv_template
from .draft import Draft, read_rate_table
from .urdb import read_urdb

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from mita.tariffs.domain.document import RateTable

# what a table is like another one in, when only its prices are in the file
_NOT_COPIED = ("charges", "source", "effective_from")


@dataclass(frozen=True, slots=True)
class PriceFile:
    """A file's text in one of the layouts ``document``, ``csv`` and ``urdb``, and what it does not say.

    ``head`` has document keys that take the place of the file's own, or of those of ``like``, a document
    whose seasons, clocks, calendar and tax the CSV template is filled in for. ``pick`` is which rate of
    several, from 1.
    """

    layout: str
    text: str
    head: Mapping[str, Any] = field(default_factory=dict)
    like: Mapping[str, Any] | None = None
    pick: int | None = None

    def draft(self) -> Draft:
        """Return what the file says as rate tables.

        :raises mita.tariffs.domain.RateTableInvalid: with every problem of the file
        """
        if self.layout == "csv":
            copied = {key: value for key, value in (self.like or {}).items() if key not in _NOT_COPIED}
            return read_csv_template(self.text, head={**copied, **self.head})
        if self.layout == "urdb":
            since: date | None = self.head.get("effective_from")
            return read_urdb(self.text, effective_from=since, name=self.head.get("name"))
        return read_rate_table(self.text)

    def picked(self, draft: Draft) -> RateTable | None:
        """Return the one table that is meant, if it is clear which."""
        if self.pick is not None:
            return draft.tables[self.pick - 1] if self.pick <= len(draft.tables) else None
        return draft.tables[0] if len(draft.tables) == 1 else None


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """What somebody has to decide, in a sentence; ``answer`` is the decision that is asked for.

    ``pick``, ``leave_out`` and ``confirm`` can be given; an answer of "" is that nothing can be stored.
    """

    answer: str
    sentence: str


def open_questions(
    draft: Draft, table: RateTable | None, *, is_leaving_out: bool, is_confirmed: bool
) -> tuple[OpenQuestion, ...]:
    """Return what somebody has to decide before a draft's table is stored; nothing if all is decided."""
    found = []
    if not draft.tables:
        found.append(OpenQuestion("", "no charge of the file can be said by a rate table"))
    elif table is None:
        sentence = f"the file has {len(draft.tables)} rates that map: pick one, from 1"
        found.append(OpenQuestion("pick", sentence))
    if draft.left_out and not is_leaving_out:
        sentence = "a rate table cannot say all of the file: leave that out, or write the table by hand"
        found.append(OpenQuestion("leave_out", sentence))
    if draft.to_confirm and not is_confirmed:
        found.append(OpenQuestion("confirm", "some prices look odd: confirm that they are right"))
    return tuple(found)
