"""Writes of imports: a file comes in, its rows are carried by the operations of single things, or charged."""

from mita.imports.operations.carry import CARRIERS, carry_rows
from mita.imports.operations.progress import (
    begin_again,
    claim,
    finish,
    forget_rows,
    note_outcomes,
    note_trouble,
)
from mita.imports.operations.reading_files import (
    NewReadingFile,
    finish_reading_file,
    note_plan,
    note_portion,
    note_reading_trouble,
    receive_reading_file,
    take_reading_file,
)
from mita.imports.operations.reading_plan import leave_known, match_file, plan_file
from mita.imports.operations.receive import NewFile, receive_file

__all__ = [
    "CARRIERS",
    "NewFile",
    "NewReadingFile",
    "begin_again",
    "carry_rows",
    "claim",
    "finish",
    "finish_reading_file",
    "forget_rows",
    "leave_known",
    "match_file",
    "note_outcomes",
    "note_plan",
    "note_portion",
    "note_reading_trouble",
    "note_trouble",
    "plan_file",
    "receive_file",
    "receive_reading_file",
    "take_reading_file",
]
