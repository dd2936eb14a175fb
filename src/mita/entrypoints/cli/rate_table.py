"""`mita rate-table`: options of its commands. What they do is imported when it runs: `--help` is fast."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations when a command runs
from typing import Annotated

import typer

from mita.entrypoints.cli.rate_table_compare import compare_rate_tables
from mita.entrypoints.cli.rate_table_export import export_rate_table
from mita.entrypoints.cli.rate_table_import import import_rate_table

app = typer.Typer(no_args_is_help=True, help="Rate tables, and what another would cost.")
app.command("import")(import_rate_table)
app.command("export")(export_rate_table)
app.command("compare")(compare_rate_tables)


@app.callback()
def _rate_table() -> None:
    """Keep the commands sub-commands even while there is one."""


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A rate table, YAML or JSON; - is standard input.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Say what a rate table says, or with exit status 2 each problem with its line and how to mend it."""
    from mita.entrypoints.cli.rate_table_check import run

    run(file, as_json=as_json)


@app.command()
def schema() -> None:
    """Print the JSON Schema of a rate table document."""
    import json

    from mita.tariffs.domain import document_schema

    typer.echo(json.dumps(document_schema(), indent=2))
