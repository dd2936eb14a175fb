"""What a file of rows is, what became of each row, and the files that are given back. Pure."""

from .error_file import error_file, template_file
from .kinds import KINDS, Column, Kind, KindWord
from .outcome import COUNTED, Fault, Mode, ModeWord, Outcome, Row, RowState, RowWord, State, StateWord
from .sheet import ROWS_MAX, FileRefused, Sheet, read_sheet, rows_of, twins

__all__ = [
    "COUNTED",
    "KINDS",
    "ROWS_MAX",
    "Column",
    "Fault",
    "FileRefused",
    "Kind",
    "KindWord",
    "Mode",
    "ModeWord",
    "Outcome",
    "Row",
    "RowState",
    "RowWord",
    "Sheet",
    "State",
    "StateWord",
    "error_file",
    "read_sheet",
    "rows_of",
    "template_file",
    "twins",
]
