"""Response shapes of files of rows."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from mita.imports.domain import Column, Kind, KindWord, ModeWord, RowWord, StateWord
from mita.imports.models import ImportFile, ImportRow
from mita.kit.shapes import Instant, Shape


class ColumnOut(Shape):
    """A column of a file."""

    name: str = Field(examples=["floor_area"])
    description: str = Field(examples=["Square metres"])
    example: str = Field(examples=["64.5"])
    is_needed: bool
    form: Literal["text", "decimal", "day", "yes_no"]


class TemplateOut(Shape):
    """A kind of file, its columns, and what a row does that was imported before."""

    kind: KindWord
    description: str = Field(examples=["The units of the estate"])
    permission: str = Field(examples=["units.write"], description="Needed beside `imports.write`")
    again: str = Field(examples=["A unit of that name is changed to what the row says"])
    columns: list[ColumnOut]


class Templates(Shape):
    """The kinds of files that can be imported."""

    items: list[TemplateOut]


class RowCounts(Shape):
    """How many rows a file has, how many are done, and what became of those."""

    total: int = Field(examples=[200])
    done: int = Field(examples=[200])
    created: int = Field(examples=[197])
    updated: int = Field(examples=[1])
    unchanged: int = Field(examples=[1])
    failed: int = Field(examples=[1])
    withheld: int = Field(description="Good, but not kept because others failed", examples=[0])


class ImportOut(Shape):
    """A file that is carried into an estate. In a dry run the counts are what would have been."""

    import_id: UUID
    kind: KindWord
    file_name: str = Field(examples=["units.csv"])
    mode: ModeWord
    is_dry_run: bool
    state: StateWord = Field(
        description="`refused`: a row failed and nothing was kept; `stopped`: an error inside Mita"
    )
    rows: RowCounts
    sha256: str = Field(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])
    encoding: Literal["utf-8", "windows-1252"]
    separator: Literal["comma", "semicolon", "tab"]
    notes: list[str] = Field(examples=[["the file is not UTF-8 and was read as Windows-1252"]])
    created_by: str = Field(examples=["staff:console"])
    created_at: Instant
    finished_at: Instant | None
    forgotten_at: Instant | None = Field(description="Since when its rows are gone: a month after its end")


class ImportDetail(ImportOut):
    """An import, and whether the same file came before."""

    same_file_as: UUID | None = Field(description="The first import of this very file")


class FaultOut(Shape):
    """What is wrong with a row: in which column (empty: the row as a whole), and how to mend it."""

    column: str = Field(examples=["floor_area"])
    value: str = Field(examples=["64,5"])
    code: str = Field(examples=["decimal_comma"])
    message: str = Field(examples=["a decimal comma: write 64.5"])


class ImportRowOut(Shape):
    """A row of a file, as a spreadsheet counts it, and what became of it."""

    row: int = Field(examples=[12], description="The header is row 1")
    state: RowWord
    cells: dict[str, str] = Field(examples=[{"name": "A101", "floor_area": "64,5"}])
    faults: list[FaultOut]


def template_out(kind: Kind) -> TemplateOut:
    """Return a kind of file as JSON shows it."""
    return TemplateOut(
        kind=kind.name,
        description=kind.means,
        permission=kind.permission,
        again=kind.again,
        columns=[_column_out(column) for column in kind.columns],
    )


def _column_out(column: Column) -> ColumnOut:
    return ColumnOut(
        name=column.name,
        description=column.means,
        example=column.example,
        is_needed=column.is_needed,
        form=column.form,
    )


def import_out(row: ImportFile) -> ImportOut:
    """Return an import as JSON shows it."""
    return ImportOut.model_validate(_import_fields(row))


def import_detail(row: ImportFile, *, same_file_as: UUID | None) -> ImportDetail:
    """Return an import as JSON shows it alone."""
    return ImportDetail.model_validate({**_import_fields(row), "same_file_as": same_file_as})


def _import_fields(row: ImportFile) -> dict[str, object]:
    counts = {name: getattr(row, name) for name in ("created", "updated", "unchanged", "failed", "withheld")}
    return {
        "import_id": row.import_id,
        "kind": row.kind,
        "file_name": row.file_name,
        "mode": row.mode,
        "is_dry_run": row.is_dry_run,
        "state": row.state,
        "rows": {"total": row.total, "done": sum(counts.values()), **counts},
        "sha256": row.sha256.hex(),
        "encoding": row.encoding,
        "separator": row.separator,
        "notes": row.notes,
        "created_by": row.actor,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
        "forgotten_at": row.forgotten_at,
    }


def import_row_out(row: ImportRow, *, columns: list[str]) -> ImportRowOut:
    """Return a row as JSON shows it, without what an error file adds."""
    cells = dict(zip(columns, row.cells, strict=False))
    faults = [FaultOut.model_validate(each) for each in row.faults]
    return ImportRowOut.model_validate(
        {"row": row.row_number, "state": row.state, "cells": cells, "faults": faults}
    )
