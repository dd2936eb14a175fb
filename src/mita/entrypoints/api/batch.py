"""Several operations in one database transaction: each is asked of its own route, all are done or none."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Request, status
from pydantic import Field, JsonValue, StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import Message, Scope

from mita.entrypoints.api.batch_paths import CREATES_AN_ESTATE, estate_of, is_allowed
from mita.entrypoints.api.batch_references import filled, filled_path
from mita.entrypoints.api.captured import Captured, captured
from mita.entrypoints.api.problems import CONTENTION, UNAVAILABLE
from mita.identity.domain import Permission, Principal
from mita.kit import context
from mita.kit.errors import Invalid, Refusal
from mita.kit.shapes import Shape
from mita.kit.web import LENT, Lent, caller, needs, refusals, work_of_batch

router = APIRouter(tags=["process"])
_ERRORS = 400
_KEPT = ("type", "http_version", "scheme", "server", "client", "asgi", "extensions", "app")
_OURS = (*CONTENTION, *UNAVAILABLE)


class BatchFailed(Refusal):
    """An operation of the batch was refused, and nothing was done; ``problems`` names it and says why."""

    code = "batch_failed"
    status = 422
    title = "An operation of the batch was refused; nothing was done"


class BatchOperation(Shape):
    """One request of a batch.

    In ``path`` and ``body``, what an earlier operation answered may be named: ``{units.items.0.unit_id}`` in
    the path, ``{"$ref": "units.items.0.unit_id"}`` in place of a value of the body.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")] | None = Field(
        default=None, description="How later operations name it", examples=["units"]
    )
    method: Literal["POST", "PUT", "PATCH", "DELETE"] = "POST"
    path: Annotated[
        str,
        StringConstraints(
            max_length=500, pattern=r"^/api/v1/[A-Za-z0-9/_.{}:-]+(\?[A-Za-z0-9_=&.:%+-]{0,200})?$"
        ),
    ] = Field(examples=["/api/v1/estates/1/units"])
    body: dict[str, JsonValue] | None = Field(default=None, examples=[{"names": ["A101"]}])
    idempotency_key: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,200}$")] | None = Field(
        default=None, description="Needed where the operation alone needs one", examples=["receipt-1042"]
    )


class BatchIn(Shape):
    """Operations in the order in which they are done; all lie in one estate, or the first one creates it."""

    operations: Annotated[list[BatchOperation], Field(min_length=1, max_length=100)]


class OperationDone(Shape):
    """What an operation was answered."""

    id: str | None = Field(examples=["units"])
    status: int = Field(examples=[201])
    body: JsonValue = Field(examples=[{"items": []}])


class BatchDone(Shape):
    """What each operation was answered, in order."""

    items: list[OperationDone]


@router.post(
    "/batch",
    operation_id="run_batch",
    summary="Carry out several operations in one transaction: all or none",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(BatchFailed, Invalid),
)
@needs(Permission.IMPORTS_WRITE, or_own=True)
async def run_batch(request: Request, body: BatchIn) -> BatchDone:
    """Each operation is checked, permitted and recorded as if it had come alone.

    `docs/reference/batch.md` lists the operations that a batch may hold.
    """
    _check_ids(body)

    async def work(session: AsyncSession) -> BatchDone:
        return await _Batch(request, session).run(body)

    return await work_of_batch(request, work=work)


def _check_ids(body: BatchIn) -> None:
    named = [each.id for each in body.operations if each.id is not None]
    if len(set(named)) != len(named):
        raise _invalid("body.operations", "two operations have the same id")


def _invalid(path: str, message: str) -> Invalid:
    return Invalid(f"{path} {message}", problems=[{"path": path, "message": message}])


class _Batch:
    """One batch on its way: what was answered so far, and the estate that it lies in."""

    def __init__(self, request: Request, session: AsyncSession) -> None:
        self._request = request
        self._session = session
        self._caller = cast("Principal", caller(request))
        self._answers: dict[str, Any] = {}
        self._estate_id: int | None = None

    async def run(self, body: BatchIn) -> BatchDone:
        """Carry the operations out in order.

        :raises BatchFailed: if one is refused
        """
        done = []
        for place, operation in enumerate(body.operations):
            answer = await self._one(operation, at=f"body.operations.{place}", is_first=place == 0)
            shown = json.loads(answer.body) if answer.body else None
            if answer.status >= _ERRORS:
                raise _failed(shown, place=place, operation=operation)
            if operation.id is not None:
                self._answers[operation.id] = shown
            done.append(OperationDone(id=operation.id, status=answer.status, body=shown))
        return BatchDone(items=done)

    async def _one(self, operation: BatchOperation, *, at: str, is_first: bool) -> Captured:
        path, _, query = operation.path.partition("?")
        path = filled_path(path, answers=self._answers, at=f"{at}.path")
        sent = filled(operation.body, answers=self._answers, at=f"{at}.body")
        self._check(operation.method, path, at=f"{at}.path", is_first=is_first)
        scope = self._scope(operation, path=path, query=query)
        raw = b"" if sent is None else json.dumps(sent).encode()
        # the name of the action is the operation's, and the batch's again afterwards
        with context.entered(context.current()):
            app = self._request.app.router
            answer = await captured(app, scope, _Told(raw), lent=Lent(self._session), key=LENT)
        await self._session.flush()
        # rows that one operation has read are stale for the next
        self._session.expunge_all()
        if self._estate_id is None and answer.status < _ERRORS:
            self._enter(json.loads(answer.body))
        return answer

    def _check(self, method: str, path: str, *, at: str, is_first: bool) -> None:
        if not is_allowed(method, path):
            raise _invalid(at, f"no operation that a batch may hold: {method} {path}")
        if (method, path) == CREATES_AN_ESTATE:
            if not is_first:
                raise _invalid(at, "an estate is created first or not at all")
            return
        estate_id = estate_of(path)
        if is_first:
            self._estate_id = estate_id
        if estate_id != self._estate_id:
            raise _invalid(at, "all operations of a batch lie in one estate")

    def _enter(self, created: Mapping[str, Any]) -> None:
        """Go on in the estate that was created; who may create it for an organisation may enter."""
        estate_id = self._estate_id = int(created["estate_id"])
        organisation_id = created.get("organisation_id")
        if organisation_id is not None:
            self._caller = with_estate(self._caller, estate_id=estate_id, organisation_id=organisation_id)

    def _scope(self, operation: BatchOperation, *, path: str, query: str) -> Scope:
        outer = self._request.scope
        handlers, of_status = outer["starlette.exception_handlers"]
        # what is nobody's refusal undoes the batch: contention is tried again as a whole
        ours = {error: handler for error, handler in handlers.items() if error not in _OURS}
        headers = [(b"content-type", b"application/json")]
        if operation.idempotency_key is not None:
            headers.append((b"idempotency-key", operation.idempotency_key.encode()))
        return {
            **{name: outer[name] for name in _KEPT if name in outer},
            "method": operation.method,
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": headers,
            "state": {**outer["state"], "caller": self._caller},
            "starlette.exception_handlers": (ours, of_status),
            "fastapi_middleware_astack": outer["fastapi_middleware_astack"],
        }


def with_estate(principal: Principal, *, estate_id: int, organisation_id: int) -> Principal:
    """Return a caller with what they may do in an organisation's estates, one of which is new."""
    grants = tuple(
        replace(grant, estate_ids=grant.estate_ids | {estate_id})
        if grant.organisation_id == organisation_id and grant.estate_ids is not None
        else grant
        for grant in principal.grants
    )
    return replace(principal, grants=grants)


def _failed(shown: Any, *, place: int, operation: BatchOperation) -> BatchFailed:
    problem = {
        "path": f"body.operations.{place}",
        "message": shown["detail"],
        "operation": operation.id,
        "status": shown["status"],
        "code": shown["code"],
        "problems": shown["problems"],
        "instance": shown["instance"],
    }
    return BatchFailed(f"operation {place}: {shown['detail']}", problems=[problem])


class _Told:
    """A ``receive`` that tells a body, and then that nobody listens any more."""

    def __init__(self, body: bytes) -> None:
        self._messages: list[Message] = [
            {"type": "http.disconnect"},
            {"type": "http.request", "body": body, "more_body": False},
        ]

    async def __call__(self) -> Message:
        return self._messages.pop() if len(self._messages) > 1 else self._messages[0]
