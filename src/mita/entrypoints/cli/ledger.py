"""`mita ledger`: options of its commands. What they do is imported when it runs: `--help` is fast."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path  # noqa: TC003 - typer reads the annotations when a command runs
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="The ledger outside the database: exports, checkpoints.")


@app.callback()
def _ledger() -> None:
    """Keep the commands sub-commands even while there is one."""


class Format(StrEnum):
    """Formats of an export."""

    BEANCOUNT = "beancount"
    CSV = "csv"


@app.command()
def export(
    estate: Annotated[str, typer.Option(help="Name of the estate.")],
    layout: Annotated[Format, typer.Option("--format", help="csv has every hashed field, for `mita fsck`.")],
    out: Annotated[Path, typer.Option(help="The file to write.", dir_okay=False)],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Write an estate's general ledger to a file; for csv, a signed checkpoint beside it."""
    from mita.entrypoints.cli.exporting import run

    run(estate, layout, out, is_forced=force)


@app.command()
def archive(
    month: Annotated[
        str, typer.Option(help="The oldest month kept, such as 2026-10; locked in every estate.")
    ],
    out: Annotated[Path, typer.Option(help="The directory of the files.", file_okay=False)],
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Write a locked month to files, check them, and take its entries out of the ledger."""
    from mita.entrypoints.cli.archiving import run

    run(month, out, is_forced=force)


@app.command()
def checkpoint(
    estate: Annotated[str | None, typer.Option(help="Name of one estate; without it, all of them.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Sign and publish all heads as they are now; print the public key that anybody can check them with."""
    from mita.entrypoints.cli.checkpoint import run

    run(estate, as_json=as_json)
