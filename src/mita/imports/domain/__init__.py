"""Files of rows and of readings: what they are, what became of what is in them, what is given back. Pure."""

from .brought import Brought, Matched, Portion, match_meters, portions_of
from .error_file import error_file, template_file
from .kinds import KINDS, Column, Kind, KindWord
from .outcome import COUNTED, Fault, Mode, ModeWord, Outcome, Row, RowState, RowWord, State, StateWord
from .reading_terms import (
    FormatWord,
    LayoutWord,
    ReadingFileRefused,
    ReadingTerms,
    check_zone,
    chosen_layout,
    fault_of,
    read_content,
    serials_of,
)
from .sheet import ROWS_MAX, FileRefused, Sheet, read_sheet, rows_of, twins
from .telling import FAULTS_MAX, found_of, shown_fault

__all__ = [
    "COUNTED",
    "FAULTS_MAX",
    "KINDS",
    "ROWS_MAX",
    "Brought",
    "Column",
    "Fault",
    "FileRefused",
    "FormatWord",
    "Kind",
    "KindWord",
    "LayoutWord",
    "Matched",
    "Mode",
    "ModeWord",
    "Outcome",
    "Portion",
    "ReadingFileRefused",
    "ReadingTerms",
    "Row",
    "RowState",
    "RowWord",
    "Sheet",
    "State",
    "StateWord",
    "check_zone",
    "chosen_layout",
    "error_file",
    "fault_of",
    "found_of",
    "match_meters",
    "portions_of",
    "read_content",
    "read_sheet",
    "rows_of",
    "serials_of",
    "shown_fault",
    "template_file",
    "twins",
]
