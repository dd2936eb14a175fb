"""Routes of webhooks."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, status

from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import AfterId, Id, Limit, Page, page_of
from mita.kit.web import Asking, EstateId, Now, Session, edge, needs, refusals
from mita.webhooks import operations, queries
from mita.webhooks.domain import AddressRules, DeliveryState, Topic
from mita.webhooks.operations import EndpointOff, TooManyEndpoints
from mita.webhooks.schemas import (
    ReplayIn,
    ReplayOut,
    RotationIn,
    StateWord,
    WebhookDeliveryOut,
    WebhookDeliveryWithAttempts,
    WebhookEndpointIn,
    WebhookEndpointOut,
    WebhookEndpointWithSecret,
    delivery_out,
    delivery_with_attempts,
    endpoint_out,
    endpoint_with_secret,
)

router = APIRouter(tags=["webhooks"])

# the part of the edge that says which private networks webhooks may reach
ADDRESS_RULES = "webhooks.address_rules"
_BASE = "/estates/{estate_id}/webhooks"
_ONE = f"{_BASE}/{{endpoint_id}}"


def _rules(request: Request) -> AddressRules:
    rules = edge(request).parts[ADDRESS_RULES]
    assert isinstance(rules, AddressRules)
    return rules


@router.get(
    _BASE,
    operation_id="list_webhook_endpoints",
    summary="List an estate's webhook endpoints",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WEBHOOKS_MANAGE)
async def list_webhook_endpoints(
    session: Session,
    estate_id: EstateId,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[WebhookEndpointOut]:
    """Endpoints by id; continue with ``after_id`` = ``next``."""
    rows = await queries.endpoints(session, estate_id=estate_id, after_id=after_id, limit=limit + 1)
    return page_of(rows, limit=limit, shown=endpoint_out, cursor=lambda item: item.endpoint_id)


@router.post(
    _BASE,
    operation_id="create_webhook_endpoint",
    summary="Add a webhook endpoint",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, TooManyEndpoints, Invalid),
)
@needs(Permission.WEBHOOKS_MANAGE)
async def create_webhook_endpoint(
    request: Request,
    session: Session,
    caller: Asking,
    estate_id: EstateId,
    body: WebhookEndpointIn,
    now: Now,
) -> WebhookEndpointWithSecret:
    """Answer the secret once: with it the receiver checks that a webhook is Mita's."""
    row, secret = await operations.create_endpoint(
        session,
        estate_id=estate_id,
        terms=body.terms(),
        rules=_rules(request),
        actor=caller.actor,
        now=now,
    )
    return endpoint_with_secret(row, secret=secret)


@router.get(
    _ONE,
    operation_id="get_webhook_endpoint",
    summary="Get one webhook endpoint",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WEBHOOKS_MANAGE)
async def get_webhook_endpoint(session: Session, estate_id: EstateId, endpoint_id: Id) -> WebhookEndpointOut:
    """One endpoint, without its secret."""
    return endpoint_out(await queries.endpoint(session, estate_id=estate_id, endpoint_id=endpoint_id))


@router.put(
    _ONE,
    operation_id="update_webhook_endpoint",
    summary="Change a webhook endpoint, turn it on or off",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WEBHOOKS_MANAGE)
async def update_webhook_endpoint(
    request: Request,
    session: Session,
    estate_id: EstateId,
    endpoint_id: Id,
    body: WebhookEndpointIn,
    now: Now,
) -> WebhookEndpointOut:
    """Put all of it; the secret stays. What waits goes to the new URL."""
    row = await operations.update_endpoint(
        session,
        estate_id=estate_id,
        endpoint_id=endpoint_id,
        terms=body.terms(),
        rules=_rules(request),
        now=now,
    )
    return endpoint_out(row)


@router.delete(
    _ONE,
    operation_id="remove_webhook_endpoint",
    summary="Remove a webhook endpoint",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WEBHOOKS_MANAGE)
async def remove_webhook_endpoint(
    session: Session, estate_id: EstateId, endpoint_id: Id, now: Now
) -> WebhookEndpointOut:
    """Answer what it was; its deliveries go with it, sent or not."""
    row = await operations.remove_endpoint(session, estate_id=estate_id, endpoint_id=endpoint_id, now=now)
    return endpoint_out(row)


@router.post(
    f"{_ONE}/rotate-secret",
    operation_id="rotate_webhook_secret",
    summary="Give a webhook endpoint another secret",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WEBHOOKS_MANAGE)
async def rotate_webhook_secret(
    session: Session, estate_id: EstateId, endpoint_id: Id, body: RotationIn, now: Now
) -> WebhookEndpointWithSecret:
    """Answer the new secret once; for a while each webhook carries the signatures of both."""
    row, secret = await operations.rotate_secret(
        session, estate_id=estate_id, endpoint_id=endpoint_id, overlap=body.overlap, now=now
    )
    return endpoint_with_secret(row, secret=secret)


@router.post(
    f"{_ONE}/test",
    operation_id="ping_webhook_endpoint",
    summary="Send a test to a webhook endpoint",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WEBHOOKS_MANAGE)
async def ping_webhook_endpoint(
    session: Session, estate_id: EstateId, endpoint_id: Id, now: Now
) -> WebhookDeliveryOut:
    """Put a `ping` on its way, also to an endpoint that is off; the delivery tells what came of it."""
    row = await operations.ping(session, estate_id=estate_id, endpoint_id=endpoint_id, now=now)
    return delivery_out(row)


@router.get(
    f"{_ONE}/deliveries",
    operation_id="list_webhook_deliveries",
    summary="List the deliveries of a webhook endpoint",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WEBHOOKS_MANAGE)
async def list_webhook_deliveries(
    session: Session,
    estate_id: EstateId,
    endpoint_id: Id,
    type_: Annotated[Topic | None, Query(alias="type", description="Only of one type")] = None,
    state: Annotated[StateWord | None, Query(description="Only those that got this far")] = None,
    before: Annotated[UUID | None, Query(description="The `next` of an earlier answer")] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[WebhookDeliveryOut]:
    """Newest event first; what came to an end is kept for 30 days."""
    await queries.endpoint(session, estate_id=estate_id, endpoint_id=endpoint_id)
    rows = await queries.deliveries(
        session,
        estate_id=estate_id,
        endpoint_id=endpoint_id,
        topic=type_,
        state=state,
        before=before,
        limit=limit + 1,
    )
    return page_of(rows, limit=limit, shown=delivery_out, cursor=lambda item: str(item.event_id))


@router.get(
    f"{_ONE}/deliveries/{{event_id}}",
    operation_id="get_webhook_delivery",
    summary="Get one delivery with its payload and every try",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WEBHOOKS_MANAGE)
async def get_webhook_delivery(
    session: Session, estate_id: EstateId, endpoint_id: Id, event_id: UUID
) -> WebhookDeliveryWithAttempts:
    """One delivery."""
    row = await queries.delivery(session, estate_id=estate_id, endpoint_id=endpoint_id, event_id=event_id)
    attempts = await queries.attempts(
        session, estate_id=estate_id, endpoint_id=endpoint_id, event_id=event_id
    )
    return delivery_with_attempts(row, attempts=list(attempts))


@router.post(
    f"{_ONE}/deliveries/{{event_id}}/replay",
    operation_id="replay_webhook_delivery",
    summary="Send a delivery again",
    responses=refusals(NotFound, EndpointOff, Invalid),
)
@needs(Permission.WEBHOOKS_MANAGE)
async def replay_webhook_delivery(
    session: Session, estate_id: EstateId, endpoint_id: Id, event_id: UUID, now: Now
) -> WebhookDeliveryOut:
    """Send the same id and the same body; a receiver that has had it can tell."""
    row = await operations.replay_delivery(
        session, estate_id=estate_id, endpoint_id=endpoint_id, event_id=event_id, now=now
    )
    return delivery_out(row)


@router.post(
    f"{_ONE}/replay",
    operation_id="replay_webhook_deliveries",
    summary="Send deliveries again since a time",
    responses=refusals(NotFound, EndpointOff, Invalid),
)
@needs(Permission.WEBHOOKS_MANAGE)
async def replay_webhook_deliveries(
    session: Session, estate_id: EstateId, endpoint_id: Id, body: ReplayIn, now: Now
) -> ReplayOut:
    """Send what failed, or what `states` names, again."""
    count = await operations.replay_deliveries(
        session,
        estate_id=estate_id,
        endpoint_id=endpoint_id,
        since=body.since,
        states=[DeliveryState(word) for word in body.states],
        now=now,
    )
    return ReplayOut(deliveries=count)
