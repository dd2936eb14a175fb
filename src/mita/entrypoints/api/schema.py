"""The OpenAPI document: every refusal is problem+json with its code and an example."""

from typing import Any

from fastapi import FastAPI

from mita.entrypoints.api.problems import MEDIA_TYPE, codes_of
from mita.kit.shapes import Problem

_PROBLEM = {"$ref": "#/components/schemas/Problem"}


class Application(FastAPI):
    """FastAPI whose document says that errors come as problem+json, and only so."""

    def openapi(self) -> dict[str, Any]:
        """Return the document; it is made once."""
        is_new = self.openapi_schema is None
        document = super().openapi()
        if is_new:
            for item in document["paths"].values():
                for operation in item.values():
                    for answer in operation["responses"].values():
                        _settle(answer)
        return document


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
            "model": Problem,
            "description": " or ".join(f"`{code}`: {title}" for code, title in titles.items()),
            "content": {MEDIA_TYPE: {"examples": examples}},
        }
    return answers


def _example(status: int) -> dict[str, Any]:
    return {"type": "about:blank", "status": status, "problems": [], "instance": "/api/v1/…"}
