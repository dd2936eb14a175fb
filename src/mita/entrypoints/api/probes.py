"""What is asked about the process itself: is it alive, is it ready, what does it count, what changes."""

from typing import TYPE_CHECKING, Any, Literal, cast

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from mita.entrypoints import metrics
from mita.entrypoints.api.problems import problem, unavailable
from mita.entrypoints.api.schema import problem_answers
from mita.entrypoints.health import Health
from mita.identity.domain import Permission
from mita.kit.errors import PermissionMissing
from mita.kit.shapes import Shape
from mita.kit.web import caller, edge, missing, refusals

if TYPE_CHECKING:
    from mita.entrypoints.api.live import LiveHub

HEALTH = "health"
probes = APIRouter()
_EVENT = 'event: units\ndata: {"estate_id": 1, "ids": [7, 8]}\n\n'


class Alive(Shape):
    """The process answers."""

    status: Literal["ok"]


class Readiness(Shape):
    """Whether the process can do its work, and what was found of each thing it needs."""

    status: Literal["ready", "not_ready"]
    checks: dict[str, str] = Field(examples=[{"database": "ok", "migrations": "ok", "jobs": "ok"}])


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


class Exposition(Response):
    """Metrics as Prometheus reads them."""

    media_type = "text/plain"


def _health(request: Request) -> Health:
    return cast("Health", edge(request).parts[HEALTH])


@probes.get("/healthz", operation_id="check_health", summary="Is the process alive?", tags=["process"])
async def check_health() -> Alive:
    """Answer without asking anybody: who gets no answer may start the process again."""
    return Alive(status="ok")


@probes.get(
    "/readyz",
    operation_id="check_readiness",
    summary="Can the process do its work?",
    tags=["process"],
    response_model=Readiness,
    responses=problem_answers(503),
)
async def check_readiness(request: Request) -> Any:
    """Ask the database, and whether it is migrated; the API does without workers, but tells of them."""
    is_ready, found = await _health(request).readiness()
    if not is_ready:
        missing_parts = ", ".join(f"{name}: {state}" for name, state in found.items() if state != "ok")
        return problem("/readyz", status=503, detail=missing_parts)
    return Readiness(status="ready", checks=found)


@probes.get(
    "/metrics",
    operation_id="show_metrics",
    summary="Show metrics in Prometheus' format",
    tags=["process"],
    response_class=Exposition,
    responses={
        200: {"content": {"text/plain": {"example": "mita_workers 1.0\n"}}},
        **problem_answers(401, 503),
        **refusals(PermissionMissing),
    },
)
async def show_metrics(request: Request) -> Response:
    """Show what this process counts, to who reads every estate; on the port of metrics, to anybody."""
    if not caller(request).may(Permission.ESTATES_READ, estate_id=None):
        raise missing(Permission.ESTATES_READ)
    return Response(await _health(request).exposition(), headers={"Content-Type": metrics.CONTENT_TYPE})


@probes.get(
    "/live",
    operation_id="stream_hints",
    summary="Stream live hints",
    tags=["process"],
    response_class=EventStream,
    responses={
        200: {
            "description": "Server-sent events until the caller goes",
            "content": {EventStream.media_type: {"example": _EVENT}},
        },
        **problem_answers(401, 503),
        **refusals(PermissionMissing),
    },
)
async def stream_hints(request: Request) -> Response:
    """Server-sent events: ``units`` with {estate_id, ids} of what changed; holds no database session."""
    if not caller(request).may(Permission.ESTATES_READ, estate_id=None):
        # the hints are of every estate
        raise missing(Permission.ESTATES_READ)
    live = cast("LiveHub | None", edge(request).parts["live"])
    if live is None:
        return unavailable(request.url.path)
    return EventStream(live.events(), headers={"X-Accel-Buffering": "no"})
