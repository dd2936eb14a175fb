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
    NEM12 = "nem12"
    NEM13 = "nem13"
    GREENBUTTON = "greenbutton"
    P1 = "p1"
    SMIP = "smip"
    CSV = "csv"


def replay(
    file: Annotated[
        Path, typer.Argument(help="A file, or a .zip with one in it.", exists=True, dir_okay=False)
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
    profile: Annotated[
        str | None, typer.Option(help="For --format csv: a profile's name, or its YAML file.")
    ] = None,
    file_zone: Annotated[
        str | None, typer.Option(help="Zone of the file's times, where it is another than is usual.")
    ] = None,
    meter: Annotated[
        str | None, typer.Option(help="Name of the one meter of a file that names none.")
    ] = None,
    opening: Annotated[
        str, typer.Option(help="Value of a new register where its intervals begin, base units.")
    ] = "0",
    take_estimates: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--take-estimates", help="Charge estimates too, which cannot be replaced then.")
    ] = False,
    cross_gaps: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--cross-gaps", help="Count nothing where intervals are missing.")
    ] = False,
    keep_past: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--keep-past", help="Go on where the file says otherwise of what was charged.")
    ] = False,
    partial: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--partial", help="Take what is sound of a file with faults.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Use a throw-away database.")] = False,  # noqa: FBT002 - a flag
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Charge every reading of a file: makes the estate, and a unit, meter and wallet for each meter in it."""
    from mita.entrypoints.cli import replaying
    from mita.entrypoints.cli.head_end import Asked

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
        asked=Asked(
            profile=profile,
            file_zone=file_zone,
            meter=meter,
            opening=opening,
            takes_estimates=take_estimates,
            crosses_gaps=cross_gaps,
            keeps_past=keep_past,
            is_partial=partial,
        ),
    )
