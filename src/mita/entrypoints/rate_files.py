"""The text of a file of prices, and the rate tables in it: one document, or several versions of one price."""

from __future__ import annotations

import re
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

from mita.tariffs.domain import Problem, RateTable, RateTableInvalid, parse_document

if TYPE_CHECKING:
    from pathlib import Path

STANDARD_INPUT = "-"
_BYTES_MAX = 8 * 1024 * 1024
# what begins a document of a YAML stream; the rest of that line may already be its text
_BEGINS = re.compile(r"^---(?=[ \t\r]|$)", re.MULTILINE)


def read_versions(path: Path) -> tuple[RateTable, ...]:
    """Return the rate tables of a file, or of standard input (``-``), by the date they are effective from.

    :raises RateTableInvalid: with every problem, if it cannot be read, or its tables are not versions of one
    """
    problems: list[Problem] = []
    tables: list[tuple[int, RateTable]] = []
    for line, text in _documents(read_text(path)):
        try:
            tables.append((line, parse_document(text)))
        except RateTableInvalid as error:
            problems += error.problems
    problems += _odd_ones(tables)
    if not tables and not problems:
        problems.append(_problem("there is no rate table in it", line=None))
    if problems:
        raise RateTableInvalid(tuple(problems))
    return tuple(sorted((table for _, table in tables), key=lambda table: table.effective_from))


def _documents(text: str) -> list[tuple[int, str]]:
    """Return each document with its first line's number; blank lines before it keep its lines' numbers."""
    starts = [0, *(match.start() for match in _BEGINS.finditer(text))]
    found = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        above = text.count("\n", 0, start)
        body = text[start:end].removeprefix("---") if start or text.startswith("---") else text[:end]
        # comments, and directives such as %YAML 1.2, are no document
        if any(line.strip() and not line.lstrip().startswith(("#", "%")) for line in body.splitlines()):
            found.append((above + 1, "\n" * above + body))
    return found


def _odd_ones(tables: list[tuple[int, RateTable]]) -> list[Problem]:
    problems = []
    for index, (line, table) in enumerate(tables):
        for _, earlier in tables[:index]:
            if (table.utility, table.currency) != (earlier.utility, earlier.currency):
                message = f"a version of {earlier.currency} for {earlier.utility} cannot be another one's"
                problems.append(_problem(message, line=line, path="currency"))
                break
            if table.effective_from == earlier.effective_from:
                message = f"two versions are effective from {table.effective_from}; keep one"
                problems.append(_problem(message, line=line, path="effective_from"))
                break
    return problems


def read_text(path: Path) -> str:
    """Return the text of a file of prices, or of standard input (``-``).

    :raises RateTableInvalid: if it cannot be read, is too long or no text
    """
    try:
        with nullcontext(sys.stdin.buffer) if str(path) == STANDARD_INPUT else path.open("rb") as file:
            raw = file.read(_BYTES_MAX + 1)
        if len(raw) > _BYTES_MAX:
            raise _unreadable(f"longer than {_BYTES_MAX // 1024**2} MiB; no price list is")
        return raw.decode("utf-8-sig")
    # ValueError: a path with a NUL in it
    except UnicodeDecodeError as error:
        raise _unreadable(f"byte {error.start + 1} is no UTF-8; save the file as UTF-8 text") from error
    except RateTableInvalid:
        raise
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) else None
        raise _unreadable(f"the file cannot be read: {cause or error}") from error


def _unreadable(message: str) -> RateTableInvalid:
    return RateTableInvalid((_problem(message, line=None),))


def _problem(message: str, *, line: int | None, path: str = "") -> Problem:
    return Problem(path=path, line=line, code="unreadable", message=message)
