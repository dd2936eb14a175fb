"""What `mita rate-table import` does: a file of prices becomes a rate table that somebody has looked at."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import typer
import yaml

from mita.entrypoints.cli.exit_status import BAD_INPUT
from mita.entrypoints.cli.problem_lines import listed, problem_line
from mita.entrypoints.exports.whole import FileIsThere, whole_file
from mita.entrypoints.rate_files import read_text
from mita.tariffs.domain import Problem, RateTableInvalid, parse_document
from mita.tariffs.domain.imports import Draft, PriceFile, open_questions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from mita.tariffs.domain import RateTable

UNDECIDED = 1
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
    undecided: list[str] = []
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
    for sentence in undecided:
        typer.echo(f"nothing was written: {sentence}", err=True)
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
    return _price_file(read_text(file), asked).draft()


def _price_file(text: str, asked: Asked) -> PriceFile:
    if asked.layout == "urdb":
        head = {"effective_from": _date(asked.effective_from), "name": asked.name}
        return PriceFile(asked.layout, text, head=head)
    if asked.layout == "csv":
        like = None if asked.like is None else _like(asked.like)
        return PriceFile(asked.layout, text, head=_head(asked, like or {}), like=like)
    return PriceFile(asked.layout, text)


def _like(path: Path) -> dict[str, Any]:
    try:
        return parse_document(read_text(path)).to_document()
    except RateTableInvalid as error:
        raise _UsedWrongly(f"--like: {problem_line(path, error.problems[0])}") from error


def _head(asked: Asked, like: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the options say of the document; with what it is like, that is all but its charges."""
    head = {key: getattr(asked, key) for key in _HEAD_KEYS if getattr(asked, key) is not None}
    if asked.tax is not None:
        name, _, percent = asked.tax.rpartition("=")
        if not name or not percent:
            raise _UsedWrongly(f"--tax {asked.tax!r} is not a name and a percentage such as VAT=15")
        head["tax"] = {"name": name, "percent": percent}
    for key in _HEAD_KEYS:
        if key not in head and (key == "effective_from" or key not in like):
            more = " or --like" if key != "effective_from" else ""
            raise _UsedWrongly(f"the CSV template does not say it: give --{key.replace('_', '-')}{more}")
    return head


def _date(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise _UsedWrongly(f"--effective-from {text!r} is not a date such as 2025-07-01") from error


def _picked(draft: Draft, asked: Asked) -> RateTable | None:
    count = len(draft.tables)
    if asked.pick is None:
        return draft.tables[0] if count == 1 else None
    if asked.pick > count:
        raise _UsedWrongly(f"--pick {asked.pick}: the file has {count} rates that map")
    return draft.tables[asked.pick - 1]


def _undecided(draft: Draft, table: RateTable | None, asked: Asked) -> list[str]:
    """Return what somebody has to decide before the table is written, with the option that says it."""
    questions = open_questions(
        draft, table, is_leaving_out=asked.is_leaving_out, is_confirmed=asked.is_confirmed
    )
    return [
        f"{each.sentence} (--{each.answer.replace('_', '-')})" if each.answer else each.sentence
        for each in questions
    ]


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
    for what, found in (
        ("", problems),
        ("left out: ", draft.left_out),
        ("to confirm: ", draft.to_confirm),
        ("warning: ", draft.warnings),
    ):
        for each in found:
            typer.echo(problem_line(file, each, what=what), err=True)


def _report(
    asked: Asked, table: RateTable | None, draft: Draft, problems: Iterable[Problem], *, is_written: bool
) -> dict[str, Any]:
    return {
        "written": str(asked.out) if is_written else None,
        "document": table.to_document() if table is not None else None,
        "problems": listed(problems),
        "left_out": listed(draft.left_out),
        "to_confirm": listed(draft.to_confirm),
        "warnings": listed(draft.warnings),
    }
