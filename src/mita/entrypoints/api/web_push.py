"""Routes of web push: the browsers in which a person is told of their alerts."""

from uuid import UUID

from fastapi import APIRouter, Request, Response, status

from mita.identity.api.asking import own_session
from mita.identity.domain import Permission
from mita.identity.operations import PersonsOnly
from mita.kit.errors import Invalid, NotFound
from mita.kit.web import Now, edge, needs, refusals
from mita.notifications import operations, queries
from mita.notifications.schemas.push import (
    PushOut,
    PushSubscriptionIn,
    PushSubscriptionOut,
    key_text,
    subscription_out,
)
from mita.webhooks.api import ADDRESS_RULES
from mita.webhooks.domain import UrlRefused, parse_url

router = APIRouter(prefix="/me/push", tags=["me"])
# whoever is somebody may ask; the route then answers of nobody else
_OF_ONESELF = needs(Permission.WALLETS_READ, or_own=True)
_ONE = "/subscriptions/{push_subscription_id}"


def _own(request: Request) -> tuple[int, UUID]:
    """Return the person who asks, signed in by themself, and their session."""
    caller = own_session(request)
    assert caller.person_id is not None, "a session is a person's"
    assert caller.session_id is not None, "asked of a session"
    return caller.person_id, caller.session_id


def _check_endpoint(request: Request, endpoint: str) -> None:
    """Refuse to write into the network that Mita itself stands in.

    :raises Invalid: if no push service can be there
    """
    try:
        parse_url(endpoint, rules=edge(request).parts[ADDRESS_RULES])
    except UrlRefused as error:
        message = str(error)
        raise Invalid(
            f"endpoint {message}", problems=[{"path": "body.endpoint", "message": message}]
        ) from error


@router.get(
    "",
    operation_id="get_push",
    summary="Get the key for web push, and where one is told already",
    responses=refusals(PersonsOnly, Invalid),
)
@_OF_ONESELF
async def get_push(request: Request, now: Now) -> PushOut:
    """Answer the key of the installation, and the caller's browsers, the oldest first, whole."""
    person_id, session_id = _own(request)
    async with edge(request).database.unit_of_work(estates=[]) as session:
        key = await operations.push_key(session, now=now)
        rows = await queries.subscriptions(session, person_id=person_id)
    return PushOut(
        public_key=key_text(key), items=[subscription_out(row, session_id=session_id) for row in rows]
    )


@router.post(
    "/subscriptions",
    operation_id="subscribe_to_push",
    summary="Be told of alerts in this browser",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(PersonsOnly, Invalid),
)
@_OF_ONESELF
async def subscribe_to_push(request: Request, body: PushSubscriptionIn, now: Now) -> PushSubscriptionOut:
    """Whatever alerts the caller hears of come here too, until they stop it or the session is over.

    Again takes the place of what this session had before. A browser that somebody else asked with is theirs
    no more.
    """
    person_id, session_id = _own(request)
    _check_endpoint(request, body.endpoint)
    async with edge(request).database.unit_of_work(estates=[]) as session:
        row = await operations.subscribe(
            session,
            person_id=person_id,
            person_session_id=session_id,
            endpoint=body.endpoint,
            p256dh=body.keys.p256dh,
            auth=body.keys.auth,
            language=body.language,
            now=now,
        )
    return subscription_out(row, session_id=session_id)


@router.delete(
    _ONE,
    operation_id="unsubscribe_from_push",
    summary="Be told there no more",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals(PersonsOnly, NotFound, Invalid),
)
@_OF_ONESELF
async def unsubscribe_from_push(request: Request, push_subscription_id: UUID) -> Response:
    """Also for a browser that is not at hand."""
    person_id, _ = _own(request)
    async with edge(request).database.unit_of_work(estates=[]) as session:
        await operations.unsubscribe(session, push_subscription_id=push_subscription_id, person_id=person_id)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post(
    _ONE + "/test",
    operation_id="test_push",
    summary="Try whether alerts arrive in a browser",
    status_code=status.HTTP_202_ACCEPTED,
    responses=refusals(PersonsOnly, NotFound, Invalid),
)
@_OF_ONESELF
async def test_push(request: Request, push_subscription_id: UUID, now: Now) -> PushSubscriptionOut:
    """A notification that says that it works is on its way."""
    person_id, session_id = _own(request)
    async with edge(request).database.unit_of_work(estates=[]) as session:
        await operations.push_test(
            session, push_subscription_id=push_subscription_id, person_id=person_id, now=now
        )
        row = await queries.subscription(
            session, push_subscription_id=push_subscription_id, person_id=person_id
        )
    return subscription_out(row, session_id=session_id)
