"""The OpenAPI document: every refusal is problem+json with its code and an example."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.routing import Mount

from mita.entrypoints.api.operation_index import OperationIndex
from mita.entrypoints.api.problems import MEDIA_TYPE, codes_of
from mita.entrypoints.api.tags import TAGS
from mita.kit.errors import KeyReused, PreconditionFailed
from mita.kit.shapes import Problem
from mita.kit.web import refusals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.routing import BaseRoute

    from mita.entrypoints.api.operation_index import Indexed
    from mita.kit.errors import Refusal

_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_ETAG = {
    "schema": {"type": "string"},
    "description": "Names what was answered, for If-Match, If-None-Match",
}


class Application(FastAPI):
    """FastAPI whose document says that errors come as problem+json, and only so; it redirects nobody."""

    def __init__(self, **how: Any) -> None:
        # a redirect would name whatever host the caller says
        super().__init__(docs_url=None, redoc_url=None, redirect_slashes=False, **how)

    def openapi(self) -> dict[str, Any]:
        """Return the document; applications of one process that have the same routes share it."""
        shown = (each for each in self.routes if not isinstance(each, Mount))
        routes = [each for each in shown if getattr(each, "include_in_schema", True)]
        key = tuple(id(route) for route in routes)
        if key not in _documents:
            # the routes are kept with it: an id belongs to another object after the first one is gone
            _documents[key] = routes, _settled(super().openapi(), OperationIndex(self).all())
        return _documents[key][1]


_documents: dict[tuple[int, ...], tuple[list[BaseRoute], dict[str, Any]]] = {}


def _settled(document: dict[str, Any], operations: Iterable[Indexed]) -> dict[str, Any]:
    # written here once: as a model of each answer it would be made ready to check answers a thousand times
    shape = Problem.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    document["components"]["schemas"] |= {**shape.pop("$defs"), "Problem": shape}
    document["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
    for item in document["paths"].values():
        for operation in item.values():
            for answer in operation["responses"].values():
                _settle(answer)
    for each in operations:
        item = document["paths"].get(each.template, {})
        if each.method.lower() in item:
            _say_conditions(item[each.method.lower()], each)
    return document


def _say_conditions(operation: dict[str, Any], route: Indexed) -> None:
    """Document what stands in front of the routes: ETags, and keys of requests."""
    if route.method == "GET":
        _add_header(operation, "If-None-Match", "Answers 304 if the ETag is still the same")
        for status, answer in operation["responses"].items():
            if status == "200" and "application/json" in answer.get("content", {}):
                answer["headers"] = {"ETag": _ETAG, **answer.get("headers", {})}
                operation["responses"]["304"] = {
                    "description": "What If-None-Match names is still there",
                    "headers": {"ETag": _ETAG},
                }
                break
    if route.is_tagged:
        _add_header(operation, "If-Match", "The ETag of what you have read; another one is refused with 412")
        _add_refusal(operation, PreconditionFailed)
    if route.takes_key:
        _add_header(operation, "Idempotency-Key", "Names this request: it is carried out once")
        _add_refusal(operation, KeyReused)


def _add_header(operation: dict[str, Any], name: str, description: str) -> None:
    key = (
        {"minLength": 1, "maxLength": 200, "pattern": "^[\\x21-\\x7e]+$"} if name == "Idempotency-Key" else {}
    )
    operation.setdefault("parameters", []).append(
        {
            "name": name,
            "in": "header",
            "required": False,
            "schema": {"type": "string", **(key if name == "Idempotency-Key" else {})},
            "description": description,
        }
    )


def _add_refusal(operation: dict[str, Any], refusal: type[Refusal]) -> None:
    ((status, said),) = refusals(refusal).items()
    answers, problem = operation["responses"], said["content"][MEDIA_TYPE]
    if (found := answers.get(str(status))) is None:
        content = {MEDIA_TYPE: {"schema": _PROBLEM, **problem}}
        answers[str(status)] = {"description": said["description"], "content": content}
    elif refusal.code not in found["content"][MEDIA_TYPE]["examples"]:
        found["content"][MEDIA_TYPE]["examples"].update(problem["examples"])
        found["description"] += f" or {said['description']}"


def _settle(answer: dict[str, Any]) -> None:
    # FastAPI writes the model of an answer under the route's own media type
    content = answer.get("content", {})
    if MEDIA_TYPE in content:
        answer["content"] = {MEDIA_TYPE: {"schema": _PROBLEM, **content[MEDIA_TYPE]}}


def problem_answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses=`` of refusals that any route may answer, with an example for each code."""
    answers: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        titles = codes_of(status)
        examples = {
            code: {"value": {**_example(status), "code": code, "title": title, "detail": title}}
            for code, title in titles.items()
        }
        answers[status] = {
            "description": " or ".join(f"`{code}`: {title}" for code, title in titles.items()),
            "content": {MEDIA_TYPE: {"examples": examples}},
        }
    return answers


def _example(status: int) -> dict[str, Any]:
    return {"type": "about:blank", "status": status, "problems": [], "instance": "/api/v1/…"}
