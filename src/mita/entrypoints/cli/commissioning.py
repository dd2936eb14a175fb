"""What `mita device` does."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape

from mita.devices import operations, queries
from mita.entrypoints.cli.exporting import NoSuchEstate, estate_named
from mita.entrypoints.cli.plainly import BAD_INPUT, plainly
from mita.entrypoints.opened import database_url
from mita.entrypoints.polling.kinds import kinds_of
from mita.entrypoints.polling.settings import PollSettings
from mita.entrypoints.process import secret_keys_path
from mita.kit.clock import now_utc
from mita.kit.db import Database
from mita.kit.errors import NotFound, Refusal
from mita.kit.money import format_micro
from mita.kit.seal import Seals
from mita.metering import operations as metering
from mita.metering import queries as metering_queries
from mita.wiring import wire

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from uuid import UUID

    from mita.devices.models import Device, DeviceFrame

_LOOK_S = 1.0
_SHOWN_BYTES = 200
_MARKS = {"done": "[green]done[/]", "missing": "[red]missing[/]", "open": "[yellow]open[/]"}


class BadOption(ValueError):
    """An option that cannot be understood."""


def add(
    driver: str,
    address: str,
    *,
    estate: str,
    settings: str,
    fields: list[str],
    meters: list[str],
    as_json: bool,
) -> None:
    """Carry out `mita device add`."""

    async def work(database: Database, estate_id: int, _settings: PollSettings) -> None:
        terms = operations.DeviceTerms(settings=_object(settings), fields=[_field(each) for each in fields])
        now = now_utc()
        async with database.unit_of_work(estates=[estate_id]) as session:
            row = await operations.register_device(
                session, estate_id=estate_id, driver=driver, address=address, terms=terms, now=now
            )
            known = await metering_queries.meters_of_serials(session, estate_id=estate_id, serials=meters)
            if absent := sorted(set(meters) - set(known)):
                raise NotFound(f"the estate has no meter {absent[0]!r}")
            for installed, _ in known.values():
                said = metering.MeterNotes(device=row.name)
                await metering.update_meter(
                    session, estate_id=estate_id, meter_id=installed.meter_id, said=said, now=now
                )
        if as_json:
            typer.echo(json.dumps({"device_id": row.device_id, "name": row.name}))
        else:
            typer.echo(f"{row.name} is registered; `mita device test {row.name}` says what is missing")

    _run(estate, work)


def watch(name: str, *, estate: str, seconds: int) -> None:
    """Carry out `mita device watch`."""
    console = Console()

    async def work(database: Database, estate_id: int, _settings: PollSettings) -> None:
        async with database.unit_of_work(estates=[estate_id]) as session:
            row = await _device(session, estate_id=estate_id, name=name)
            await operations.watch(session, estate_id=estate_id, device_id=row.device_id, now=now_utc())
        console.print(f"Watching {escape(name)}; Ctrl-C ends it.", highlight=False)
        until = time.monotonic() + seconds
        seen: set[UUID] = set()
        while time.monotonic() < until:
            async with database.unit_of_work(estates=[estate_id]) as session:
                rows = await queries.frames(session, estate_id=estate_id, device_id=row.device_id)
            for each in reversed(rows):
                if each.device_frame_id not in seen:
                    seen.add(each.device_frame_id)
                    _show(console, each)
            await asyncio.sleep(min(_LOOK_S, max(0.0, until - time.monotonic())))

    with _until_interrupted():
        _run(estate, work)


def test(name: str, *, estate: str, as_json: bool) -> None:
    """Carry out `mita device test`."""

    async def work(database: Database, estate_id: int, settings: PollSettings) -> None:
        async with database.unit_of_work(estates=[estate_id]) as session:
            row = await _device(session, estate_id=estate_id, name=name)
            steps = await queries.steps(session, estate_id=estate_id, device_id=row.device_id, now=now_utc())
        asked = await _asked(database, row, estate_id=estate_id, settings=settings)
        is_done = all(each.state == "done" for each in steps) and not asked
        if as_json:
            found = [{"name": each.name, "state": each.state, "sentence": each.sentence} for each in steps]
            typer.echo(json.dumps({"is_done": is_done, "steps": found, "asked": asked}))
        else:
            console = Console()
            for each in steps:
                console.print(f"{_MARKS[each.state]:>16} {escape(each.sentence)}", highlight=False)
            for problem in asked or []:
                console.print(f"{_MARKS['missing']:>16} {escape(problem)}", highlight=False)
        raise typer.Exit(0 if is_done else 1)

    _run(estate, work)


async def _asked(
    database: Database, row: Device, *, estate_id: int, settings: PollSettings
) -> list[str] | None:
    """Ask a device that is to be asked; return what is wrong, or None if it speaks by itself."""
    kind = kinds_of(database).get(row.driver)
    if kind is None:
        return None
    async with database.unit_of_work(estates=[estate_id]) as session:
        found = await queries.configured(session, estate_id=estate_id, names=[row.name], with_secrets=True)
    device = found[row.name].device
    refusal = settings.reach().refusal(device.settings.get("url"))
    if refusal is not None:
        return [refusal]
    line = kind.open()
    try:
        return list(await line.probe(device))
    finally:
        await line.close()


def _run(estate: str, work: Callable[[Database, int, PollSettings], Awaitable[None]]) -> None:
    settings = PollSettings()

    async def opened(url: str) -> None:
        database = Database(url, pool_size=2, seals=Seals.load(secret_keys_path(settings)))
        try:
            found = await estate_named(database, estate)
            await work(database, found.estate_id, settings)
        finally:
            await database.close()

    wire()
    with _said(), plainly(), database_url(settings) as url:
        asyncio.run(opened(url))


@contextmanager
def _said() -> Iterator[None]:
    """Turn what cannot be into a sentence."""
    try:
        yield
    except NoSuchEstate as error:
        sentence = f"there is no estate called {error.args[0]!r}"
    except Refusal as error:
        more = [str(each["message"]) for each in getattr(error, "problems", None) or []]
        sentence = "; ".join(dict.fromkeys([error.detail, *more]))
    except BadOption as error:
        sentence = str(error)
    else:
        return
    Console(stderr=True).print(f"[red]error:[/red] {escape(sentence)}", highlight=False, soft_wrap=True)
    raise typer.Exit(BAD_INPUT)


@contextmanager
def _until_interrupted() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("Watched enough.", err=True)


async def _device(session: Any, *, estate_id: int, name: str) -> Device:
    row = await queries.device_named(session, estate_id=estate_id, name=name)
    if row is None:
        raise NotFound(f"no device {name!r} is registered in the estate")
    return row


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise BadOption(f"--settings is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise BadOption("--settings is a JSON object")
    return found


def _field(text: str) -> dict[str, Any]:
    path, equals, rest = text.rpartition("=")
    register, *more = rest.split(":")
    if not equals or not path or len(more) not in (1, 2):
        raise BadOption(f"--field {text!r} is not PATH=REGISTER:UNIT or PATH=REGISTER:UNIT:SCALE")
    return {"path": path, "register": register, "unit": more[0], "scale": more[1] if more[1:] else "1"}


def _show(console: Console, frame: DeviceFrame) -> None:
    payload = bytes(frame.payload)
    text = payload.decode("utf-8", "replace") if _is_text(payload) else payload.hex(" ")
    arrow = "→" if frame.is_ours else "←"
    console.print(f"[dim]{frame.at:%H:%M:%S}[/] {arrow} {escape(frame.wire)}", highlight=False)
    console.print(f"    {escape(text[:_SHOWN_BYTES])}", highlight=False)
    for reading in frame.found.get("readings", []):
        amount = f"{format_micro(reading['micro'])} {reading['unit']}"
        console.print(
            f"    [green]{escape(reading['meter'])} {reading['register']}[/] {amount}", highlight=False
        )
    for bad in frame.found.get("rejections", []):
        console.print(f"    [red]{escape(bad['code'])}[/] {escape(bad['detail'])}", highlight=False)


def _is_text(payload: bytes) -> bool:
    try:
        return payload.decode("utf-8").isprintable()
    except UnicodeDecodeError:
        return False
