"""Every error as RFC 9457 has it: ``application/problem+json`` with a stable ``code`` and no internals."""

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

import psycopg
import sqlalchemy.exc
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from mita.charging.operations import StaleLane
from mita.kit.context import CORRELATION_HEADER
from mita.kit.errors import PreconditionFailed, Refusal
from mita.ledger.operations import StaleHeads

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
# where a request's state has its correlation id
CORRELATION = "correlation_id"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # no-referrer would make the Origin of our own forms "null"
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
# a request may be wrong in ten thousand places; a person reads the first ones
_PROBLEMS_MAX = 100
_CODES = {
    400: ("malformed", "The request cannot be read"),
    401: ("unauthorized", "A token is needed"),
    403: ("forbidden", "Not allowed"),
    404: ("not_found", "Not found"),
    405: ("method_not_allowed", "The method is not allowed here"),
    408: ("too_slow", "The body takes too long to arrive"),
    413: ("too_large", "The body is too large"),
    415: ("unsupported_media_type", "The content type is not supported"),
    422: ("invalid", "The input is not valid"),
    429: ("rate_limited", "Too many requests"),
    500: ("internal", "Something went wrong inside Mita"),
    503: ("unavailable", "Mita cannot answer just now"),
}


# where the process keeps what writes refused attempts down
REFUSALS = "refusals"
_BUSY = ("busy", "Others were faster again and again")


def codes_of(status: int) -> dict[str, str]:
    """Return the codes that any route may answer with a status, and their titles."""
    found = [_CODES[status], _BUSY] if status == HTTPStatus.SERVICE_UNAVAILABLE else [_CODES[status]]
    return dict(found)


def problem(
    path: str,
    *,
    status: int,
    detail: str,
    code: str = "",
    title: str = "",
    problems: Sequence[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an error response; ``code`` and ``title`` default to those of the status."""
    default_code, default_title = _CODES.get(status, ("refused", "The request was refused"))
    body = {
        "type": "about:blank",
        "title": title or default_title,
        "status": status,
        "detail": detail,
        "code": code or default_code,
        "problems": [{"path": "", "message": detail, **each} for each in problems[:_PROBLEMS_MAX]],
        "instance": path,
    }
    # ASCII only: a path or a message may hold half a surrogate pair, which UTF-8 cannot carry
    content = json.dumps(body, ensure_ascii=True, default=str)
    return Response(content, status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def unauthorized(path: str) -> Response:
    """Return the answer to a caller without a valid token."""
    return problem(
        path,
        status=401,
        detail="send Authorization: Bearer with the token that `mita up` printed",
        headers={"WWW-Authenticate": 'Bearer realm="mita"'},
    )


def unavailable(path: str) -> Response:
    """Return the answer while the database cannot be reached."""
    return problem(
        path, status=503, detail="the database does not answer; try again", headers={"Retry-After": "2"}
    )


def rate_limited(path: str, *, headers: Mapping[str, str]) -> Response:
    """Return the answer to a caller who asks too often; ``headers`` say when to come back."""
    return problem(path, status=429, detail="asked too often; wait as Retry-After says", headers=headers)


def refused(path: str, refusal: Refusal) -> Response:
    """Return the answer to a request that is refused before it comes to its route."""
    return problem(
        path,
        status=refusal.status,
        detail=refusal.detail,
        code=refusal.code,
        title=refusal.title,
        problems=refusal.problems,
        headers=refusal.headers,
    )


TOO_LARGE = "a body may have at most 5 MB"
TOO_LARGE_POST = "a post may have at most 1 MB"
TOO_SLOW = "the body did not arrive in time"


def too_large(path: str) -> Response:
    """Return the answer to a body that says it is too large."""
    return problem(path, status=413, detail=TOO_LARGE, headers={"Connection": "close"})


def body_refused(path: str, error: HTTPException) -> Response:
    """Return the answer to a body that was too large, or too slow, where it is read before its route."""
    return problem(path, status=error.status_code, detail=error.detail, headers={"Connection": "close"})


# what a database that is away, starting, full or choosing a victim raises; trying again may help
UNAVAILABLE = (
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.InterfaceError,
    sqlalchemy.exc.TimeoutError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
    ConnectionError,
)
CONTENTION = (StaleHeads, StaleLane)


async def _refused(request: Request, error: Exception) -> Response:
    error = cast("Refusal", error)
    if error.status == HTTPStatus.FORBIDDEN and (record := request.app.state.edge.parts.get(REFUSALS)):
        await record(request, error)
    return refused(request.url.path, error)


async def _not_valid(request: Request, error: Exception) -> Response:
    error = cast("RequestValidationError", error)
    problems = [
        {"path": ".".join(map(str, each["loc"])), "message": str(each["msg"]).removeprefix("Value error, ")}
        for each in error.errors()[:_PROBLEMS_MAX]
    ]
    first = problems[0]
    return problem(
        request.url.path, status=422, detail=f"{first['path']}: {first['message']}", problems=problems
    )


async def _http_error(request: Request, error: Exception) -> Response:
    error = cast("HTTPException", error)
    detail = str(error.detail or HTTPStatus(error.status_code).phrase)
    return problem(request.url.path, status=error.status_code, detail=detail, headers=error.headers)


def has_lost_a_race(error: Exception) -> bool:
    """Tell whether the database refused to change what somebody else changed meanwhile."""
    return isinstance(getattr(error, "orig", error), psycopg.errors.SerializationFailure)


async def _unavailable(request: Request, error: Exception) -> Response:
    if has_lost_a_race(error):
        # only what was asked for on a condition runs so that this may happen
        return refused(request.url.path, PreconditionFailed("somebody else is changing it: read it again"))
    logger.warning("%s while answering %s", type(error).__name__, request.url.path)
    return unavailable(request.url.path)


async def _busy(request: Request, error: Exception) -> Response:
    logger.warning("%s while answering %s", type(error).__name__, request.url.path)
    return busy(request.url.path)


def busy(path: str) -> Response:
    """Return the answer to who lost every race against others."""
    return problem(
        path,
        status=503,
        code=_BUSY[0],
        title=_BUSY[1],
        detail="the estate is being charged by others; try again",
        headers={"Retry-After": "1"},
    )


async def _unstorable(request: Request, error: Exception) -> Response:
    # the net below the schemas: what PostgreSQL cannot hold is the sender's mistake
    logger.warning("%s while answering %s", type(error).__name__, request.url.path)
    return problem(request.url.path, status=422, detail="a value cannot be stored")


async def _internal(request: Request, error: Exception) -> Response:
    logger.error("unexpected %s while answering %s", type(error).__name__, request.url.path)
    # outside of what adds headers to other answers
    headers = {**HEADERS, "Cache-Control": "no-store"}
    if (correlation_id := getattr(request.state, CORRELATION, None)) is not None:
        headers[CORRELATION_HEADER] = correlation_id
    return problem(request.url.path, status=500, detail="the error is in the log", headers=headers)


def answer_with_problems(app: FastAPI) -> None:
    """Let every error of ``app`` be answered as problem+json."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _http_error)
    for error in UNAVAILABLE:
        app.add_exception_handler(error, _unavailable)
    for conflict in CONTENTION:
        app.add_exception_handler(conflict, _busy)
    app.add_exception_handler(sqlalchemy.exc.DataError, _unstorable)
    app.add_exception_handler(psycopg.DataError, _unstorable)
    app.add_exception_handler(Exception, _internal)
