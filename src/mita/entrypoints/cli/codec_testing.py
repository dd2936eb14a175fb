"""What `mita codec test` does: a codec on its examples, and what differs in plain lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer
import yaml
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mita.drivers.codecs.examples import ExamplesInvalid, parse_examples, try_examples
from mita.drivers.codecs.runner import CodecRunner, plain
from mita.entrypoints.cli.exit_status import BAD_INPUT
from mita.entrypoints.cli.plain_yaml import read_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from mita.drivers.codecs.examples import Difference, Example, Failed, Tried

_DIFFERENCES_SHOWN = 20


def run(codec: Path, examples: Path, *, as_json: bool) -> None:
    """Carry out `mita codec test`."""
    try:
        text, wanted = _text(codec), _examples(examples)
    except (ExamplesInvalid, OSError, UnicodeDecodeError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from error
    with CodecRunner() as runner:
        tried = try_examples(runner, codec=text, examples=wanted)
    if as_json:
        typer.echo(json.dumps(_report(tried), default=plain))
    else:
        _print(Console(highlight=False), codec.name, tried)
    if tried.failed:
        raise typer.Exit(1)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig")


def _examples(path: Path) -> list[Example]:
    text = _text(path)
    try:
        if path.suffix.lower() in {".yaml", ".yml"}:
            # the shortest decimal of a double, which is what stood there
            text = json.dumps(read_yaml(text), default=str)
        return parse_examples(text)
    except (yaml.YAMLError, ExamplesInvalid) as error:
        raise ExamplesInvalid(f"{path.name}: {error}") from error


def _report(tried: Tried) -> dict[str, Any]:
    return {
        "passed": tried.passed,
        "failed": [
            {
                "name": each.example.name,
                "place": each.example.place,
                "reason": each.reason,
                "differs": [_difference(one) for one in each.differs],
                "console": list(each.console),
            }
            for each in tried.failed
        ],
    }


def _difference(difference: Difference) -> dict[str, Any]:
    return {"path": difference.path, "expected": difference.expected, "given": difference.given}


def _print(console: Console, name: str, tried: Tried) -> None:
    for failed in tried.failed:
        _print_failed(console, failed)
    count = tried.passed + len(tried.failed)
    style = "red" if tried.failed else "green"
    console.print(Text(f"{name}: {tried.passed} of {count} examples passed", style=style), soft_wrap=True)


def _print_failed(console: Console, failed: Failed) -> None:
    example = failed.example
    title = f"Example {example.place} ({example.operation})"
    console.print(Text(f"{title}: {example.name}" if example.name else title, style="bold"), soft_wrap=True)
    if failed.differs:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("path", "expected", "given"):
            table.add_column(column, overflow="fold")
        for each in failed.differs[:_DIFFERENCES_SHOWN]:
            table.add_row(Text(each.path), Text(_shown(each.expected)), Text(_shown(each.given)))
        console.print(table)
        if len(failed.differs) > _DIFFERENCES_SHOWN:
            console.print(f"and {len(failed.differs) - _DIFFERENCES_SHOWN} more")
    else:
        console.print(Text(failed.reason, style="red"), soft_wrap=True)
    for line in failed.console:
        console.print(Text(f"console: {line}", style="dim"), soft_wrap=True)
    console.print()


def _shown(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False, default=plain)
