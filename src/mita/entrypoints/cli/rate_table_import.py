"""`mita rate-table import`: its options. What it does is imported when it runs: `--help` is fast."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path  # noqa: TC003 - typer reads the annotations when a command runs
from typing import Annotated

import typer


class Format(StrEnum):
    """Formats of a file of prices."""

    DOCUMENT = "document"
    CSV = "csv"
    URDB = "urdb"


def import_rate_table(
    file: Annotated[Path, typer.Argument(help="A file of prices; - is standard input.")],
    layout: Annotated[
        Format, typer.Option("--format", help="A rate table document, the CSV template, or URDB JSON.")
    ],
    out: Annotated[
        Path,
        typer.Option(help="The rate table to write: JSON if it ends in .json, else YAML.", dir_okay=False),
    ],
    like: Annotated[
        Path | None, typer.Option(help="csv: a rate table to take all but prices and date from.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="csv, urdb: the table's name.")] = None,
    utility: Annotated[
        str | None, typer.Option(help="csv: electricity, water, hot_water, gas, solar.")
    ] = None,
    currency: Annotated[str | None, typer.Option(help="csv: the currency, such as ZAR.")] = None,
    effective_from: Annotated[
        str | None, typer.Option(help="csv, urdb: the first local date, such as 2025-07-01.")
    ] = None,
    tax: Annotated[str | None, typer.Option(help="csv: the tax and its percentage, such as VAT=15.")] = None,
    pick: Annotated[int | None, typer.Option(help="urdb: which rate of several, from 1.", min=1)] = None,
    leave_out: Annotated[bool, typer.Option("--leave-out", help="Do without what is left out.")] = False,  # noqa: FBT002 - a flag
    confirm: Annotated[bool, typer.Option("--confirm", help="The prices that look odd are right.")] = False,  # noqa: FBT002 - a flag
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,  # noqa: FBT002 - a flag
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Make a rate table of a file of prices; exit with 1 if something has to be decided first."""
    from mita.entrypoints.cli import rate_table_importing as importing

    importing.run(
        file,
        importing.Asked(
            layout=layout.value,
            out=out,
            like=like,
            name=name,
            utility=utility,
            currency=currency,
            effective_from=effective_from,
            tax=tax,
            pick=pick,
            is_leaving_out=leave_out,
            is_confirmed=confirm,
            is_forced=force,
        ),
        as_json=as_json,
    )
