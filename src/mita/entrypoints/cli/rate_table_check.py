"""What `mita rate-table check` does: a rate table is read strictly, and told back in plain lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mita.entrypoints.cli.exit_status import BAD_INPUT
from mita.entrypoints.cli.problem_lines import listed, name_of, problem_line
from mita.entrypoints.cli.rate_table_lines import charge_lines, head_lines
from mita.entrypoints.rate_files import read_versions
from mita.tariffs.domain import RateTableInvalid

if TYPE_CHECKING:
    from pathlib import Path

    from mita.tariffs.domain import Problem, RateTable

_COLUMNS = ("charge", "kind", "season", "letter", "block", "price")


def run(path: Path, *, as_json: bool) -> None:
    """Carry out `mita rate-table check`."""
    tables: tuple[RateTable, ...] = ()
    problems: tuple[Problem, ...] = ()
    try:
        tables = read_versions(path)
    except RateTableInvalid as error:
        problems = error.problems
    if as_json:
        typer.echo(json.dumps(_report(name_of(path), tables, problems)))
    for problem in () if as_json else problems:
        typer.echo(problem_line(path, problem), err=True)
    if problems:
        raise typer.Exit(BAD_INPUT)
    for table in () if as_json else tables:
        _print(table)


def _report(name: str, tables: tuple[RateTable, ...], problems: tuple[Problem, ...]) -> dict[str, Any]:
    return {
        "valid": not problems,
        "file": name,
        "problems": listed(problems),
        "documents": [table.to_document() for table in tables],
    }


def _print(table: RateTable) -> None:
    console = Console(highlight=False)
    for line in head_lines(table):
        console.print(Text(line), soft_wrap=True)
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in _COLUMNS:
        shown.add_column(column, overflow="fold")
    for charge in table.charges:
        for cells in charge_lines(charge, table=table):
            shown.add_row(*(Text(cell) for cell in cells))
    console.print()
    console.print(shown)
    console.print()
