"""The API breaks no program that was written for the last released schema."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from .compatibility import breaking_changes, essence
from .release import RELEASED, current


def test_nothing_of_the_released_schema_is_broken() -> None:
    """Who breaks it on purpose says so in docs/reference/api-changelog.md, where the way is told."""
    now = current()
    released = json.loads(RELEASED.read_text(encoding="utf-8"))
    assert len(released["paths"]) >= 150
    assert not breaking_changes(released, now)


DOCUMENT: dict[str, Any] = {
    "paths": {
        "/things": {
            "post": {
                "operationId": "create_thing",
                "parameters": [
                    {"in": "query", "name": "kind", "schema": {"enum": ["a", "b"], "type": "string"}}
                ],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/In"}}},
                },
                "responses": {
                    "201": {
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Out"}}}
                    },
                    "422": {},
                },
            }
        }
    },
    "components": {
        "schemas": {
            "In": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string"},
                    "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                },
            },
            "Out": {
                "type": "object",
                "properties": {
                    "id": {"type": "integer"},
                    "state": {"enum": ["open", "met"], "type": "string"},
                    "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
                },
            },
            "Line": {"type": "object", "properties": {"amount": {"type": "string"}}},
        }
    },
}


def operation(document: dict[str, Any]) -> dict[str, Any]:
    return document["paths"]["/things"]["post"]


def shapes(document: dict[str, Any]) -> dict[str, Any]:
    return document["components"]["schemas"]


def drop(thing: dict[str, Any], *names: str) -> None:
    for name in names[:-1]:
        thing = thing[name]
    del thing[names[-1]]


BREAKING = {
    "POST /things is gone": lambda d: d["paths"].clear(),
    "POST /things has another operationId": lambda d: operation(d).update(operationId="add_thing"),
    "POST /things parameter kind is gone": lambda d: operation(d)["parameters"].clear(),
    "POST /things parameter kind is required now": lambda d: operation(d)["parameters"][0].update(
        required=True
    ),
    "POST /things parameter kind knows b no more": lambda d: operation(d)["parameters"][0]["schema"].update(
        enum=["a"]
    ),
    "POST /things parameter key is required now": lambda d: operation(d)["parameters"].append(
        {"in": "header", "name": "key", "required": True, "schema": {"type": "string"}}
    ),
    "POST /things body.note is gone": lambda d: drop(shapes(d), "In", "properties", "note"),
    "POST /things body.note is required now": lambda d: shapes(d)["In"]["required"].append("note"),
    "POST /things body.note takes no null more": lambda d: shapes(d)["In"]["properties"].update(
        note={"type": "string"}
    ),
    "POST /things body is read as application/json no more": lambda d: operation(d)["requestBody"].update(
        content={"application/yaml": {}}
    ),
    "POST /things answers 201 no more": lambda d: drop(operation(d), "responses", "201"),
    "POST /things answer 201.id is gone": lambda d: drop(shapes(d), "Out", "properties", "id"),
    "POST /things answer 201.id may be string now": lambda d: shapes(d)["Out"]["properties"].update(
        id={"type": "string"}
    ),
    "POST /things answer 201.state knows met no more": lambda d: shapes(d)["Out"]["properties"].update(
        state={"enum": ["open"], "type": "string"}
    ),
    "POST /things answer 201.lines[].amount is gone": lambda d: drop(
        shapes(d), "Line", "properties", "amount"
    ),
}


@pytest.mark.parametrize("said", BREAKING)
def test_what_breaks_is_said(said: str) -> None:
    new = copy.deepcopy(DOCUMENT)
    BREAKING[said](new)
    assert breaking_changes(DOCUMENT, new) == [said]


def test_texts_and_examples_are_not_compared_and_fields_of_their_names_are() -> None:
    new = copy.deepcopy(DOCUMENT)
    shapes(new)["Out"] |= {"title": "Thing", "description": "A thing"}
    shapes(new)["Out"]["properties"]["title"] = {"type": "string", "examples": ["x"]}
    found = essence(new)
    assert found["components"]["schemas"]["Out"]["properties"]["title"] == {"type": "string"}
    assert "title" not in found["components"]["schemas"]["Out"]
    assert list(operation(found)["responses"]) == ["201"]
    assert breaking_changes(essence(DOCUMENT), found) == []


def test_what_is_added_breaks_nobody() -> None:
    new = copy.deepcopy(DOCUMENT)
    new["paths"]["/others"] = {"get": {"operationId": "list_others", "responses": {}}}
    operation(new)["parameters"].append({"in": "query", "name": "q", "schema": {"type": "string"}})
    shapes(new)["In"]["properties"]["more"] = {"type": "string"}
    shapes(new)["Out"]["properties"]["more"] = {"type": "string"}
    shapes(new)["Out"]["required"] = ["id"]
    operation(new)["parameters"][0]["schema"]["enum"].append("c")
    assert breaking_changes(DOCUMENT, new) == []
