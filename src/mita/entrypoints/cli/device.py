"""`mita device`: options of its commands. What they do is imported when it runs: `mita --help` is fast."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Devices: register one, watch its wire, see what is missing.")

_Estate = Annotated[str, typer.Option(help="Name of the estate.")]
_Name = Annotated[str, typer.Argument(help="The device's name: driver:address.")]
_AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def add(
    driver: Annotated[str, typer.Argument(help="Its driver, such as modbus or chirpstack.")],
    address: Annotated[str, typer.Argument(help="What it is called on its wire.")],
    estate: _Estate,
    settings: Annotated[str, typer.Option(help="The driver's settings, a JSON object.")] = "{}",
    field: Annotated[
        list[str] | None,
        typer.Option(help="A value that is a register, PATH=REGISTER:UNIT or PATH=REGISTER:UNIT:SCALE."),
    ] = None,
    meter: Annotated[list[str] | None, typer.Option(help="Serial of a meter that it speaks for.")] = None,
    as_json: _AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Register a device, and give it to meters that are installed."""
    from mita.entrypoints.cli.commissioning import add as run

    run(
        driver,
        address,
        estate=estate,
        settings=settings,
        fields=field or [],
        meters=meter or [],
        as_json=as_json,
    )


@app.command()
def watch(
    name: _Name,
    estate: _Estate,
    seconds: Annotated[int, typer.Option(min=1, help="How long.")] = 1_800,
) -> None:
    """Show what passes on a device's wire, until Ctrl-C."""
    from mita.entrypoints.cli.commissioning import watch as run

    run(name, estate=estate, seconds=seconds)


@app.command("test")
def try_device(name: _Name, estate: _Estate, as_json: _AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Say what is missing until a device works, and ask one that is asked; status 1 if something is."""
    from mita.entrypoints.cli.commissioning import test as run

    run(name, estate=estate, as_json=as_json)
