"""What `mita rate-table import` does: a file of prices becomes a rate table that somebody has looked at."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import typer
import yaml

from mita.entrypoints.cli.exit_status import BAD_INPUT
from mita.entrypoints.exports.whole import FileIsThere, whole_file
from mita.entrypoints.rate_files import STANDARD_INPUT
from mita.tariffs.domain import Problem, RateTableInvalid, parse_document
from mita.tariffs.domain.imports import Draft, read_csv_template, read_rate_table, read_urdb

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mita.tariffs.domain import RateTable

UNDECIDED = 1
_BYTES_MAX = 8 * 1024 * 1024
_HEAD_KEYS = ("name", "utility", "currency", "effective_from")
_OPTIONS = {
    "document": (),
    "urdb": ("name", "effective_from", "pick"),
    "csv": ("like", "name", "utility", "currency", "effective_from", "tax"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of the command."""

    layout: str
    out: Path
    like: Path | None = None
    name: str | None = None
    utility: str | None = None
    currency: str | None = None
    effective_from: str | None = None
    tax: str | None = None
    pick: int | None = None
    is_leaving_out: bool = False
    is_confirmed: bool = False
    is_forced: bool = False


class _UsedWrongly(ValueError):
    """Options that do not fit, or a file that cannot be used."""


def run(file: Path, asked: Asked, *, as_json: bool) -> None:
    """Carry out `mita rate-table import`."""
    draft = Draft(tables=())
    problems: tuple[Problem, ...] = ()
    table: RateTable | None = None
    undecided: str | None = None
    status = 0
    try:
        draft = _draft(file, asked)
        table = _picked(draft, asked)
        undecided = _undecided(draft, table, asked)
        if undecided:
            status = UNDECIDED
        elif table is not None:
            _write(table, asked)
    except RateTableInvalid as error:
        status, problems = BAD_INPUT, error.problems
    except _UsedWrongly as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from error
    _tell(file, draft, problems)
    if undecided:
        typer.echo(f"nothing was written: {undecided}", err=True)
    if as_json:
        typer.echo(json.dumps(_report(asked, table, draft, problems, is_written=status == 0)))
    elif status == 0:
        typer.echo(f"{asked.out} is written; put it in force when somebody has looked at it")
    if status:
        raise typer.Exit(status)


def _draft(file: Path, asked: Asked) -> Draft:
    for option in ("like", "name", "utility", "currency", "effective_from", "tax", "pick"):
        if getattr(asked, option) is not None and option not in _OPTIONS[asked.layout]:
            raise _UsedWrongly(f"--{option.replace('_', '-')} does not go with --format {asked.layout}")
    text = _text_of(file)
    if asked.layout == "document":
        return read_rate_table(text)
    if asked.layout == "csv":
        return read_csv_template(text, head=_head(asked))
    return read_urdb(text, effective_from=_date(asked.effective_from), name=asked.name)


def _head(asked: Asked) -> dict[str, Any]:
    """Return the document without its charges."""
    head: dict[str, Any] = {}
    if asked.like is not None:
        head = parse_document(_text_of(asked.like)).to_document()
        for key in ("charges", "source", "effective_from"):
            head.pop(key, None)
    head |= {key: getattr(asked, key) for key in _HEAD_KEYS if getattr(asked, key) is not None}
    if asked.tax is not None:
        name, _, percent = asked.tax.rpartition("=")
        if not name or not percent:
            raise _UsedWrongly(f"--tax {asked.tax!r} is not a name and a percentage such as VAT=15")
        head["tax"] = {"name": name, "percent": percent}
    for key in _HEAD_KEYS:
        if key not in head:
            more = " or --like" if key != "effective_from" else ""
            raise _UsedWrongly(f"the CSV template does not say it: give --{key.replace('_', '-')}{more}")
    return head


def _date(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise _UsedWrongly(f"--effective-from {text!r} is not a date such as 2025-07-01") from error


def _text_of(file: Path) -> str:
    try:
        if str(file) == STANDARD_INPUT:
            raw = sys.stdin.buffer.read(_BYTES_MAX + 1)
        else:
            with file.open("rb") as stream:
                raw = stream.read(_BYTES_MAX + 1)
    except OSError as error:
        raise _UsedWrongly(f"{file} cannot be read: {error.strerror or error}") from error
    if len(raw) > _BYTES_MAX:
        raise _UsedWrongly(f"{file} is longer than {_BYTES_MAX // 1024**2} MiB; no price list is")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _UsedWrongly(f"{file}: byte {error.start + 1} is no UTF-8; save the file as UTF-8") from error


def _picked(draft: Draft, asked: Asked) -> RateTable | None:
    count = len(draft.tables)
    if asked.pick is None:
        return draft.tables[0] if count == 1 else None
    if asked.pick > count:
        raise _UsedWrongly(f"--pick {asked.pick}: the file has {count} rates that map")
    return draft.tables[asked.pick - 1]


def _undecided(draft: Draft, table: RateTable | None, asked: Asked) -> str | None:
    """Return what somebody has to decide before the table is written."""
    if table is None:
        if not draft.tables:
            return "no charge of the file can be said by a rate table"
        return f"the file has {len(draft.tables)} rates, choose one with --pick"
    if draft.left_out and not asked.is_leaving_out:
        return "a rate table cannot say all of the file; --leave-out writes it without that"
    if draft.to_confirm and not asked.is_confirmed:
        return "some prices look odd; if they are right, --confirm"
    return None


def _write(table: RateTable, asked: Asked) -> None:
    document = table.to_document()
    if asked.out.suffix.lower() == ".json":
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    else:
        text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
    assert parse_document(text) == table, "what is written says the same"
    try:
        with whole_file(asked.out, is_forced=asked.is_forced) as stream:
            stream.write(text.encode())
    except FileIsThere as error:
        raise _UsedWrongly(f"{error}: --force replaces it") from error
    except OSError as error:
        raise _UsedWrongly(f"{asked.out} cannot be written: {error.strerror or error}") from error


def _tell(file: Path, draft: Draft, problems: Iterable[Problem]) -> None:
    """Print on standard error what was found, each with its place."""
    name = "standard input" if str(file) == STANDARD_INPUT else str(file)
    for what, found in (
        ("", problems),
        ("left out: ", draft.left_out),
        ("to confirm: ", draft.to_confirm),
        ("warning: ", draft.warnings),
    ):
        for each in found:
            place = name if each.line is None else f"{name}:{each.line}"
            path = each.path.removeprefix(f"line {each.line}").removeprefix(".")
            said = ": ".join(part for part in (place, path, f"{what}{each.message}") if part)
            typer.echo(said, err=True)


def _report(
    asked: Asked, table: RateTable | None, draft: Draft, problems: Iterable[Problem], *, is_written: bool
) -> dict[str, Any]:
    return {
        "written": str(asked.out) if is_written else None,
        "document": table.to_document() if table is not None else None,
        "problems": _listed(problems),
        "left_out": _listed(draft.left_out),
        "to_confirm": _listed(draft.to_confirm),
        "warnings": _listed(draft.warnings),
    }


def _listed(found: Iterable[Problem]) -> list[dict[str, Any]]:
    return [
        {"path": each.path, "line": each.line, "code": each.code, "message": each.message} for each in found
    ]
