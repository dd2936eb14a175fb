"""What stands in front of the routes asks here which route a request is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi.routing import APIRoute
from starlette.routing import compile_path

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from fastapi import FastAPI

_PREFIX = "/api/"
_CREATED = 201
# of whoever asks: what they do there is theirs, or nobody's yet
_WITHOUT_KEYS = ("/api/v1/auth/", "/api/v1/me")
IDEMPOTENCY_KEY = "idempotency-key"


@dataclass(frozen=True, slots=True)
class Indexed:
    """A route of the API: its whole path as a template.

    One that ``takes_key`` creates something and has no idempotency key of its own; one that ``is_tagged``
    changes what a GET of the same path shows.
    """

    method: str
    template: str
    pattern: re.Pattern[str]
    takes_key: bool
    is_tagged: bool


class OperationIndex:
    """All routes under ``/api``, by method; it is made at the first question."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._found: dict[str, list[Indexed]] | None = None

    def all(self) -> list[Indexed]:
        """Return every route."""
        return [each for found in self._by_method().values() for each in found]

    def of(self, method: str, path: str) -> Indexed | None:
        """Return the route of a request, if there is one."""
        return next((each for each in self._by_method().get(method, ()) if each.pattern.match(path)), None)

    def _by_method(self) -> dict[str, list[Indexed]]:
        if self._found is None:
            routes = [(path, route) for path, route in _routes(self._app.routes) if path.startswith(_PREFIX)]
            shown = {path for path, route in routes if "GET" in (route.methods or ())}
            found: dict[str, list[Indexed]] = {}
            for path, route in routes:
                for method in route.methods or ():
                    found.setdefault(method, []).append(_indexed(method, path, route, shown=shown))
            self._found = found
        return self._found


def _routes(routes: list[Any], prefix: str = "") -> Iterator[tuple[str, APIRoute]]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield prefix + route.path, route
        elif hasattr(route, "original_router"):
            yield from _routes(route.original_router.routes, prefix + route.include_context.prefix)


def _indexed(method: str, path: str, route: APIRoute, *, shown: set[str]) -> Indexed:
    pattern, _, _ = compile_path(path)
    has_own_key = any(each.alias.lower() == IDEMPOTENCY_KEY for each in route.dependant.header_params)
    takes_key = (
        method == "POST"
        and route.status_code == _CREATED
        and not has_own_key
        and not path.startswith(_WITHOUT_KEYS)
    )
    is_tagged = method in ("PUT", "PATCH", "DELETE") and path in shown
    return Indexed(method, path, pattern, takes_key, is_tagged)


def cursor_of(route: APIRoute) -> str | None:
    """Return the parameter that continues a route's list, None if it has none."""
    names = {each.alias for each in route.dependant.query_params}
    known = ("cursor", "after_id", "before", "before_seq", "after_line")
    return next((name for name in known if name in names), None)
