"""Routes found by their paths: in a tree of their words, instead of trying hundreds of patterns in turn."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from fastapi.routing import APIRoute

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Receive, Scope, Send

_PREFIX = "/api/"
# what has more than words and parameters, such as a file's ending, is left to the router
_WORDS = re.compile(r"/api(/([\w.-]+|\{\w+\}))+")
_PARAMETER = re.compile(r"\{(\w+)\}")


def flat(routes: Iterable[BaseRoute], *, within: Any = None) -> Iterator[BaseRoute]:
    """Yield routes, those of included routers as routes of their own with all that the inclusion adds.

    FastAPI keeps included routers as they are, and looks twice through each on the way of every request. It
    would also work out a route anew at each level of inclusion; here that is done once. ``within`` is what
    the levels above add.

    :raises TypeError: for an included route of a kind that is not known here
    """
    for route in routes:
        added = getattr(route, "include_context", None)
        if added is not None:
            context = added if within is None else within.combine(added)
            yield from flat(cast("Any", route).original_router.routes, within=context)
        elif within is None:
            yield route
        elif isinstance(route, APIRoute):
            yield _whole(route, within)
        else:
            raise TypeError(f"{route!r} cannot be included: it is no route of the API")


# what FastAPI works out of these is left to it
_KEPT = (
    "response_model",
    "status_code",
    "summary",
    "description",
    "response_description",
    "methods",
    "operation_id",
    "response_model_include",
    "response_model_exclude",
    "response_model_by_alias",
    "response_model_exclude_unset",
    "response_model_exclude_defaults",
    "response_model_exclude_none",
    "response_class",
    "name",
    "openapi_extra",
    "generate_unique_id_function",
    "strict_content_type",
)


def _whole(route: APIRoute, within: Any) -> APIRoute:
    return APIRoute(
        within.path_for(route),
        route.endpoint,
        tags=[*within.tags, *route.tags],
        dependencies=[*within.dependencies, *route.dependencies],
        responses={**within.responses, **route.responses},
        deprecated=route.deprecated or within.deprecated,
        include_in_schema=route.include_in_schema and within.include_in_schema,
        callbacks=[*within.callbacks, *(route.callbacks or ())],
        **{name: getattr(route, name) for name in _KEPT},
    )


@dataclass(slots=True)
class _Node:
    """A place in the tree: what follows by word, what follows for any word, and the routes that end here."""

    words: dict[str, _Node] = field(default_factory=dict)
    anything: _Node | None = None
    ends: dict[str, tuple[int, APIRoute, tuple[str, ...]]] = field(default_factory=dict)


class Paths:
    """The routes of the API in a tree.

    Of routes that fit a path, the first in the router's order is found, as the router does.
    """

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._root = _Node()
        for order, route in enumerate(routes):
            if isinstance(route, APIRoute) and _WORDS.fullmatch(route.path):
                self._add(order, route)

    def _add(self, order: int, route: APIRoute) -> None:
        node, names = self._root, []
        for word in route.path.split("/")[1:]:
            parameter = _PARAMETER.fullmatch(word)
            if parameter is None:
                node = node.words.setdefault(word, _Node())
            else:
                names.append(parameter[1])
                node.anything = node.anything or _Node()
                node = node.anything
        for method in route.methods or ():
            node.ends.setdefault(method, (order, route, tuple(names)))

    def find(self, scope: Scope) -> tuple[APIRoute, dict[str, str]] | None:
        """Return the route of a request and the texts of its parameters, if there is one."""
        if (
            scope["type"] != "http"
            or not scope["path"].startswith(_PREFIX)
            # who mounts the application elsewhere, or watches the router's choice, is served by the router
            or scope.get("root_path")
            or "fastapi.telemetry" in scope
        ):
            return None
        found: list[_Found] = []
        _walk(self._root, scope["path"].split("/"), 1, (), scope["method"], found)
        if not found:
            return None
        _, route, names, values = found[0] if len(found) == 1 else min(found, key=lambda each: each[0])
        return route, dict(zip(names, values, strict=True))


class ByPath:
    """Stands before a router and takes the requests whose route is in the tree.

    Everything else, such as a path that nothing fits or another method, is the router's.
    """

    def __init__(self, app: ASGIApp, *, paths: Paths) -> None:
        self._app = app
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        found = self._paths.find(scope)
        if found is None:
            await self._app(scope, receive, send)
            return
        route, parameters = found
        scope.update(route=route, endpoint=route.endpoint, path_params=parameters)
        await route.handle(scope, receive, send)


_Found = tuple[int, APIRoute, tuple[str, ...], tuple[str, ...]]


def _walk(
    node: _Node,
    words: list[str],
    place: int,
    values: tuple[str, ...],
    method: str,
    found: list[_Found],
) -> None:
    if place == len(words):
        if (end := node.ends.get(method)) is not None:
            found.append((*end, values))
        return
    word = words[place]
    if (next_node := node.words.get(word)) is not None:
        _walk(next_node, words, place + 1, values, method, found)
    if node.anything is not None and word:
        _walk(node.anything, words, place + 1, (*values, word), method, found)
