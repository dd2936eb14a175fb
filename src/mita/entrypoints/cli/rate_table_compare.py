"""`mita rate-table compare`: its options. What it does is imported when it runs, so that `--help` is fast."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations when the command runs
from typing import Annotated

import typer


def compare_rate_tables(
    rate_table: Annotated[int, typer.Argument(help="Id of the rate table that would be new.")],
    estate: Annotated[str, typer.Option(help="Name of the estate.")],
    first: Annotated[str, typer.Option("--from", help="First local date, such as 2025-07-01.")],
    until: Annotated[str, typer.Option("--to", help="The local date after the last one.")],
    other: Annotated[
        int | None, typer.Option("--with", help="Id of the old one; without it, what is in force.")
    ] = None,
    role: Annotated[
        str, typer.Option(help="What the tables charge for: supply, network or levy.")
    ] = "supply",
    unit: Annotated[str | None, typer.Option(help="Name of one unit; without it, all of them.")] = None,
    csv: Annotated[Path | None, typer.Option(help="File to write with a row for every unit.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,  # noqa: FBT002 - a flag
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Price what units used by two prices: old, new, difference, who gains, who loses."""
    from mita.entrypoints.cli.rate_table_comparing import Asked, run

    asked = Asked(rate_table, estate, first, until, other, unit, csv, is_forced=force, role=role)
    run(asked, as_json=as_json)
