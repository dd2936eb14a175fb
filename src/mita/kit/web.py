"""What every route needs of the process that serves it: the transaction, the caller, documented errors."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Protocol, TypeVar, cast

from fastapi import Depends, Header, Path, Request
from pydantic import StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession

from mita.kit.clock import now_utc
from mita.kit.db import Database
from mita.kit.desk import Desk
from mita.kit.errors import Refusal, StaffOnly
from mita.kit.money import BIGINT_MAX
from mita.kit.shapes import Problem

T = TypeVar("T")


class Caller(Protocol):
    """Who is asking."""

    @property
    def actor(self) -> str:
        """The name as it stands in a journal."""

    @property
    def person_id(self) -> int | None:
        """Whose token it is; None is staff."""


Admission = Callable[[AsyncSession, Caller, int], Awaitable[None]]
Sight = Callable[[AsyncSession, Caller], Awaitable[list[int]]]
Route = TypeVar("Route", bound=Callable[..., object])


@dataclass(slots=True)
class Edge:
    """What the serving process lends to its routes, under ``app.state.edge``.

    ``admit`` raises NotFound unless the estate that the session sees exists for the caller, and StaffOnly
    unless the caller is staff; ``admit_member`` lets in persons with something in the estate as well.
    ``estates_of`` tells the estates that exist for a caller. ``desk`` carries out what may be tried again.
    """

    database: Database
    admit: Admission
    admit_member: Admission
    estates_of: Sight
    desk: Desk
    parts: dict[str, Any] = field(default_factory=dict)


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


async def _unit_of_work(request: Request, estate_id: EstateId) -> AsyncIterator[AsyncSession]:
    async with edge(request).database.unit_of_work(estates=[estate_id]) as session:
        await edge(request).admit(session, caller(request), estate_id)
        yield session


async def _unit_of_work_of_member(request: Request, estate_id: EstateId) -> AsyncIterator[AsyncSession]:
    async with edge(request).database.unit_of_work(estates=[estate_id]) as session:
        await edge(request).admit_member(session, caller(request), estate_id)
        yield session


# scope="function": the commit comes before the answer, so a lost commit is never answered with success
Session = Annotated[AsyncSession, Depends(_unit_of_work, scope="function")]
# persons too: the route then asks for the caller's right
MemberSession = Annotated[AsyncSession, Depends(_unit_of_work_of_member, scope="function")]
Asking = Annotated[Caller, Depends(caller)]
Now = Annotated[datetime, Depends(now_utc)]


def for_persons(route: Route) -> Route:
    """Mark a route that belongs to no estate as open to persons; all others there are staff's."""
    route.is_for_persons = True  # type: ignore[attr-defined]
    return route


async def keep_persons_out(request: Request) -> None:
    """Refuse persons where no estate is named, unless the route is marked; elsewhere admission decides.

    :raises StaffOnly: if the route is staff's
    """
    is_open = getattr(request.scope["endpoint"], "is_for_persons", False)
    if "estate_id" not in request.path_params and not is_open and caller(request).person_id is not None:
        raise StaffOnly("this is for staff")


async def repeat_on_contention(
    request: Request,
    *,
    estate_id: int,
    work: Callable[[AsyncSession], Awaitable[T]],
    members: bool = False,
    shared: bool = False,
) -> T:
    """Run ``work`` in a transaction that sees one estate; again, when somebody else was faster.

    ``members`` lets persons in as :data:`MemberSession` does. A small work that is asked for often may be
    ``shared``: those that arrive together share a transaction (:class:`mita.kit.desk.Desk`).

    :raises Exception: one of the edge's ``contention`` errors, if every attempt met one
    """
    lent = edge(request)

    async def admitted(session: AsyncSession) -> T:
        admit = lent.admit_member if members else lent.admit
        await admit(session, caller(request), estate_id)
        return await work(session)

    return await (lent.desk.run if shared else lent.desk.run_alone)(estate_id, admitted)


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
            {"model": Problem, "description": "", "content": {"application/problem+json": {"examples": {}}}},
        )
        entry["description"] = " or ".join(
            filter(None, [entry["description"], f"`{error.code}`: {error.title}"])
        )
        entry["content"]["application/problem+json"]["examples"][error.code] = {"value": example}
    return documented
