"""`mita replay`: its options. What it does is imported when it runs, so that `mita --help` is fast."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path  # noqa: TC003 - typer reads the annotations of `replay` when it runs
from typing import Annotated

import typer


class Layout(StrEnum):
    """Layouts of a readings file."""

    DAIAD = "daiad"
    READINGS = "readings"


def replay(
    file: Annotated[
        Path, typer.Argument(help="A .csv file, or a .zip with one in it.", exists=True, dir_okay=False)
    ],
    layout: Annotated[Layout, typer.Option("--format", help="Layout of the file.")],
    rate_table: Annotated[
        Path, typer.Option(help="Rate table document, YAML or JSON.", exists=True, dir_okay=False)
    ],
    timezone: Annotated[
        str, typer.Option(help="Zone of the estate and of local times, such as Europe/Madrid.")
    ],
    credit: Annotated[str, typer.Option(help="Money credited to each new wallet, such as 100.00.")] = "0",
    estate: Annotated[
        str | None, typer.Option(help="Name of the estate; without it, the file's name.")
    ] = None,
    max_rate: Annotated[str | None, typer.Option(help="Highest plausible rise, base units per hour.")] = None,
    burst: Annotated[str, typer.Option(help="Rise allowed on top of --max-rate, base units.")] = "0",
    fresh: Annotated[bool, typer.Option("--fresh", help="Use a throw-away database.")] = False,  # noqa: FBT002 - a flag
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Charge every reading of a file: makes the estate, and a unit, meter and wallet for each meter in it."""
    from mita.entrypoints.cli import replaying

    replaying.run(
        file,
        layout,
        rate_table,
        timezone,
        credit=credit,
        estate=estate,
        max_rate=max_rate,
        burst=burst,
        fresh=fresh,
        as_json=as_json,
    )
