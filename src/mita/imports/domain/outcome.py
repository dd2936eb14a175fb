"""How an import is carried out, and what became of it and of each of its rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

ModeWord = Literal["all_or_nothing", "valid_rows"]
StateWord = Literal["waiting", "running", "done", "refused", "stopped"]
RowWord = Literal["waiting", "created", "updated", "unchanged", "failed", "withheld"]
_VALUE_MAX = 100


class Mode(StrEnum):
    """What happens to good rows where others are faulty."""

    ALL_OR_NOTHING = "all_or_nothing"
    VALID_ROWS = "valid_rows"


class State(StrEnum):
    """How far an import is; ``refused`` kept nothing of it, ``stopped`` met an error of ours."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    STOPPED = "stopped"


class RowState(StrEnum):
    """What became of a row; ``withheld`` was good, but another row was not."""

    WAITING = "waiting"
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    WITHHELD = "withheld"


COUNTED = tuple(each for each in RowState if each is not RowState.WAITING)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row: in which column (empty: the whole row), a stable code, how to mend it."""

    column: str
    code: str
    message: str
    value: str = ""

    @property
    def shown(self) -> dict[str, str]:
        """The fault as JSON."""
        value = self.value[:_VALUE_MAX]
        return {"column": self.column, "value": value, "code": self.code, "message": self.message}


@dataclass(frozen=True, slots=True)
class Row:
    """A row as a spreadsheet counts it (the header is row 1), and the cells that are not empty, by column."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row."""

    number: int
    state: RowState
    faults: tuple[Fault, ...] = field(default=())

    @classmethod
    def of_faults(cls, row: Row, faults: tuple[Fault, ...]) -> Outcome:
        """Return that a row failed."""
        assert faults, "a row fails for a reason"
        return cls(row.number, RowState.FAILED, faults)
