"""Writes of imports: a file comes in, its rows are carried by the operations of single things."""

from mita.imports.operations.carry import CARRIERS, carry_rows
from mita.imports.operations.progress import (
    begin_again,
    claim,
    finish,
    forget_rows,
    note_outcomes,
    note_trouble,
)
from mita.imports.operations.receive import NewFile, receive_file

__all__ = [
    "CARRIERS",
    "NewFile",
    "begin_again",
    "carry_rows",
    "claim",
    "finish",
    "forget_rows",
    "note_outcomes",
    "note_trouble",
    "receive_file",
]
