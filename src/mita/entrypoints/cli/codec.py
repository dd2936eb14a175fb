"""`mita codec`: options of its commands. What they do is imported when it runs: `mita --help` is fast."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations when a command runs
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Manufacturers' codecs in JavaScript.")


@app.callback()
def _codec() -> None:
    """Keep the commands sub-commands even while there is one."""


@app.command("test")
def try_codec(
    codec: Annotated[Path, typer.Argument(help="The codec, a .js file.", exists=True, dir_okay=False)],
    examples: Annotated[
        Path,
        typer.Option(
            help="Inputs with the output they should give, JSON or YAML.", exists=True, dir_okay=False
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Run a codec on examples; exit with 1 and say what differs if it gives something else."""
    from mita.entrypoints.cli.codec_testing import run

    run(codec, examples, as_json=as_json)
