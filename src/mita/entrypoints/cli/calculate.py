"""`mita calculate`: its options. What it does is imported when it runs, so that `mita --help` is fast."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations of `calculate` when it runs
from typing import Annotated

import typer


def calculate(
    rates: Annotated[
        Path,
        typer.Argument(help="A rate table, YAML or JSON; several YAML documents are versions."),
    ],
    timezone: Annotated[str, typer.Option(help="Zone of local dates and times, such as Africa/Lagos.")],
    quantity: Annotated[str | None, typer.Option(help="A consumption in base units, such as 350.5.")] = None,
    intervals: Annotated[
        Path | None, typer.Option(help="CSV file of from,to,quantity and perhaps register.")
    ] = None,
    amount: Annotated[str | None, typer.Option(help="Money: how many units does it buy?")] = None,
    units: Annotated[str | None, typer.Option(help="How much money buys this many, such as 50?")] = None,
    first: Annotated[str | None, typer.Option("--from", help="First local date, such as 2025-07-01.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="The local date after the last one.")] = None,
    register: Annotated[str, typer.Option(help="Register of the quantity or the intervals.")] = "import",
    arrears_percent: Annotated[
        str | None, typer.Option(help="Share of the money that goes to arrears, in percent.")
    ] = None,
    arrears: Annotated[
        str | None, typer.Option(help="What the arrears are: not more of the money goes there.")
    ] = None,
    standing_due: Annotated[
        str | None,
        typer.Option(help="Standing charges due, with tax, in the place of those of the days; 0 for none."),
    ] = None,
    used: Annotated[
        str | None, typer.Option(help="Units that were used of the billing period before.")
    ] = None,
    unit_step: Annotated[
        str | None, typer.Option(help="Units that are bought are whole steps, such as 0.1.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Say what a consumption costs under a rate table, what an amount buys, or what units take."""
    from mita.entrypoints.cli import calculating

    calculating.run(
        rates,
        calculating.Asked(
            timezone=timezone,
            quantity=quantity,
            intervals=intervals,
            amount=amount,
            units=units,
            first=first,
            until=until,
            register=register,
            arrears_percent=arrears_percent,
            arrears=arrears,
            standing_due=standing_due,
            used=used,
            unit_step=unit_step,
        ),
        as_json=as_json,
    )
