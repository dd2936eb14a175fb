"""The application: routers, guards, errors, the live stream, the page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPBearer
from fastapi.staticfiles import StaticFiles
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from mita.charging.api import LANES
from mita.charging.api import router as charging_router
from mita.credit.api import router as credit_router
from mita.entrypoints.account_names import account_names
from mita.entrypoints.api import docs, page
from mita.entrypoints.api.guards import BodyLimit, Guard, SecurityHeaders
from mita.entrypoints.api.lanes import Lanes
from mita.entrypoints.api.live import LiveHub
from mita.entrypoints.api.problems import CONTENTION, answer_with_problems, unavailable
from mita.entrypoints.api.schema import Application, problem_answers
from mita.entrypoints.api.sessions import Sessions
from mita.entrypoints.api.units import router as units_router
from mita.estates import queries as estate_queries
from mita.estates.api import router as estates_router
from mita.identity.api import router as identity_router
from mita.kit.db import Database, see_estates
from mita.kit.desk import Desk
from mita.kit.errors import NotFound, StaffOnly
from mita.kit.web import Caller, Edge, caller, keep_persons_out, refusals
from mita.ledger.api import router as ledger_router
from mita.ledger.api.books import ACCOUNT_NAMES
from mita.ledger.api.checkpoints import CHECKPOINTS, WALLET_SIGHT, PublishedCheckpoints
from mita.ledger.domain import VerifierKey
from mita.metering.api import router as metering_router
from mita.notifications.api import router as notifications_router
from mita.sharing.api import router as sharing_router
from mita.tariffs.api import router as tariffs_router
from mita.wallets import operations as wallets
from mita.wallets import queries as wallet_queries
from mita.wallets.api import router as wallets_router
from mita.wallets.domain import Right
from mita.wiring import wire

BODY_BYTES_MAX = 5 * 1024 * 1024
PREFIX = "/api/v1"
_FEATURES = (
    identity_router,
    notifications_router,
    estates_router,
    units_router,
    metering_router,
    charging_router,
    sharing_router,
    tariffs_router,
    ledger_router,
    wallets_router,
    credit_router,
)
_DESCRIPTION = """\
Meter readings into money that nobody has to argue about.

Money is `{"amount": "12.345600", "currency": "ZAR"}`, a quantity
`{"amount": "1.500000", "unit": "kWh"}`; amounts are decimal texts, never JSON numbers. Times are ISO 8601 in
UTC. Errors are `application/problem+json` with a stable `code`.
"""


class _NoCheckpoints:
    """What a process knows that cannot read where checkpoints are published."""

    def keys(self) -> list[VerifierKey]:
        return []

    def newest(self, *, estate_id: int) -> None:  # noqa: ARG002 - of whatever estate
        return None


def create_app(
    database: Database, *, live: LiveHub | None, checkpoints: PublishedCheckpoints | None = None
) -> FastAPI:
    """Return the web application over ``database``; ``live`` is started and closed with it.

    Without ``live`` the page shows what it was when it was loaded. ``checkpoints`` are those
    that were published outside the database.
    """
    wire()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if live is not None:
            await live.start()
        yield
        if live is not None:
            await live.close()

    app = Application(
        title="Mita",
        version=version("mita"),
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    sessions = Sessions(database)
    app.state.edge = Edge(
        database=database,
        admit=_admit,
        admit_member=_admit_member,
        estates_of=_estates_of,
        desk=Desk(database, contention=CONTENTION),
        parts={
            LANES: Lanes(database),
            ACCOUNT_NAMES: account_names,
            CHECKPOINTS: checkpoints or _NoCheckpoints(),
            WALLET_SIGHT: _see_wallet,
            "sessions": sessions,
            "live": live,
        },
    )
    answer_with_problems(app)
    # the last one added comes first
    app.add_middleware(BodyLimit, bytes_max=BODY_BYTES_MAX)
    app.add_middleware(Guard, sessions=sessions)
    app.add_middleware(SecurityHeaders)
    app.include_router(_api())
    app.include_router(_probes)
    app.include_router(page.router)
    app.include_router(docs.router)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    return app


async def _admit(session: AsyncSession, caller: Caller, estate_id: int) -> None:
    """Let staff into every estate that exists.

    :raises NotFound: if there is no such estate, or nothing in it is the person's
    :raises StaffOnly: if the caller is a person
    """
    await _admit_member(session, caller, estate_id)
    if caller.person_id is not None:
        raise StaffOnly("this is for staff")


async def _admit_member(session: AsyncSession, caller: Caller, estate_id: int) -> None:
    """Let staff into every estate that exists, and persons where they have a grant or a group.

    :raises NotFound: if the estate does not exist for the caller
    """
    await estate_queries.estate(session, estate_id=estate_id)
    if caller.person_id is not None and not await wallet_queries.estates_of_person(
        session, person_id=caller.person_id
    ):
        raise NotFound(f"estate {estate_id} does not exist")


async def _see_wallet(session: AsyncSession, *, caller: Caller, estate_id: int, wallet_id: int) -> None:
    """Let staff see every wallet, and persons those that they may view.

    :raises NotFound: if the wallet does not exist for the caller
    """
    await wallets.require_right(
        session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.VIEW
    )


async def _estates_of(session: AsyncSession, caller: Caller) -> list[int]:
    """Return the ids of the estates that exist for a caller."""
    everyone = await estate_queries.platform_estate_ids(session)
    if caller.person_id is None:
        return everyone
    await see_estates(session, estates=everyone)
    return await wallet_queries.estates_of_person(session, person_id=caller.person_id)


def _api() -> APIRouter:
    # the guard has checked the token already; this one is for the schema
    bearer = HTTPBearer(auto_error=False, description="The token that `mita up` printed")
    api = APIRouter(
        prefix=PREFIX,
        dependencies=[Depends(bearer), Depends(keep_persons_out)],
        responses={**problem_answers(400, 401, 413, 503), **refusals(StaffOnly)},
    )
    for router in _FEATURES:
        api.include_router(router)
    return api


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


_probes = APIRouter()
_EVENT = 'event: units\ndata: {"estate_id": 1, "ids": [7, 8]}\n\n'


@_probes.get(
    "/healthz",
    operation_id="check_health",
    summary="Is Mita well?",
    tags=["process"],
    responses=problem_answers(503),
)
async def check_health(request: Request) -> dict[str, str]:
    """Ask the database for a sign of life; 503 if there is none."""
    edge: Edge = request.app.state.edge
    async with edge.database.unit_of_work(estates=[]) as session:
        await session.execute(text("SELECT 1"))
    return {"status": "ok"}


@_probes.get(
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
        **refusals(StaffOnly),
    },
)
async def stream_hints(request: Request) -> Response:
    """Server-sent events: ``units`` with {estate_id, ids} of what changed; holds no database session."""
    if caller(request).person_id is not None:
        # the hints are of every estate
        raise StaffOnly("this is for staff")
    live: LiveHub | None = request.app.state.edge.parts["live"]
    if live is None:
        return unavailable(request.url.path)
    return EventStream(live.events(), headers={"X-Accel-Buffering": "no"})
