"""What `mita fsck` does: an exported ledger checked from its files alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape

from mita.entrypoints.cli.plainly import BAD_INPUT
from mita.entrypoints.exports.read import Checked, check_export
from mita.entrypoints.exports.seal import UnreadableExport
from mita.ledger.domain import BadNote, VerifierKey, parse_key

if TYPE_CHECKING:
    from pathlib import Path

BROKEN = 1


def run(path: Path, key: str | None, *, as_json: bool) -> None:
    """Carry out `mita fsck`."""
    errors = Console(stderr=True)
    try:
        asked = None if key is None else _key(key)
        with errors.status("Checking…") as status:
            checked = check_export(
                path, key=asked, progress=lambda done: status.update(f"Checking… {done:,} entries")
            )
    except UnreadableExport as error:
        errors.print(f"[red]error:[/red] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(BAD_INPUT) from error
    if as_json:
        typer.echo(json.dumps(_report(checked)))
    else:
        _print(Console(), checked)
    if checked.breaks:
        raise typer.Exit(BROKEN)


def _key(text: str) -> VerifierKey:
    try:
        return parse_key(text)
    except BadNote as error:
        raise UnreadableExport(f"--key: {error}") from error


def _report(checked: Checked) -> dict[str, Any]:
    broken = [{"verifier": b.verifier, "place": b.place, "detail": b.detail} for b in checked.breaks]
    return {
        "verified": not broken,
        "estate_id": checked.estate_ids[0] if checked.estate_ids else None,
        "accounts": checked.accounts,
        "entries": checked.entries,
        "key": str(checked.key),
        "key_given": checked.is_key_given,
        "first_broken": broken[0] if broken else None,
        "broken": broken,
    }


def _print(console: Console, checked: Checked) -> None:
    mark = "[red]BROKEN[/red]" if checked.breaks else "[green]verified[/green]"
    console.print(f"{checked.entries:,} entries on {checked.accounts:,} accounts: {mark}", highlight=False)
    for place in checked.breaks:
        text = f"{escape(place.place)}: {escape(place.detail)}"
        console.print(f"  [red]{place.verifier}[/red]: {text}", highlight=False, soft_wrap=True)
    if not checked.is_key_given:
        console.print(
            f"The signature was checked with the key beside the file, {escape(str(checked.key))}: "
            "compare it with the one you were given, or name yours with --key.",
            highlight=False,
            soft_wrap=True,
        )
