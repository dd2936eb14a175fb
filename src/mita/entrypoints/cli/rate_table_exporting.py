"""What `mita rate-table export` does: a rate table becomes a URDB rate, and what that cannot say is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

from mita.entrypoints.cli.exit_status import BAD_INPUT
from mita.entrypoints.cli.problem_lines import listed, problem_line
from mita.entrypoints.exports.whole import FileIsThere, whole_file
from mita.entrypoints.rate_files import read_versions
from mita.tariffs.domain import Problem, RateTableInvalid
from mita.tariffs.domain.imports import Exported, NotInUrdb, to_urdb

if TYPE_CHECKING:
    from pathlib import Path

    from mita.tariffs.domain import RateTable

NOT_WRITTEN = 1


def run(file: Path, out: Path, *, is_leaving_out: bool, is_forced: bool, as_json: bool) -> None:
    """Carry out `mita rate-table export`."""
    problems: tuple[Problem, ...] = ()
    left_out: tuple[Problem, ...] = ()
    reason: str | None = None
    status = 0
    try:
        rates = [_exported(table) for table in read_versions(file)]
        left_out = tuple(each for rate in rates for each in rate.left_out)
        if left_out and not is_leaving_out:
            status, reason = NOT_WRITTEN, "URDB cannot say all of it (--leave-out writes the rest)"
        else:
            _write(rates, out, is_forced=is_forced)
    except RateTableInvalid as error:
        status, problems = BAD_INPUT, error.problems
    except NotInUrdb as error:
        status, reason = NOT_WRITTEN, str(error)
    except FileIsThere as error:
        _stop(f"{error}: --force replaces it", error)
    except OSError as error:
        _stop(f"{out} cannot be written: {error.strerror or error}", error)
    for each in problems:
        typer.echo(problem_line(file, each), err=True)
    for each in left_out:
        typer.echo(problem_line(file, each, what="left out: "), err=True)
    if reason:
        typer.echo(f"nothing was written: {reason}", err=True)
    if as_json:
        report = {"written": None if status else str(out), "reason": reason}
        typer.echo(json.dumps({**report, "problems": listed(problems), "left_out": listed(left_out)}))
    elif not status:
        typer.echo(f"{out} is written")
    if status:
        raise typer.Exit(status)


def _exported(table: RateTable) -> Exported:
    try:
        return to_urdb(table)
    except NotInUrdb as error:
        raise NotInUrdb(f"{table.name} of {table.effective_from}: {error}") from error


def _write(rates: list[Exported], out: Path, *, is_forced: bool) -> None:
    texts = [rate.text for rate in rates]
    text = texts[0] if len(texts) == 1 else f'{{"items":[{",".join(texts)}]}}'
    with whole_file(out, is_forced=is_forced) as stream:
        stream.write(f"{text}\n".encode())


def _stop(sentence: str, error: Exception) -> None:
    typer.echo(f"error: {sentence}", err=True)
    raise typer.Exit(BAD_INPUT) from error
