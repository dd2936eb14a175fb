"""The application: routers, guards, errors, the live stream, the app."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.security import HTTPBearer
from fastapi.staticfiles import StaticFiles
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.routing import BaseRoute

from mita.charging.api import LANES
from mita.charging.api import router as charging_router
from mita.charging.api.explanation import EXPLAINERS
from mita.credit.api import router as credit_router
from mita.devices.api import router as devices_router
from mita.entrypoints.api import docs, web_app
from mita.entrypoints.api.auditing import Refusals, record
from mita.entrypoints.api.batch import router as batch_router
from mita.entrypoints.api.by_path import ByPath, Paths, flat
from mita.entrypoints.api.codec_tests import CODEC_TESTS, CodecTests
from mita.entrypoints.api.codec_tests import router as codec_tests_router
from mita.entrypoints.api.conditions import Conditions
from mita.entrypoints.api.device_tokens import router as device_tokens_router
from mita.entrypoints.api.estate_privacy import router as estate_privacy_router
from mita.entrypoints.api.explaining import EXPLAINERS_BY_KIND
from mita.entrypoints.api.front import Front
from mita.entrypoints.api.guards import BodyLimit, Guard
from mita.entrypoints.api.hints import STREAMS, Streams
from mita.entrypoints.api.hints import router as hints_router
from mita.entrypoints.api.homes import router as homes_router
from mita.entrypoints.api.key_limits import KeyLimits
from mita.entrypoints.api.lanes import Lanes
from mita.entrypoints.api.live import LiveHub
from mita.entrypoints.api.operation_index import OperationIndex
from mita.entrypoints.api.own_homes import router as own_homes_router
from mita.entrypoints.api.portfolio import router as portfolio_router
from mita.entrypoints.api.posts import POSTS
from mita.entrypoints.api.posts import router as posts_router
from mita.entrypoints.api.privacy import router as privacy_router
from mita.entrypoints.api.probes import HEALTH, probes
from mita.entrypoints.api.problems import CONTENTION, REFUSALS, answer_with_problems
from mita.entrypoints.api.quick import QuickAnswers
from mita.entrypoints.api.repeats import AnsweredBefore, Repeats, answer_again
from mita.entrypoints.api.sandbox import SANDBOX
from mita.entrypoints.api.sandbox import router as sandbox_router
from mita.entrypoints.api.schema import Application, problem_answers
from mita.entrypoints.api.sessions import Sessions
from mita.entrypoints.api.sign_up import router as sign_up_router
from mita.entrypoints.api.signed import SignedPosts
from mita.entrypoints.api.statistics import router as statistics_router
from mita.entrypoints.api.things_stack import router as tts_router
from mita.entrypoints.api.units import router as units_router
from mita.entrypoints.api.wallet_supplies import router as wallet_supplies_router
from mita.entrypoints.api.web_push import router as web_push_router
from mita.entrypoints.health import Health
from mita.entrypoints.posts import Posts
from mita.entrypoints.web import APP_PATH
from mita.estates import operations as estate_operations
from mita.estates import queries as estate_queries
from mita.estates.api import router as estates_router
from mita.flexibility.api import router as flexibility_router
from mita.identity.api import router as identity_router
from mita.identity.api.asking import SIGNING_IN, SigningIn
from mita.identity.api.roles import KNOWN_PERSON
from mita.identity.domain import Permission
from mita.imports.api import router as imports_router
from mita.kit.context import NO_PROXIES, Proxies
from mita.kit.db import Database, see_estates
from mita.kit.desk import Desk
from mita.kit.errors import NotFound, PermissionMissing, ReadOnly
from mita.kit.web import Caller, Edge, Need, check_platform_permission, missing, refusals
from mita.ledger.api import router as ledger_router
from mita.ledger.api.books import ACCOUNT_NAMES
from mita.ledger.api.checkpoints import CHECKPOINTS, WALLET_SIGHT, PublishedCheckpoints
from mita.ledger.domain import VerifierKey
from mita.metering.api import router as metering_router
from mita.notifications.api import router as notifications_router
from mita.reports.api import router as reports_router
from mita.rounds.api import router as rounds_router
from mita.sharing.api import router as sharing_router
from mita.solar.api import router as solar_router
from mita.tariffs.api import router as tariffs_router
from mita.tenancies.api import router as tenancies_router
from mita.wallets import operations as wallets
from mita.wallets import queries as wallet_queries
from mita.wallets.api import router as wallets_router
from mita.wallets.domain import Right
from mita.webhooks.api import ADDRESS_RULES
from mita.webhooks.api import router as webhooks_router
from mita.webhooks.domain import NO_PRIVATE, AddressRules
from mita.wiring import wire

# what runs beside the application, told how that is
Beside = Callable[[Health], Coroutine[Any, Any, None]]
BODY_BYTES_MAX = 5 * 1024 * 1024
PREFIX = "/api/v1"
_FEATURES = (
    identity_router,
    sign_up_router,
    notifications_router,
    estates_router,
    units_router,
    own_homes_router,
    statistics_router,
    portfolio_router,
    device_tokens_router,
    posts_router,
    privacy_router,
    web_push_router,
    estate_privacy_router,
    metering_router,
    devices_router,
    codec_tests_router,
    tts_router,
    charging_router,
    sharing_router,
    solar_router,
    tariffs_router,
    ledger_router,
    wallets_router,
    sandbox_router,
    credit_router,
    flexibility_router,
    wallet_supplies_router,
    homes_router,
    tenancies_router,
    rounds_router,
    webhooks_router,
    imports_router,
    reports_router,
    batch_router,
    hints_router,
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
    database: Database,
    *,
    live: LiveHub | None,
    checkpoints: PublishedCheckpoints | None = None,
    webhook_rules: AddressRules = NO_PRIVATE,
    proxies: Proxies = NO_PROXIES,
    limits: KeyLimits | None = None,
    signing_in: SigningIn | None = None,
    has_access_log: bool = False,
    beside: Beside | None = None,
    posts: Posts | None = None,
    takes_pretend_money: bool = False,
) -> FastAPI:
    """Return the web application over ``database``; ``live`` is started and closed with it.

    Without ``live`` the page shows what it was when it was loaded. ``checkpoints`` are those that were
    published outside the database. ``webhook_rules`` say where webhooks may go, ``proxies`` whose word about
    addresses is taken, ``limits`` how often API keys may ask, ``signing_in`` how persons sign in. ``beside``
    runs as long as the application does; it is told how to ask whether that is well. ``posts`` takes what
    devices post. ``takes_pretend_money`` lets residents top up in demonstrations.
    """
    wire()
    health = Health(database)
    posts = posts or Posts(database, source="http")
    app = Application(
        title="Mita",
        version=version("mita"),
        description=_DESCRIPTION,
        # what is measured and traced is ours to say, and the variables of it are not read at each request
        telemetry={"tracing": False, "metrics": False, "logs": False},
        lifespan=_lifespan(live, posts, None if beside is None else partial(beside, health)),
    )
    sessions = Sessions(database)
    app.state.edge = Edge(
        database=database,
        admit=_admit,
        estates_of=_estates_of,
        desk=Desk(database, contention=CONTENTION),
        record=record,
        parts={
            LANES: Lanes(database),
            ACCOUNT_NAMES: wallet_queries.account_names,
            EXPLAINERS: EXPLAINERS_BY_KIND,
            CHECKPOINTS: checkpoints or _NoCheckpoints(),
            WALLET_SIGHT: _see_wallet,
            ADDRESS_RULES: webhook_rules,
            KNOWN_PERSON: estate_operations.require_known_person,
            SIGNING_IN: signing_in or SigningIn(),
            "sessions": sessions,
            HEALTH: health,
            CODEC_TESTS: CodecTests(),
            POSTS: posts,
            SANDBOX: takes_pretend_money,
            "live": live,
            STREAMS: Streams(),
            REFUSALS: Refusals().record,
        },
    )
    answer_with_problems(app)
    app.add_exception_handler(AnsweredBefore, answer_again)
    limits = limits or KeyLimits()
    _guard(app, database=database, sessions=sessions, limits=limits)
    quick = QuickAnswers(_routes(), database=database, sessions=sessions, limits=limits)
    app.add_middleware(Front, quick=quick, proxies=proxies, has_access_log=has_access_log)
    app.router.routes.extend(_routes())
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    app.mount(APP_PATH, web_app.WebApp(), name="app")
    app.router.middleware_stack = ByPath(app.router.app, paths=_paths())
    return app


def _guard(app: FastAPI, *, database: Database, sessions: Sessions, limits: KeyLimits) -> None:
    """Let each request come by who may ask, how often and how much; the last one added comes first."""
    index = OperationIndex(app)
    app.add_middleware(Conditions, database=database, index=index)
    app.add_middleware(Repeats, database=database, index=index)
    app.add_middleware(BodyLimit, bytes_max=BODY_BYTES_MAX)
    app.add_middleware(Guard, sessions=sessions, limits=limits)
    app.add_middleware(SignedPosts, database=database)


@cache
def _routes() -> list[BaseRoute]:
    """Return every route, worked out once in a process: they hold nothing of an application."""
    # the guard has checked the token already; this one is for the schema
    bearer = HTTPBearer(auto_error=False, description="The token that `mita up` printed")
    routed = APIRouter()
    for router in _FEATURES:
        # with a prefix FastAPI does not look at each route, which it would build for that
        routed.include_router(
            router,
            prefix=PREFIX,
            dependencies=[Depends(bearer), Depends(check_platform_permission)],
            responses={
                **problem_answers(400, 401, 408, 413, 429, 503),
                **refusals(PermissionMissing, ReadOnly),
            },
        )
    for router in (probes, web_app.router, docs.router):
        routed.include_router(router)
    return list(flat(routed.routes))


@cache
def _paths() -> Paths:
    return Paths(_routes())


def _lifespan(
    live: LiveHub | None, posts: Posts, beside: Callable[[], Coroutine[Any, Any, None]] | None
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if live is not None:
            await live.start()
        running = None if beside is None else asyncio.create_task(beside())
        yield
        if running is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        await posts.close()
        if live is not None:
            await live.close()

    return lifespan


async def _admit(session: AsyncSession, caller: Caller, estate_id: int, *, need: Need) -> None:
    """Let in who has a role with what the route needs, or, where it says so, anything of their own.

    :raises NotFound: if the estate does not exist, or nothing in it is there for the caller
    :raises PermissionMissing: if the caller has something in the estate, but not this
    """
    estate = await estate_queries.estate(session, estate_id=estate_id)
    if estate.archived_at is not None and not caller.may(Permission.PLATFORM_MANAGE, estate_id=None):
        raise NotFound(f"estate {estate_id} does not exist")
    if caller.may(need.permission, estate_id=estate_id):
        return
    if not await _is_known(session, caller, estate_id=estate_id):
        raise NotFound(f"estate {estate_id} does not exist")
    if caller.person_id is None or not need.or_own:
        raise missing(need.permission)


async def _is_known(session: AsyncSession, caller: Caller, *, estate_id: int) -> bool:
    everywhere = caller.estate_ids()
    if everywhere is None or estate_id in everywhere:
        return True
    if caller.person_id is None:
        return False
    # the session sees this one estate
    return bool(await wallet_queries.estates_of_person(session, person_id=caller.person_id))


async def _see_wallet(session: AsyncSession, *, caller: Caller, estate_id: int, wallet_id: int) -> None:
    """Let in who has the right to view a wallet.

    :raises NotFound: if the wallet does not exist for the caller
    """
    await wallets.require_right(
        session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.VIEW
    )


async def _estates_of(session: AsyncSession, caller: Caller) -> list[int]:
    """Return the ids of the estates that exist for a caller."""
    everyone = await estate_queries.platform_estate_ids(session)
    by_role = caller.estate_ids()
    if by_role is None:
        return everyone
    if caller.person_id is None:
        return sorted(by_role & set(everyone))
    await see_estates(session, estates=everyone)
    own = await wallet_queries.estates_of_person(session, person_id=caller.person_id)
    return sorted((by_role & set(everyone)) | set(own))
