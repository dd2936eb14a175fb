"""How commands tell what is wrong with a file of prices: a line for people, an object for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mita.entrypoints.rate_files import STANDARD_INPUT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mita.tariffs.domain import Problem


def name_of(file: Path) -> str:
    """Return what a file is called in sentences."""
    return "standard input" if str(file) == STANDARD_INPUT else str(file)


def problem_line(file: Path, problem: Problem, *, what: str = "") -> str:
    """Return a problem as editors and people find it: file, line, path, message with ``what`` before it."""
    place = name_of(file) if problem.line is None else f"{name_of(file)}:{problem.line}"
    path = problem.path.removeprefix(f"line {problem.line}").removeprefix(".")
    return ": ".join(part for part in (place, path, f"{what}{problem.message}") if part)


def listed(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Return problems as JSON."""
    return [
        {"path": each.path, "line": each.line, "code": each.code, "message": each.message}
        for each in problems
    ]
