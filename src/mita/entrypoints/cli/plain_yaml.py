"""YAML by its core schema (1.2), as servers' own tools read it: ``on`` is a word, ``12:30`` no number."""

from __future__ import annotations

import re
from typing import Any

import yaml

_WORDS = {
    "tag:yaml.org,2002:null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "tag:yaml.org,2002:bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "tag:yaml.org,2002:int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    "tag:yaml.org,2002:float": (
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
    "tag:yaml.org,2002:merge": (r"<<", ["<"]),
}


class _Core(yaml.SafeLoader):
    """Knows words and numbers of the core schema alone; everything else is text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own way


for _tag, (_pattern, _first) in _WORDS.items():
    _Core.add_implicit_resolver(_tag, re.compile(f"(?:{_pattern})$"), _first)


def _whole(_: _Core, node: yaml.ScalarNode) -> int:
    text = node.value.lower()
    # leading zeros mean nothing
    return int(text, 0) if text.startswith(("0o", "0x")) else int(text)


_Core.add_constructor("tag:yaml.org,2002:int", _whole)


def read_yaml(text: str) -> Any:
    """Return what a document of YAML holds.

    :raises yaml.YAMLError: if it is none
    """
    return yaml.load(text, Loader=_Core)  # noqa: S506 - a safe loader
