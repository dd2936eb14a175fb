"""`mita rate-table export`: its options. What it does is imported when it runs: `--help` is fast."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path  # noqa: TC003 - typer reads the annotations when a command runs
from typing import Annotated

import typer


class Format(StrEnum):
    """What a rate table can be written as."""

    URDB = "urdb"


def export_rate_table(
    file: Annotated[Path, typer.Argument(help="A rate table, YAML or JSON; - is standard input.")],
    layout: Annotated[Format, typer.Option("--format", help="URDB JSON.")],
    out: Annotated[Path, typer.Option(help="The file to write.", dir_okay=False)],
    leave_out: Annotated[bool, typer.Option("--leave-out", help="Do without what is left out.")] = False,  # noqa: FBT002 - a flag
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,  # noqa: FBT002 - a flag
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Write a rate table for others; exit with 1 if that format cannot say all of it."""
    from mita.entrypoints.cli import rate_table_exporting as exporting

    assert layout is Format.URDB, "there is no other yet"
    exporting.run(file, out, is_leaving_out=leave_out, is_forced=force, as_json=as_json)
