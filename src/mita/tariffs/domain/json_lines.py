"""The lines of a JSON text: where each value of it stands."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .problems import key_path, shown

if TYPE_CHECKING:
    from .problems import Path, Report

_PIECE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come: its path, and the place of its next value or its keys."""

    path: Path
    is_list: bool
    index: int = 0
    keys: set[str] = field(default_factory=set)
    awaits_key: bool = True


def note_lines(text: str, *, report: Report) -> None:
    """Note in ``report`` the line of every value of a valid JSON text, and the keys written twice."""
    opened: list[_Open] = []
    here: Path = ()
    line, at = 1, 0
    for match in _PIECE.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        piece = match.group()
        inner = opened[-1] if opened else None
        if piece in "}]":
            opened.pop()
        elif piece == "," and inner is not None:
            inner.index += 1
            inner.awaits_key = True
            here = (*inner.path, inner.index)
        elif inner is not None and not inner.is_list and inner.awaits_key:
            here = _read_key(piece, inner=inner, line=line, report=report)
        elif piece != ":":
            report.lines[here] = line
            if piece in "{[":
                opened.append(_Open(here, is_list=piece == "["))
                here = (*here, 0)


def _read_key(piece: str, *, inner: _Open, line: int, report: Report) -> Path:
    key = json.loads(piece)
    here = key_path(inner.path, key)
    report.lines[here] = line
    if key in inner.keys:
        report.add(here, "duplicate_key", f"the key {shown(key)} is written twice; keep one")
    inner.keys.add(key)
    inner.awaits_key = False
    return here
