"""The tree of paths finds the route that the router would, and nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Match

from mita.entrypoints.api.app import _routes
from mita.entrypoints.api.by_path import Paths, flat

ROUTES = [route for route in _routes() if isinstance(route, APIRoute)]


def asked(method: str, path: str, **more: Any) -> dict[str, Any]:
    return {"type": "http", "method": method, "path": path, "query_string": b"", "headers": [], **more}


def by_router(routes: list[APIRoute], scope: dict[str, Any]) -> tuple[APIRoute, dict[str, str]] | None:
    for route in routes:
        match, child = route.matches(dict(scope))
        if match == Match.FULL:
            return route, child["path_params"]
    return None


def test_every_route_is_found_as_the_router_finds_it() -> None:
    paths, found = Paths(ROUTES), 0
    for route in ROUTES:
        # a word, a number, and the word of another route in the place of each parameter
        for value in ("7", "x.y", "people", "search"):
            path = re.sub(r"\{\w+\}", value, route.path)
            for method in route.methods or ():
                scope = asked(method, path)
                got = paths.find(scope)
                if got is None:
                    # only what is left to the router
                    assert re.search(r"\{\w+\}[^/]", route.path) or not route.path.startswith("/api/"), path
                else:
                    assert got == by_router(ROUTES, scope), path
                    found += 1
    assert found > 800


@pytest.mark.parametrize(
    "scope",
    [
        asked("GET", "/api/v1/nothing"),
        asked("PATCH", "/api/v1/me/sessions/1/2/3"),
        asked("DELETE", "/api/v1/estates"),
        asked("GET", "/api/v1/estates/"),
        asked("GET", "/api/v1/estates//units"),
        asked("GET", "/api/v1/estates/1", root_path="/below"),
        asked("GET", "/docs"),
        {**asked("GET", "/api/v1/estates"), "type": "websocket"},
    ],
)
def test_what_is_no_route_is_left_to_the_router(scope: dict[str, Any]) -> None:
    assert Paths(ROUTES).find(scope) is None


def test_of_two_that_fit_the_first_is_taken() -> None:
    app = FastAPI(openapi_url=None)
    inner = APIRouter(prefix="/things")

    @inner.get("/{name}")
    def any_thing(name: str) -> None: ...

    @inner.get("/special")
    def special() -> None: ...

    app.include_router(inner, prefix="/api")
    paths = Paths(flat(app.routes))
    route, values = paths.find(asked("GET", "/api/things/special")) or (None, None)
    assert (getattr(route, "name", None), values) == ("any_thing", {"name": "special"})
