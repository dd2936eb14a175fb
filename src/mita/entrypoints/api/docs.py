"""The API's documentation as one plain page, made from its schema; it loads nothing from elsewhere."""

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from mita.entrypoints.api.rendering import render

router = APIRouter(include_in_schema=False)

_METHODS = ("get", "post", "put", "patch", "delete")
_DEPTH_MAX = 8


@router.get("/docs")
async def show_docs(request: Request) -> HTMLResponse:
    """Show every operation with its parameters, body, answers and examples."""
    schema = request.app.openapi()
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, item in schema["paths"].items():
        for method in _METHODS:
            if method in item:
                operation = _operation(schema, path=path, method=method, spec=item[method])
                groups.setdefault(operation["tag"], []).append(operation)
    return render(request, "docs.html", info=schema["info"], groups=groups)


def _operation(schema: dict[str, Any], *, path: str, method: str, spec: dict[str, Any]) -> dict[str, Any]:
    bodies = spec.get("requestBody", {}).get("content", {})
    return {
        "id": spec["operationId"],
        "tag": spec.get("tags", ["process"])[0],
        "method": method.upper(),
        "path": path,
        "summary": spec.get("summary", ""),
        "description": spec.get("description", ""),
        "parameters": [_parameter(each) for each in spec.get("parameters", [])],
        "bodies": [(kind, _example_text(schema, content)) for kind, content in bodies.items()],
        "responses": [
            _response(schema, status=status, answer=answer) for status, answer in spec["responses"].items()
        ],
    }


def _parameter(spec: dict[str, Any]) -> dict[str, Any]:
    schema = spec.get("schema", {})
    kinds = [each.get("type", "") for each in schema.get("anyOf", [schema])]
    choices = schema.get("anyOf", [schema])
    words: list[str] = next((each["enum"] for each in choices if "enum" in each), [])
    return {
        "name": spec["name"],
        "where": spec["in"],
        "kind": " or ".join(map(str, words)) or next((kind for kind in kinds if kind != "null"), ""),
        "is_required": spec.get("required", False),
        "description": spec.get("description") or schema.get("description", ""),
    }


def _response(schema: dict[str, Any], *, status: str, answer: dict[str, Any]) -> dict[str, Any]:
    content = answer.get("content", {}).get("application/json")
    is_good = status.startswith("2")
    text = _example_text(schema, content) if content and is_good else ""
    return {"status": status, "description": answer.get("description", ""), "example": text}


def _example_text(schema: dict[str, Any], content: dict[str, Any]) -> str:
    example = content.get("example")
    if example is None:
        example = _example(schema, content.get("schema", {}), depth=0)
    return "" if example is None else json.dumps(example, indent=2, ensure_ascii=False)


def _example(schema: dict[str, Any], node: dict[str, Any], *, depth: int) -> Any:
    """Return a value of ``node``'s shape, from its examples where it has some."""
    known = node.get("examples") or node.get("enum") or ([node["default"]] if "default" in node else [])
    if known or depth > _DEPTH_MAX:
        return known[0] if known else None
    inner = _inner(schema, node)
    if inner is not None:
        return _example(schema, inner, depth=depth + 1)
    if node.get("type") == "array":
        return [_example(schema, node.get("items", {}), depth=depth + 1)]
    if "properties" in node:
        return {name: _example(schema, each, depth=depth + 1) for name, each in node["properties"].items()}
    plain = {"string": "text", "integer": 1, "boolean": True, "object": {}}
    return plain.get(node.get("type", ""))


def _inner(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any] | None:
    """Return the shape that ``node`` only points to, if it does."""
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[-1]
        found: dict[str, Any] = schema["components"]["schemas"].get(name, {})
        return found
    choices = node.get("anyOf") or node.get("oneOf")
    return choices[0] if choices and "properties" not in node else None
