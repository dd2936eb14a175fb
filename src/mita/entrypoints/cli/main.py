"""`mita`: the command line. Commands import what they need when they run, so that `--help` is fast."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path  # noqa: TC003 - typer reads the annotations when a command runs
from typing import Annotated

import typer
from rich.console import Console

from mita.entrypoints.cli.bench import app as bench_app
from mita.entrypoints.cli.calculate import calculate
from mita.entrypoints.cli.codec import app as codec_app
from mita.entrypoints.cli.device import app as device_app
from mita.entrypoints.cli.import_file import import_file
from mita.entrypoints.cli.ledger import app as ledger_app
from mita.entrypoints.cli.rate_table import app as rate_table_app
from mita.entrypoints.cli.replay import replay

app = typer.Typer(no_args_is_help=True, help="Meter readings into money that nobody has to argue about.")
app.command("replay")(replay)
app.command("calculate")(calculate)
app.command("import")(import_file)
app.add_typer(bench_app, name="bench")
app.add_typer(codec_app, name="codec")
app.add_typer(device_app, name="device")
app.add_typer(ledger_app, name="ledger")
app.add_typer(rate_table_app, name="rate-table")


@app.command()
def verify(
    estate: Annotated[str | None, typer.Option(help="Name of one estate; without it, all of them.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Re-derive every chain and identity; exit with 1 and name the first broken place if anything is off."""
    from mita.entrypoints.cli.verify import run

    run(estate, as_json=as_json)


@app.command()
def fsck(
    file: Annotated[
        Path, typer.Argument(help="A CSV file of `mita ledger export`; FILE.checkpoint lies beside it.")
    ],
    key: Annotated[
        str | None, typer.Option(help="The public key that must have signed the checkpoint: name+id+base64.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Check an exported ledger from its files alone; exit with 1 and name what is broken."""
    from mita.entrypoints.cli.fsck import run

    run(file, key, as_json=as_json)


@app.command()
def up(
    demo: Annotated[bool, typer.Option("--demo", help="Add two living estates.")] = False,  # noqa: FBT002 - a flag
    port: Annotated[int | None, typer.Option(help="Port of the web server; 0 takes a free one.")] = None,
) -> None:
    """Run everything in one command: database, broker, API, worker, ingest."""
    from mita.entrypoints.up import Up
    from mita.kit.settings import Settings

    raise typer.Exit(Up(Settings(), demo=demo, port=port, console=Console()).run())


@app.command()
def migrate() -> None:
    """Bring the database to this version's schema."""
    from mita.entrypoints.cli.plainly import plainly
    from mita.entrypoints.opened import database_url
    from mita.kit.settings import Settings
    from mita.migrations.runner import migrate as run
    from mita.migrations.runner import newest_revision

    settings = Settings()
    with plainly():
        if settings.database_url is None:
            with database_url(settings):
                typer.echo(f"the embedded database is at {newest_revision()}")
            return
        if settings.database_admin_url is None:
            typer.echo("set MITA_DATABASE_ADMIN_URL: migrations need the owning role", err=True)
            raise typer.Exit(2)
        before, after = run(settings.database_admin_url.get_secret_value())
    typer.echo(f"{before or 'empty'} -> {after}")


@app.command()
def openapi() -> None:
    """Print the API's OpenAPI document."""
    from mita.entrypoints.api.app import create_app
    from mita.kit.db import Database

    database = Database("postgresql://nobody@/nothing")
    typer.echo(json.dumps(create_app(database, live=None).openapi(), indent=2))
    asyncio.run(database.close())


@app.command()
def api() -> None:
    """Run the API alone."""
    _role("mita.entrypoints.api.__main__")


@app.command()
def worker() -> None:
    """Run the job worker alone."""
    _role("mita.entrypoints.worker.__main__")


@app.command()
def ingest() -> None:
    """Run MQTT ingest alone."""
    _role("mita.entrypoints.ingest.__main__")


@app.command()
def poll() -> None:
    """Run the polling of devices that do not speak by themselves alone."""
    _role("mita.entrypoints.polling.__main__")


@app.command()
def coap() -> None:
    """Run the server alone to which devices post over CoAP."""
    _role("mita.entrypoints.coap.__main__")


@app.command("device-token")
def device_token(
    device: Annotated[str, typer.Argument(help="The device's name, as its meters have it.")],
) -> None:
    """Print the password of a device at the embedded broker; it never expires."""
    from mita.entrypoints.keys import BadDeviceName, load_keys
    from mita.entrypoints.keys import device_token as made
    from mita.kit.settings import Settings

    try:
        typer.echo(made(load_keys(Settings().data).device_secret, device))
    except (BadDeviceName, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error


@app.command("staff-token")
def staff_token(
    name: Annotated[str, typer.Argument(help="Who gets it, as journals will call them: staff:NAME.")],
) -> None:
    """Print a new API token for a member of staff; it takes the place of the one before."""
    from mita.entrypoints.cli.staff_token import run

    run(name)


@app.command("operator")
def operator(
    email: Annotated[str, typer.Argument(help="What they sign in with.")],
    name: Annotated[
        str | None, typer.Option("--name", help="What they are called; else what stands before the @.")
    ] = None,
    runs_platform: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--platform", help="They run the whole installation, not its estates alone.")
    ] = False,
) -> None:
    """Let somebody sign in to the app who runs estates; print their password, this once."""
    from mita.entrypoints.cli.operator import run

    run(email, name=name, runs_platform=runs_platform)


@app.command("demo-code")
def demo_code() -> None:
    """Print the six digits that the demo's operator and auditor sign in with; each opens once."""
    from mita.entrypoints.cli.demo_code import run

    run()


@app.command("rotate-secrets")
def rotate_secrets(
    drop_old: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--drop-old", help="Make no key; drop those that nothing is sealed with any more.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Make a new key for secrets and seal every secret in the database with it."""
    from mita.entrypoints.cli.rotate_secrets import run

    run(drop_old=drop_old, as_json=as_json)


def _role(module: str) -> None:
    import runpy

    runpy.run_module(module.removesuffix(".__main__"), run_name="__main__", alter_sys=True)
