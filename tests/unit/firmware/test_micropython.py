"""The firmware keeps to what MicroPython has: no compiler of its own is among the tools of this project."""

from __future__ import annotations

import ast
from pathlib import Path

import mita_meter

SOURCES = sorted(Path(mita_meter.__file__).parent.glob("*.py"))
# of CPython's library
MODULES = {"binascii", "hashlib", "json", "os", "random", "socket", "ssl", "struct", "sys", "time"}
# of MicroPython alone, in board.py
BOARD = {"machine", "micropython", "network", "ntptime"}


def faults(text: str, *, modules: set[str]) -> list[str]:
    """Return what MicroPython 1.29 does not compile, does not have, or warns of at run time."""
    found = []
    for node in ast.walk(ast.parse(text)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        found += [f"imports {name}" for name in names if name not in modules]
        is_target = isinstance(getattr(node, "ctx", None), ast.Store)
        if isinstance(node, ast.List | ast.Tuple | ast.Set) and not is_target:
            found += ["unpacks in a display" for each in node.elts if isinstance(each, ast.Starred)]
        if isinstance(node, ast.Dict) and None in node.keys:
            found.append("unpacks in a display")
        if (
            isinstance(node, ast.Raise)
            and node.cause is not None
            and not isinstance(node.cause, ast.Constant)
        ):
            found.append("chains exceptions")
        if isinstance(node, ast.Match | ast.TryStar):
            found.append("has newer syntax")
        if isinstance(node, ast.Call) and any(word.arg == "strict" for word in node.keywords):
            found.append("zips strictly")
    return found


def test_it_keeps_to_micropython():
    assert len(SOURCES) >= 9
    for path in SOURCES:
        modules = MODULES | BOARD if path.name == "board.py" else MODULES
        assert faults(path.read_text(encoding="utf-8"), modules=modules) == [], path.name


def test_what_it_does_not_have_is_caught():
    text = (
        "from pathlib import Path\nimport io\na = [*b, c]\nd = {**e}\nzip(a, strict=True)\nraise A from b\n"
    )
    assert sorted(faults(text, modules=MODULES)) == [
        "chains exceptions",
        "imports io",
        "imports pathlib",
        "unpacks in a display",
        "unpacks in a display",
        "zips strictly",
    ]
    assert (
        faults("a, *b = c\nf(*a, **b)\nraise A from None\nfrom .x import y\nimport os\n", modules=MODULES)
        == []
    )
