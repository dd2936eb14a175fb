"""What is wrong with a rate table document: every problem at once, each with its place and its cure."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_TYPE_NAMES: dict[type, str] = {
    dict: "a mapping",
    list: "a list",
    tuple: "a list",
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "nothing",
}

Path = tuple[str | int, ...]

_SHOWN_CHARS = 60
_SHOWN_INT_MAX = 10**18
_PROBLEMS_MAX = 200
_WORDS_MAX = 30


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: ``path`` such as ``charges[0].price.high.P``, ``line`` (from 1) if the text was YAML."""

    path: str
    line: int | None
    code: str
    message: str


class RateTableInvalid(ValueError):
    """A document that is no rate table; ``problems`` says all that has to be mended."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(f"{each.path or 'document'}: {each.message}" for each in problems[:5]))
        self.problems = problems


class Report:
    """Collects the problems of one document while it is read."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.lines: dict[Path, int] = {}

    def add(self, path: Path, code: str, message: str) -> None:
        """Record a problem at ``path``; past the limit only the first ones are kept."""
        if len(self.problems) < _PROBLEMS_MAX:
            self.problems.append(Problem(path_text(path), self._line(path), code, message))

    def close(self) -> None:
        """End the reading.

        :raises RateTableInvalid: if anything was recorded
        """
        if self.problems:
            raise RateTableInvalid(tuple(self.problems))

    def _line(self, path: Path) -> int | None:
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None


def path_text(path: Path) -> str:
    """Return ``("charges", 0, "price")`` as ``charges[0].price``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{_printable(step[:_SHOWN_CHARS])}"
    return text.removeprefix(".")


def shown(value: Any) -> str:
    """Return a short safe picture of any value, for a message."""
    if isinstance(value, str):
        cut = value[:_SHOWN_CHARS] + ("…" if len(value) > _SHOWN_CHARS else "")
        return f'"{_printable(cut)}"'
    # printing an int of thousands of digits raises
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _SHOWN_INT_MAX:
        return str(value)
    return _TYPE_NAMES.get(type(value), type(value).__name__)


def did_you_mean(word: Any, known: Iterable[str]) -> str:
    """Return `` (did you mean "x"?)`` or, when nothing is near, the known words."""
    words = sorted(known)
    near = (
        difflib.get_close_matches(word[:_SHOWN_CHARS], words, n=1, cutoff=0.65)
        if isinstance(word, str)
        else []
    )
    if near:
        return f'did you mean "{near[0]}"?'
    more = ", …" if len(words) > _WORDS_MAX else ""
    return f"known: {', '.join(words[:_WORDS_MAX]) or 'none'}{more}"


def key_path(path: Path, key: Any) -> Path:
    """Return the path of ``key`` inside ``path``, whatever the key is."""
    return (*path, key if isinstance(key, str) else f"<{shown(key)}>")


def fields(
    report: Report, value: Any, *, path: Path, known: Iterable[str], required: Iterable[str] = ()
) -> Mapping[str, Any] | None:
    """Return ``value`` if it is a mapping, reporting unknown and missing keys; None if it is none."""
    if not isinstance(value, dict):
        report.add(path, "wrong_type", f"expected a mapping of keys to values, found {shown(value)}")
        return None
    names = tuple(known)
    for key in value:
        if key not in names:
            report.add(
                key_path(path, key), "unknown_key", f"unknown key {shown(key)}; {did_you_mean(key, names)}"
            )
    for key in required:
        if key not in value:
            report.add(path, "missing_key", f'"{key}" is missing; add it here')
    return value


def _printable(text: str) -> str:
    return text if text.isprintable() else ascii(text)[1:-1]
