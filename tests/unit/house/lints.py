"""The house rules that no linter knows, as functions from a file to its faults."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LINES_OF_FILE_MAX = 600
LINES_OF_FUNCTION_MAX = 70
FORBIDDEN_NAMES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "manager",
    "managers",
    "processor",
    "processors",
}
EXACT_FEATURES = {"ledger", "charging", "tariffs", "wallets"}
EXACT_FILES = {"kit/money.py", "kit/quantity.py"}
# these meet floats in other people's documents, in order to refuse them
FLOAT_BORDERS = {"tariffs/domain/problems.py", "tariffs/domain/source.py"}
# the clock itself, and the dependency through which routes are told the time of their request
CLOCK_FILES = {"kit/clock.py", "kit/web.py"}
# the unit of work, and the benchmark's yardsticks, which are what Mita does not do
COMMIT_FILES = {"kit/db.py", "entrypoints/bench/charge.py", "entrypoints/bench/orm.py"}
# what may follow the first argument without a keyword: the lane's memory, and the event a handler is given
MEMORY = "LaneMemory"
MACHINE_PATH = re.compile(r"/work/|/home/\w|/root/|/tmp/|/Users/|\.\./shared|(?<![\w.])shared/")


@cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


@dataclass(frozen=True, slots=True)
class Module:
    """A parsed file; ``path`` is relative to the package."""

    path: str
    text: str

    @property
    def tree(self) -> ast.Module:
        return _parsed(self.text)

    @property
    def parts(self) -> tuple[str, ...]:
        return PurePosixPath(self.path).with_suffix("").parts

    @property
    def is_exact(self) -> bool:
        """Tell whether money or quantities are worked on here."""
        parts = self.parts
        return (
            self.path in EXACT_FILES
            or parts[0] in EXACT_FEATURES
            or (parts[0] != "entrypoints" and "domain" in parts)
        )

    @property
    def is_edge(self) -> bool:
        return self.parts[0] == "entrypoints"

    def is_(self, *rooms: str) -> bool:
        """Tell whether this file is, or lies in, a feature's room such as ``operations``."""
        return len(self.parts) > 1 and self.parts[0] not in {"entrypoints", "kit"} and self.parts[1] in rooms


def functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def public_functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the module's own functions that others may call."""
    for node in module.tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node


def _calls(module: Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.Call))


def _name(function: ast.expr) -> str:
    """Return a called name without its module: ``datetime.now``, ``round``, ``commit``."""
    if isinstance(function, ast.Attribute):
        owner = function.value
        last = (
            owner.attr
            if isinstance(owner, ast.Attribute)
            else owner.id
            if isinstance(owner, ast.Name)
            else ""
        )
        return f"{last}.{function.attr}"
    return function.id if isinstance(function, ast.Name) else ""


def commits(module: Module) -> Iterator[str]:
    """Nobody commits but the unit of work and the migrations."""
    if module.path in COMMIT_FILES or module.parts[0] == "migrations":
        return
    for call in _calls(module):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "commit":
            yield f"line {call.lineno}: commit() belongs to the unit of work"


def floats(module: Module) -> Iterator[str]:
    """No float, no round, no true division where money or quantities are."""
    if not module.is_exact:
        return
    called = {id(call.func) for call in _calls(module)} if module.path in FLOAT_BORDERS else None
    for node in ast.walk(module.tree):
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield f"line {node.lineno}: / is not exact"
        if isinstance(node, ast.Constant) and isinstance(node.value, float) and called is None:
            yield f"line {node.lineno}: the literal {node.value} is a float"
        if (
            isinstance(node, ast.Name)
            and node.id in {"float", "round"}
            and (called is None or id(node) in called)
        ):
            yield f"line {node.lineno}: {node.id} is not exact"
        if isinstance(node, ast.Attribute) and re.fullmatch(
            r"float(16|32|64|128)?|double|round|around|true_divide|divide|mean|average", node.attr
        ):
            yield f"line {node.lineno}: .{node.attr} is not exact"


def lengths(module: Module) -> Iterator[str]:
    """Files and functions stay small."""
    lines = len(module.text.splitlines())
    if lines > LINES_OF_FILE_MAX:
        yield f"the file has {lines} lines, at most {LINES_OF_FILE_MAX}"
    for node in functions(module):
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > LINES_OF_FUNCTION_MAX:
            yield f"line {node.lineno}: {node.name} has {length} lines, at most {LINES_OF_FUNCTION_MAX}"


def names(module: Module) -> Iterator[str]:
    """No file or folder is called by a word that says nothing."""
    for part in module.parts:
        if set(part.lower().split("_")) & FORBIDDEN_NAMES:
            yield f"{part} says nothing about what is inside"


def docstrings(module: Module) -> Iterator[str]:
    """Every public operation and query says what it does."""
    if not module.is_("operations", "queries"):
        return
    for node in public_functions(module):
        if not ast.get_docstring(node):
            yield f"line {node.lineno}: {node.name} has no docstring"


def _annotation(argument: ast.arg) -> str:
    return "" if argument.annotation is None else ast.unparse(argument.annotation)


def keywords(module: Module) -> Iterator[str]:
    """After the first argument everything is keyword-only; a lane's memory may be second.

    A handler takes exactly ``(session, event, now)``, because :func:`mita.kit.events.publish` calls it so.
    """
    if not module.is_("operations", "queries"):
        return
    for node in public_functions(module):
        placed = [*node.args.posonlyargs, *node.args.args]
        if node.args.vararg is not None:
            yield f"line {node.lineno}: {node.name} takes any number of arguments"
        if [argument.arg for argument in placed] == ["session", "event", "now"] and not node.args.kwonlyargs:
            continue
        rest = placed[1:]
        if rest and rest[0].arg == "memory" and _annotation(rest[0]) == MEMORY:
            rest = rest[1:]
        if rest:
            yield f"line {node.lineno}: {node.name} takes {rest[0].arg} without its name"


CLOCKS = re.compile(
    r"(datetime|dt|date)\.(now|utcnow|today)|time\.(time|time_ns|monotonic|localtime|gmtime)|"
    r"(\w*\.)?now_utc|func\.(now|current_timestamp|clock_timestamp)"
)


def clocks(module: Module) -> Iterator[str]:
    """Only entrypoints and jobs, which are edges too, look at a clock; everybody else is told ``now``."""
    if module.is_edge or module.is_("jobs") or module.path in CLOCK_FILES:
        return
    for call in _calls(module):
        if CLOCKS.fullmatch(_name(call.func)):
            yield f"line {call.lineno}: {_name(call.func)} looks at the clock; take now as an argument"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and any(alias.name == "now_utc" for alias in node.names):
            yield f"line {node.lineno}: now_utc belongs to entrypoints"
        if (
            isinstance(node, ast.ImportFrom)
            and node.module == "time"
            and any(a.name != "sleep" for a in node.names)
        ):
            yield f"line {node.lineno}: the time module belongs to entrypoints"


def machine_paths(module: Module) -> Iterator[str]:
    """Nothing knows the machine that it was written on."""
    for number, line in enumerate(module.text.splitlines(), start=1):
        if MACHINE_PATH.search(line):
            yield f"line {number}: names a path of one machine"


def none_means_now(module: Module) -> Iterator[str]:
    """There is no None that means "now" or "every estate"."""
    if not module.is_("operations", "queries"):
        return
    for node in functions(module):
        defaults = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        for argument, default in defaults:
            if argument.arg in {"now", "estate_id", "estates"} and default is not None:
                yield f"line {node.lineno}: {node.name} has a default for {argument.arg}"


def _annotated(tree: ast.AST) -> set[int]:
    """Return the identities of all nodes inside annotations."""
    annotations: list[ast.expr | None] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign):
            annotations.append(node.annotation)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            annotations.append(node.returns)
    return {
        id(inner) for annotation in annotations if annotation is not None for inner in ast.walk(annotation)
    }


def row_types(module: Module) -> Iterator[str]:
    """Entrypoints name rows in annotations only: statements about tables belong to queries and operations."""
    if not module.is_edge:
        return
    rows = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import) and any(alias.name.endswith(".models") for alias in node.names):
            yield f"line {node.lineno}: imports a whole models module"
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith(".models"):
            rows |= {alias.asname or alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and any(alias.name == "models" for alias in node.names):
            yield f"line {node.lineno}: imports a whole models module"
    annotated = _annotated(module.tree)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name) and node.id in rows and id(node) not in annotated:
            yield f"line {node.lineno}: {node.id} is worked on, not only named"


LINTS: dict[str, Callable[[Module], Iterator[str]]] = {
    lint.__name__: lint
    for lint in (
        clocks,
        commits,
        docstrings,
        floats,
        keywords,
        lengths,
        machine_paths,
        names,
        none_means_now,
        row_types,
    )
}
