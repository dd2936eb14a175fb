"""What in a new OpenAPI document breaks programs that were written for an old one."""

from __future__ import annotations

from typing import Any

METHODS = ("get", "put", "post", "patch", "delete")
Document = dict[str, Any]


def breaking_changes(old: Document, new: Document) -> list[str]:
    """Return what a program may miss in ``new``, or is newly asked for, one sentence each.

    Missing are operations, parameters, fields, words of an enumeration and answers that were there. Newly
    asked for are required parameters and fields. New operations, optional inputs and fields of answers break
    nobody.
    """
    found: list[str] = []
    for path, item in old["paths"].items():
        for method in METHODS:
            if method in item:
                name = f"{method.upper()} {path}"
                now = new["paths"].get(path, {}).get(method)
                if now is None:
                    found.append(f"{name} is gone")
                else:
                    found += _Operation(old, new, name).changes(item[method], now)
    return found


def essence(document: Document) -> Document:
    """Return what of a document is compared: without texts, examples and refusals."""
    paths = {
        path: {method: _essence({**item[method], "responses": _good(item[method])}) for method in item}
        for path, item in document["paths"].items()
    }
    return {
        "paths": paths,
        "components": {"schemas": _essence(document["components"]["schemas"], named=True)},
    }


_TEXTS = ("description", "summary", "title", "example", "examples", "tags", "security", "headers")


def _good(operation: Document) -> Document:
    return {status: each for status, each in operation["responses"].items() if status.startswith("2")}


def _essence(node: Any, *, named: bool = False) -> Any:
    if isinstance(node, list):
        return [_essence(each) for each in node]
    if not isinstance(node, dict):
        return node
    # what is called "title" among fields is a field
    return {
        name: _essence(each, named=not named and name == "properties")
        for name, each in node.items()
        if named or name not in _TEXTS
    }


class _Operation:
    def __init__(self, old: Document, new: Document, name: str) -> None:
        self._old, self._new, self._name = old, new, name
        self._found: list[str] = []
        self._seen: set[tuple[int, int, bool]] = set()

    def changes(self, old: Document, new: Document) -> list[str]:
        if old.get("operationId") != new.get("operationId"):
            self._say("", "has another operationId")
        self._parameters(old, new)
        self._bodies(old.get("requestBody"), new.get("requestBody"))
        for status, answer in old["responses"].items():
            if not status.startswith("2"):
                continue
            if status not in new["responses"]:
                self._say("", f"answers {status} no more")
                continue
            self._contents(answer.get("content", {}), new["responses"][status].get("content", {}), status)
        return self._found

    def _say(self, where: str, what: str) -> None:
        self._found.append(" ".join(filter(None, [self._name, where, what])))

    def _parameters(self, old: Document, new: Document) -> None:
        before = {(each["in"], each["name"]): each for each in old.get("parameters", [])}
        after = {(each["in"], each["name"]): each for each in new.get("parameters", [])}
        for key, each in before.items():
            where = f"parameter {key[1]}"
            if key not in after:
                self._say(where, "is gone")
            else:
                self._shape(each.get("schema", {}), after[key].get("schema", {}), where, is_sent=True)
        for key, each in after.items():
            if each.get("required") and not before.get(key, {}).get("required"):
                self._say(f"parameter {key[1]}", "is required now")

    def _bodies(self, old: Document | None, new: Document | None) -> None:
        if new is not None and new.get("required") and not (old or {}).get("required"):
            self._say("body", "is required now")
        if old is None:
            return
        before, after = old["content"], (new or {"content": {}})["content"]
        for kind, content in before.items():
            if kind not in after:
                self._say("body", f"is read as {kind} no more")
            else:
                self._shape(content.get("schema", {}), after[kind].get("schema", {}), "body", is_sent=True)

    def _contents(self, old: Document, new: Document, status: str) -> None:
        for kind, content in old.items():
            if kind not in new:
                self._say(f"answer {status}", f"is {kind} no more")
            else:
                where = f"answer {status}"
                self._shape(content.get("schema", {}), new[kind].get("schema", {}), where, is_sent=False)

    def _shape(self, old: Document, new: Document, where: str, *, is_sent: bool) -> None:
        old, new = _resolved(self._old, old), _resolved(self._new, new)
        key = (id(old), id(new), is_sent)
        if key in self._seen:
            return
        self._seen.add(key)
        before, after = _kinds(self._old, old), _kinds(self._new, new)
        lost = before - after if is_sent else after - before
        if before and after and lost:
            verb = "takes no" if is_sent else "may be"
            self._say(where, f"{verb} {' or '.join(sorted(lost))} {'more' if is_sent else 'now'}")
        if gone := _words(self._old, old) - _words(self._new, new) if _words(self._new, new) else set():
            self._say(where, f"knows {', '.join(sorted(map(str, gone)))} no more")
        self._fields(_fields(self._old, old), _fields(self._new, new), where, is_sent=is_sent)
        if "items" in old and "items" in new:
            self._shape(old["items"], new["items"], f"{where}[]", is_sent=is_sent)

    def _fields(
        self, old: tuple[Document, set[str]], new: tuple[Document, set[str]], where: str, *, is_sent: bool
    ) -> None:
        (before, needed_before), (after, needed_after) = old, new
        if not before:
            return
        for name, each in before.items():
            if name not in after:
                self._say(f"{where}.{name}", "is gone")
            else:
                self._shape(each, after[name], f"{where}.{name}", is_sent=is_sent)
        if is_sent:
            for name in sorted(needed_after - needed_before):
                self._say(f"{where}.{name}", "is required now")


def _resolved(document: Document, node: Document) -> Document:
    while "$ref" in node:
        node = document["components"]["schemas"][node["$ref"].rsplit("/", 1)[-1]]
    return node


def _choices(document: Document, node: Document) -> list[Document]:
    """Return the shapes that a node may have, itself if there is no choice."""
    node = _resolved(document, node)
    inner = [*node.get("anyOf", []), *node.get("oneOf", [])]
    return [found for each in inner for found in _choices(document, each)] if inner else [node]


def _kinds(document: Document, node: Document) -> set[str]:
    return {str(each["type"]) for each in _choices(document, node) if "type" in each}


def _words(document: Document, node: Document) -> set[Any]:
    found: set[Any] = set()
    for each in _choices(document, node):
        found |= set(each.get("enum", [each["const"]] if "const" in each else []))
    return found


def _fields(document: Document, node: Document) -> tuple[Document, set[str]]:
    """Return the fields of all shapes of a node, and those that each of them needs."""
    objects = [each for each in _choices(document, node) if "properties" in each]
    fields = {name: each for shape in objects for name, each in shape["properties"].items()}
    needed = [set(shape.get("required", [])) for shape in objects]
    return fields, set.intersection(*needed) if needed else set()
