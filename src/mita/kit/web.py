"""What every route needs of the process that serves it: the transaction, the caller, documented errors."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Protocol, TypeVar, cast

from fastapi import Depends, Header, Path, Request
from pydantic import StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession

from mita.kit import context
from mita.kit.clock import now_utc
from mita.kit.db import Database, begin_act, see_as_person, see_estates
from mita.kit.desk import Desk
from mita.kit.errors import ReadOnly, Refusal
from mita.kit.errors import missing as missing  # noqa: PLC0414 - so it may be imported from here
from mita.kit.money import BIGINT_MAX
from mita.kit.reads import Reads

T = TypeVar("T")
# whoever asks below it has shown nothing yet
PUBLIC_PREFIX = "/api/v1/auth/"


class Caller(Protocol):
    """Who is asking."""

    @property
    def actor(self) -> str:
        """The name as it stands in a journal."""

    @property
    def person_id(self) -> int | None:
        """The person who asks; None is a program or the console."""

    def may(self, permission: str, *, estate_id: int | None) -> bool:
        """Tell whether the caller may do something in a whole estate; None asks for the platform."""

    def may_in_organisation(self, permission: str, *, organisation_id: int) -> bool:
        """Tell whether the caller may do something in an organisation, its estates to come included."""

    def units(self, permission: str, *, estate_id: int) -> frozenset[int]:
        """Return the units of an estate of which the caller may do something, by roles in single units."""

    def estate_ids(self) -> frozenset[int] | None:
        """Return the estates in which the caller has a role; None is every estate."""

    @property
    def device(self) -> str | None:
        """The device that asks, None for everybody else."""

    @property
    def is_read_only(self) -> bool:
        """Whether the caller may only look: support that looks through a person's eyes."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a route asks of its callers.

    With ``or_own``, whoever has something of their own in the estate may ask as well; the route then checks
    the caller's right to each thing, and what it reads is limited to the caller's own by the database.
    Devices ask where it is ``for_devices`` only. With ``estate_in_body`` the route admits the caller itself,
    by the estate that the body names.
    """

    permission: str
    or_own: bool = False
    for_devices: bool = False
    estate_in_body: bool = False


class Admission(Protocol):
    """Lets a caller into an estate."""

    async def __call__(self, session: AsyncSession, caller: Caller, estate_id: int, *, need: Need) -> None:
        """Return, or raise NotFound if the estate is not there for the caller, PermissionMissing if it is."""


class Recorder(Protocol):
    """Writes down for the audit log what a request did, in its own transaction."""

    async def __call__(self, session: AsyncSession, request: Request, *, estate_id: int | None) -> None:
        """Record it, unless an operation has recorded what it changed."""


class Quick(Protocol):
    """A shorter way to what a GET answers."""

    async def __call__(self, reads: Reads, caller: Caller, need: Need, **ids: int) -> bytes | None:
        """Return the body that the route would answer with 200, or None wherever it might not."""


Sight = Callable[[AsyncSession, Caller], Awaitable[list[int]]]
Route = TypeVar("Route", bound=Callable[..., object])


@dataclass(slots=True)
class Edge:
    """What the serving process lends to its routes, under ``app.state.edge``.

    ``admit`` lets callers in by what a route needs. ``estates_of`` tells the estates that exist for a caller.
    ``desk`` carries out what may be tried again. ``record`` writes down what was done.
    """

    database: Database
    admit: Admission
    estates_of: Sight
    desk: Desk
    record: Recorder
    parts: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Lent:
    """The transaction that what stands in front of a route lends to it, with what comes after admission."""

    session: AsyncSession
    begin: Callable[[AsyncSession], Awaitable[None]] | None = None


# where a request's state has it
LENT = "lent"
# where a route's function has its shorter way
QUICK = "quick"


def edge(request: Request) -> Edge:
    """Return what the process lends to its routes."""
    return cast("Edge", request.app.state.edge)


def caller(request: Request) -> Caller:
    """Return who is asking; the guard in front of the routes has put it there."""
    return cast("Caller", request.state.caller)


IdempotencyKey = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$"),
    Header(alias="Idempotency-Key", description="Names this request; repeat it with the same key"),
]
EstateId = Annotated[int, Path(ge=1, le=BIGINT_MAX, description="The estate", examples=[1])]


def needs(
    permission: str, *, or_own: bool = False, for_devices: bool = False, estate_in_body: bool = False
) -> Callable[[Route], Route]:
    """Name the permission that a route needs of its callers; every route has one."""

    def mark(route: Route) -> Route:
        route.need = Need(permission, or_own, for_devices, estate_in_body)  # type: ignore[attr-defined]  # routes are functions
        return route

    return mark


def quick(answer: Quick) -> Callable[[Route], Route]:
    """Name a shorter way to a route's answer, for what is asked all the time.

    It is gone first, where ids alone are asked for; the route itself is asked wherever it leads to nothing.
    """

    def mark(route: Route) -> Route:
        setattr(route, QUICK, answer)
        return route

    return mark


def tag_of(body: bytes) -> str:
    """Return the ETag of an answer; a route whose answer tells the time sets it itself, without the time."""
    return f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


def public(route: Route) -> Route:
    """Let anybody ask, without a token; such routes lie under :data:`PUBLIC_PREFIX` only."""
    route.is_public = True  # type: ignore[attr-defined]  # likewise
    return route


def need_of(request: Request) -> Need:
    """Return what the route of a request needs."""
    return cast("Need", request.scope["endpoint"].need)


def _lent(request: Request) -> Lent | None:
    return cast("Lent | None", getattr(request.state, LENT, None))


async def _begin(request: Request, session: AsyncSession) -> None:
    lent = _lent(request)
    if lent is not None and lent.begin is not None:
        begin, lent.begin = lent.begin, None
        await begin(session)


@asynccontextmanager
async def _opened(request: Request, *, estates: list[int]) -> AsyncIterator[AsyncSession]:
    """Open a route's transaction, or take the one that is lent to it, which ends later."""
    lent = _lent(request)
    if lent is None:
        async with edge(request).database.unit_of_work(estates=estates) as session:
            yield session
        return
    await see_estates(lent.session, estates=estates)
    await begin_act(lent.session)
    yield lent.session
    await lent.session.flush()


async def _unit_of_work(request: Request, estate_id: EstateId) -> AsyncIterator[AsyncSession]:
    need, asking = need_of(request), caller(request)
    async with _opened(request, estates=[estate_id]) as session:
        await edge(request).admit(session, asking, estate_id, need=need)
        if request.method == "GET" and not asking.may(need.permission, estate_id=estate_id):
            assert asking.person_id is not None, "a program has nothing of its own"
            await see_as_person(session, person_id=asking.person_id)
        await _begin(request, session)
        yield session
        if changes_something(request):
            await edge(request).record(session, request, estate_id=estate_id)


def changes_something(request: Request) -> bool:
    """Tell whether a request is recorded: not if it reads, or calculates for whoever may read."""
    return request.method not in ("GET", "HEAD") and not need_of(request).permission.endswith(".read")


@asynccontextmanager
async def platform_work(request: Request) -> AsyncIterator[AsyncSession]:
    """Open the transaction of a route that belongs to no estate; what it did is recorded at its end."""
    async with _opened(request, estates=[]) as session:
        await _begin(request, session)
        yield session
        if changes_something(request):
            await edge(request).record(session, request, estate_id=None)


# scope="function": the commit comes before the answer, so a lost commit is never answered with success
Session = Annotated[AsyncSession, Depends(_unit_of_work, scope="function")]
Asking = Annotated[Caller, Depends(caller)]
Now = Annotated[datetime, Depends(now_utc)]


async def check_platform_permission(request: Request) -> None:
    """Refuse a caller where no estate is named in the path; where one is, admission decides.

    :raises PermissionMissing: if the caller's roles on the platform do not include what the route needs
    :raises ReadOnly: if the caller may only look
    """
    context.name_action(request.scope["route"].operation_id)
    if getattr(request.scope["endpoint"], "is_public", False):
        return
    need = need_of(request)
    if caller(request).device is not None and not need.for_devices:
        raise missing(need.permission)
    if caller(request).is_read_only and request.method not in ("GET", "HEAD"):
        raise ReadOnly("this impersonation was asked for without the right to change anything")
    if "estate_id" in request.path_params or need.or_own:
        return
    if need.estate_in_body and caller(request).estate_ids() != frozenset():
        return
    if not caller(request).may(need.permission, estate_id=None):
        raise missing(need.permission)


async def repeat_on_contention(
    request: Request,
    *,
    estate_id: int,
    work: Callable[[AsyncSession], Awaitable[T]],
    shared: bool = False,
) -> T:
    """Run ``work`` in a transaction that sees one estate; again, when somebody else was faster.

    A small work that is asked for often may be ``shared``: those that arrive together share a transaction
    (:class:`mita.kit.desk.Desk`).

    :raises Exception: one of the edge's ``contention`` errors, if every attempt met one
    """
    serving, cause = edge(request), context.current()

    async def admitted(session: AsyncSession) -> T:
        # the desk may serve several requests in the task of one
        with context.entered(cause):
            await begin_act(session)
            await serving.admit(session, caller(request), estate_id, need=need_of(request))
            await _begin(request, session)
            done = await work(session)
            if changes_something(request):
                await serving.record(session, request, estate_id=estate_id)
            return done

    if _lent(request) is not None:
        async with _opened(request, estates=[estate_id]) as session:
            return await admitted(session)
    return await (serving.desk.run if shared else serving.desk.run_alone)(estate_id, admitted)


async def work_of_batch(request: Request, *, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Run a batch's ``work`` in one transaction; again, when somebody else was faster.

    What it asks of routes runs there too, if :class:`Lent` to them; they record what they did.
    """
    if _lent(request) is None:
        return await edge(request).desk.run_alone(0, work)
    async with _opened(request, estates=[]) as session:
        await _begin(request, session)
        return await work(session)


def bearer_of(authorization: str) -> str | None:
    """Return the token of a header ``Authorization: Bearer …``, without blanks; None if it is none such."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def refusals(*errors: type[Refusal]) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses=`` of a route that may raise ``errors``, with an example for each."""
    documented: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        example = {
            "type": "about:blank",
            "title": error.title,
            "status": error.status,
            "detail": error.title,
            "code": error.code,
            "problems": [],
            "instance": "/api/v1/…",
        }
        entry = documented.setdefault(
            error.status,
            {"description": "", "content": {"application/problem+json": {"examples": {}}}},
        )
        entry["description"] = " or ".join(
            filter(None, [entry["description"], f"`{error.code}`: {error.title}"])
        )
        entry["content"]["application/problem+json"]["examples"][error.code] = {"value": example}
    return documented
