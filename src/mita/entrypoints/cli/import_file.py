"""`mita import`: its options. What it does is imported when it runs: `--help` is fast."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path  # noqa: TC003 - typer reads the annotations when a command runs
from typing import Annotated

import typer


class KindOption(StrEnum):
    """Kinds of files."""

    UNITS = "units"
    PEOPLE = "people"
    METERS = "meters"
    OCCUPANCIES = "occupancies"
    OWNERSHIPS = "ownerships"
    TOP_UPS = "top_ups"


class ModeOption(StrEnum):
    """What happens to good rows where others fail."""

    ALL_OR_NOTHING = "all_or_nothing"
    VALID_ROWS = "valid_rows"


def import_file(
    kind: Annotated[KindOption, typer.Argument(help="What the rows are.")],
    file: Annotated[Path, typer.Argument(help="A CSV file; - is standard input.", allow_dash=True)],
    estate: Annotated[str, typer.Option(help="Name of the estate.")],
    mode: Annotated[
        ModeOption, typer.Option(help="Whether good rows are kept where others fail.")
    ] = ModeOption.ALL_OR_NOTHING,
    errors: Annotated[
        Path | None, typer.Option(help="Write the rows that failed to this file.", dir_okay=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything, keep nothing.")] = False,  # noqa: FBT002 - a flag
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Import a file of units, people, meters or money into an estate; exit with 1 if rows failed."""
    from mita.entrypoints.cli import importing

    asked = importing.Asked(kind.value, estate, mode.value, errors, is_dry_run=dry_run)
    importing.run(file, asked, as_json=as_json)
