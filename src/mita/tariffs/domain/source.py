"""From YAML or JSON text to plain values, with the line of every value and without surprises."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import yaml

from .json_lines import note_lines
from .problems import Path, Report, key_path, shown

TEXT_BYTES_MAX = 256 * 1024
DEPTH_MAX = 12
_INT_DIGITS_MAX = 18

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PREFIX = "tag:yaml.org,2002:"
_JSON_BEGINS = re.compile(r'\s*\{\s*"')


def read_source(source: Mapping[str, Any] | str, *, report: Report) -> Any:
    """Return the plain value (dicts, lists, scalars) of ``source``; what is wrong goes to ``report``."""
    if isinstance(source, str):
        return _read_text(source, report=report)
    if isinstance(source, Mapping):
        return _plain(source, path=(), report=report)
    report.add((), "wrong_type", f"a rate table is a mapping or its YAML or JSON text, found {shown(source)}")
    return None


def _plain(value: Any, *, path: Path, report: Report) -> Any:
    if len(path) > DEPTH_MAX:
        report.add(path, "too_deep", f"nested deeper than {DEPTH_MAX} levels; a rate table never is")
        return None
    if isinstance(value, Mapping):
        return {key: _plain(each, path=key_path(path, key), report=report) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each, path=(*path, index), report=report) for index, each in enumerate(value)]
    return value


def _read_text(text: str, *, report: Report) -> Any:
    report.lines[()] = 1
    if len(text.encode("utf-8", "surrogatepass")) > TEXT_BYTES_MAX:
        report.add((), "too_large", f"the text is longer than {TEXT_BYTES_MAX // 1024} KiB; no rate table is")
        return None
    text = text.removeprefix("\ufeff")
    if text.lstrip().startswith("{"):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            # it may be YAML in braces
            found = _read_yaml(text, report=report)
            _prefer_json(error, text=text, report=report)
            return found
        note_lines(text, report=report)
        return _plain(value, path=(), report=report)
    return _read_yaml(text, report=report)


def _read_yaml(text: str, *, report: Report) -> Any:
    try:
        if not _is_tame(text, report=report):
            return None
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = min(_line(error.problem_mark), _last_line(text)) if error.problem_mark else 1
        report.lines[()] = line
        report.add((), "not_yaml", f"line {line} cannot be read: {error.problem or error.context}")
        return None
    # ValueError: text that is no valid Unicode
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        report.lines[()] = line = _line_of_error(error, text=text)
        report.add((), "not_yaml", f"line {line} is neither YAML nor JSON; look for control characters")
        return None
    if root is None:
        report.add((), "empty", "the text is empty; a rate table starts with rate_table: 1")
        return None
    return _from_node(root, path=(), report=report)


def _prefer_json(error: Exception, *, text: str, report: Report) -> None:
    """Say what is wrong with a text as JSON if it is no YAML either, and looks more like JSON."""
    is_no_yaml = any(problem.code == "not_yaml" for problem in report.problems)
    if is_no_yaml and isinstance(error, json.JSONDecodeError) and _JSON_BEGINS.match(text):
        report.problems.clear()
        report.lines[()] = line = min(error.lineno, _last_line(text))
        report.add((), "not_json", f"line {line} cannot be read as JSON: {error.msg}")


def _line_of_error(error: Exception, *, text: str) -> int:
    if isinstance(error, yaml.reader.ReaderError):
        read = text.encode("utf-8", "surrogatepass")[: error.position]
        return read.count(b"\n") + 1
    start = error.start if isinstance(error, UnicodeError) and hasattr(error, "start") else 0
    return text.count("\n", 0, start) + 1


def _last_line(text: str) -> int:
    # readers tell the end of a text as a line after the last one
    return len(text.splitlines()) or 1


def _line(mark: Any) -> int:
    return int(mark.line) + 1


def _is_tame(text: str, *, report: Report) -> bool:
    # walked as events first: composing a nested bomb recurses, and an alias bomb multiplies
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            report.lines[()] = _line(event.start_mark)
            report.add((), "alias", "aliases (*name) are not accepted; write the value out")
            return False
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEPTH_MAX:
            report.lines[()] = _line(event.start_mark)
            report.add((), "too_deep", f"nested deeper than {DEPTH_MAX} levels; a rate table never is")
            return False
    return True


def _from_node(node: yaml.Node, *, path: Path, report: Report) -> Any:
    report.lines[path] = _line(node.start_mark)
    if isinstance(node, yaml.MappingNode) and node.tag == _PREFIX + "map":
        return _mapping(node, path=path, report=report)
    if isinstance(node, yaml.SequenceNode) and node.tag == _PREFIX + "seq":
        return [_from_node(each, path=(*path, index), report=report) for index, each in enumerate(node.value)]
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node, path=path, report=report)
    report.add(path, "tag", f"the YAML tag {shown(node.tag)} is not accepted; remove it")
    return None


def _mapping(node: yaml.MappingNode, *, path: Path, report: Report) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = _line(key_node.start_mark)
        if not isinstance(key_node, yaml.ScalarNode):
            report.lines[(*path, "<key>")] = line
            report.add((*path, "<key>"), "wrong_type", "a key must be a word")
            continue
        key = key_node.value
        here = key_path(path, key)
        report.lines[here] = line
        if key_node.tag not in (_PREFIX + "str", _PREFIX + "timestamp"):
            report.add(
                here, "unquoted_key", f"YAML does not read the key {shown(key)} as text; put it in quotes"
            )
        elif key in found:
            report.add(here, "duplicate_key", f"the key {shown(key)} is written twice; keep one")
        else:
            found[key] = _from_node(value_node, path=here, report=report)
    return found


def _scalar(node: yaml.ScalarNode, *, path: Path, report: Report) -> Any:
    text: str = node.value
    kind = node.tag.removeprefix(_PREFIX)
    read = _SCALARS.get(kind)
    if read is not None:
        return read(text)
    report.add(path, "tag", f"the YAML tag {shown(node.tag)} is not accepted; remove it or use quotes")
    return None


def _date_or_text(text: str) -> date | str:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text


def _int_or_float(text: str) -> int | float:
    # hexadecimal, 12:30 and the like: nothing here is written so
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _INT_DIGITS_MAX else 0.0


_SCALARS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "null": lambda _: None,
    "bool": lambda text: text.lower() in ("true", "yes", "on"),
    # only its type matters: money is never a float, and NaN or 1e999 must not be computed
    "float": lambda _: 0.0,
    "int": _int_or_float,
    "timestamp": _date_or_text,
}
