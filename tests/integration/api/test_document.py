"""The OpenAPI document says everything: names, summaries, refusals with examples, examples of every field."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

import pytest

from mita.entrypoints.api.problems import _CODES
from mita.kit.errors import Conflict, Forbidden, NotFound, Refusal

from .routes import api_operations_of, operations_of

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

ALWAYS = {"400", "401", "413", "422", "503"}
LIVELESS = {"/healthz": set(), "/readyz": {"503"}, "/metrics": {"401", "503"}, "/live": {"401", "503"}}


def codes_in(spec: dict[str, Any], status: str) -> set[str]:
    return set(spec["responses"][status]["content"]["application/problem+json"].get("examples", {}))


def test_every_operation_has_a_name_and_a_summary(app: FastAPI) -> None:
    operations = operations_of(app)
    for operation in operations:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", operation.operation_id), operation.path
        assert operation.spec["summary"][0].isupper(), operation.operation_id
        assert not operation.spec["summary"].endswith("."), operation.operation_id
        assert operation.spec["description"], operation.operation_id
        assert operation.spec["tags"], operation.operation_id
    names = [operation.operation_id for operation in operations]
    assert len(set(names)) == len(names)


def test_the_name_of_an_operation_is_its_functions(app: FastAPI) -> None:
    found: dict[str, str] = {}

    def walk(routes: list[Any]) -> None:
        for route in routes:
            if hasattr(route, "original_router"):
                walk(route.original_router.routes)
            elif getattr(route, "operation_id", None):
                found[route.operation_id] = route.endpoint.__name__

    walk(app.routes)
    assert set(found) == {operation.operation_id for operation in operations_of(app)}
    assert all(name == function for name, function in found.items())


def test_every_operation_documents_its_refusals_with_examples(app: FastAPI) -> None:
    for operation in operations_of(app):
        refused = {status for status in operation.spec["responses"] if status[0] in "45"}
        wanted = LIVELESS.get(operation.path, ALWAYS)
        if "estate_id" in operation.parameters:
            wanted = wanted | {"404"}
        assert refused >= wanted, operation.operation_id
        for status in refused:
            content = operation.spec["responses"][status]["content"]
            assert list(content) == ["application/problem+json"], (operation.operation_id, status)
            (body,) = content.values()
            assert body["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert body["examples"], (operation.operation_id, status)
            for code, example in body["examples"].items():
                assert example["value"]["code"] == code
                assert example["value"]["status"] == int(status)
                assert f"`{code}`" in operation.spec["responses"][status]["description"]


def test_every_operation_under_api_asks_for_the_token(app: FastAPI) -> None:
    scheme = app.openapi()["components"]["securitySchemes"]["HTTPBearer"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    for operation in api_operations_of(app):
        assert operation.spec["security"] == [{"HTTPBearer": []}], operation.operation_id


def leaves_without_example(document: dict[str, Any], node: dict[str, Any], path: str) -> list[str]:
    """Return the paths of values below ``node`` that nobody has given an example."""
    said = ("example", "examples", "enum", "const", "default")
    is_plain = node.get("type") == "boolean" or node.get("format") in ("date", "date-time", "uuid")
    if is_plain or any(key in node for key in said):
        return []
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[-1]
        return leaves_without_example(document, document["components"]["schemas"][name], path)
    if "anyOf" in node:
        choices = [each for each in node["anyOf"] if each.get("type") != "null"]
        return leaves_without_example(document, choices[0], path)
    if node.get("type") == "array":
        return leaves_without_example(document, node["items"], f"{path}[]")
    if "properties" in node:
        return [
            fault
            for name, each in node["properties"].items()
            for fault in leaves_without_example(document, each, f"{path}.{name}")
        ]
    return [path]


def test_every_body_has_examples_down_to_its_leaves(app: FastAPI) -> None:
    document = app.openapi()
    faults = []
    for operation in api_operations_of(app):
        for kind, content in operation.spec.get("requestBody", {}).get("content", {}).items():
            if "example" not in content:
                faults += leaves_without_example(
                    document, content["schema"], f"{operation.operation_id} {kind}"
                )
        good = [answer for status, answer in operation.spec["responses"].items() if status[0] == "2"]
        assert good, operation.operation_id
        for answer in good:
            if "application/json" not in answer.get("content", {}):
                continue
            schema = answer["content"]["application/json"]["schema"]
            faults += leaves_without_example(document, schema, f"{operation.operation_id} answer")
    assert not faults, "\n".join(sorted(set(faults)))


def test_a_missing_example_is_caught(app: FastAPI) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string"}}}}
    assert leaves_without_example({}, schema, "x") == ["x.a[]"]


def test_amounts_are_never_json_numbers(app: FastAPI) -> None:
    text = str(app.openapi())
    assert "'type': 'number'" not in text


# refusals of commands, which no request runs
OF_COMMANDS = ("mita.migrations.", "mita.entrypoints.cli.")


def every_refusal() -> list[type[Refusal]]:
    """Return every refusal that a feature or the web process may raise."""
    found, waiting = [], [Refusal]
    while waiting:
        cls = waiting.pop()
        waiting += cls.__subclasses__()
        if cls.__module__.startswith("mita.") and not cls.__module__.startswith(OF_COMMANDS):
            found.append(cls)
    return found


# said to devices and in logs; no route of the API moves a supply command by hand
NOT_OVER_HTTP = {"supply_command_finished"}
# bases that nothing raises by themselves: test_bases_are_not_raised
BASES = {Refusal.code, Conflict.code, Forbidden.code}


def test_every_refusal_of_the_house_is_documented_somewhere(app: FastAPI) -> None:
    refusals = {cls.code for cls in every_refusal()}
    documented = {
        code
        for operation in api_operations_of(app)
        for status in operation.spec["responses"]
        if status[0] in "45"
        for code in codes_in(operation.spec, status)
    }
    assert refusals - BASES - NOT_OVER_HTTP <= documented
    assert documented <= refusals | {code for code, _ in _CODES.values()} | {"busy"}
    assert len({cls.code for cls in every_refusal()}) == len(every_refusal()), "a code means one thing"


def test_bases_are_not_raised() -> None:
    from tests.unit.house.tree import sources

    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                name = getattr(node.exc.func, "id", "")
                assert name not in ("Refusal", "Conflict", "Forbidden"), path


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
async def test_the_document_is_public(anonymous: httpx.AsyncClient, path: str) -> None:
    answer = await anonymous.get(path)
    assert answer.status_code == 200


async def test_docs_show_every_operation(app: FastAPI, anonymous: httpx.AsyncClient) -> None:
    text = (await anonymous.get("/docs")).text
    for operation in operations_of(app):
        assert f'id="{operation.operation_id}"' in text
        assert f"<code>{operation.path}</code>" in text
        assert operation.spec["summary"].replace("'", "&#39;") in text
    assert NotFound.code in text
