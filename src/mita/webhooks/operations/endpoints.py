"""Endpoints are made, changed, turned on and off; their secrets are rotated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, text

from mita.kit.errors import Conflict, Invalid
from mita.kit.events import publish
from mita.kit.seal import seals_of
from mita.webhooks import queries
from mita.webhooks.domain import UrlRefused, new_secret, parse_url
from mita.webhooks.events import EndpointSwitched
from mita.webhooks.models import OLD_SECRET, SECRET, WebhookEndpoint

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.webhooks.domain import AddressRules, Topic

ENDPOINTS_MAX = 20


class TooManyEndpoints(Conflict):
    """The estate has as many endpoints as an estate may have."""

    code = "too_many_webhook_endpoints"
    title = "The estate has as many webhook endpoints as it may have"


@dataclass(frozen=True, slots=True)
class EndpointTerms:
    """What somebody asks of an endpoint."""

    url: str
    topics: tuple[Topic, ...]
    description: str = ""
    is_on: bool = True

    @property
    def values(self) -> dict[str, object]:
        """The columns that they set."""
        return {
            "url": self.url,
            "topics": sorted({topic.value for topic in self.topics}),
            "description": self.description,
            "is_on": self.is_on,
        }


def _check_url(url: str, rules: AddressRules) -> None:
    try:
        parse_url(url, rules=rules)
    except UrlRefused as error:
        message = str(error)
        raise Invalid(f"url {message}", problems=[{"path": "body.url", "message": message}]) from error


async def create_endpoint(
    session: AsyncSession,
    *,
    estate_id: int,
    terms: EndpointTerms,
    rules: AddressRules,
    actor: str,
    now: datetime,
) -> tuple[WebhookEndpoint, str]:
    """Make an endpoint; return it and its secret, which nobody can read again.

    :raises Invalid: if nothing may be sent to the URL
    :raises TooManyEndpoints: if the estate has :data:`ENDPOINTS_MAX`
    """
    _check_url(terms.url, rules)
    # two that are made at once must not both be the last one
    lock = text("SELECT pg_advisory_xact_lock(hashtextextended('webhook_endpoint', :estate_id))")
    await session.execute(lock, {"estate_id": estate_id})
    if await queries.endpoint_count(session, estate_id=estate_id) >= ENDPOINTS_MAX:
        raise TooManyEndpoints(f"estate {estate_id} has {ENDPOINTS_MAX} webhook endpoints: remove one")
    secret = new_secret()
    row = WebhookEndpoint(
        estate_id=estate_id,
        **terms.values,
        secret_sealed=seals_of(session).seal(secret.encode(), about=SECRET.about),
        created_by=actor,
        created_at=now,
        updated_at=now,
    )
    session.add(row)
    await session.flush()
    return row, secret


async def update_endpoint(
    session: AsyncSession,
    *,
    estate_id: int,
    endpoint_id: int,
    terms: EndpointTerms,
    rules: AddressRules,
    now: datetime,
) -> WebhookEndpoint:
    """Change an endpoint. What waits goes to the new URL; while it is off nothing is told or sent.

    :raises mita.kit.errors.NotFound: if there is no such endpoint
    :raises Invalid: if nothing may be sent to the URL
    """
    _check_url(terms.url, rules)
    row = await queries.endpoint(session, estate_id=estate_id, endpoint_id=endpoint_id, lock=True)
    was_on = row.is_on
    for name, value in terms.values.items():
        setattr(row, name, value)
    row.updated_at = now
    if terms.is_on:
        row.off_reason = None
    if terms.is_on and not was_on:
        # it starts anew: days of failure before do not count
        row.failing_since = None
    await session.flush()
    if terms.is_on != was_on:
        event = EndpointSwitched(estate_id, endpoint_id, row.url, terms.is_on, None)
        await publish(session, event, now=now)
    return row


async def remove_endpoint(
    session: AsyncSession, *, estate_id: int, endpoint_id: int, now: datetime
) -> WebhookEndpoint:
    """Remove an endpoint with its deliveries, sent or not; return what it was.

    :raises mita.kit.errors.NotFound: if there is no such endpoint
    """
    row = await queries.endpoint(session, estate_id=estate_id, endpoint_id=endpoint_id, lock=True)
    statement = delete(WebhookEndpoint).where(
        WebhookEndpoint.estate_id == estate_id, WebhookEndpoint.endpoint_id == endpoint_id
    )
    await session.execute(statement.execution_options(synchronize_session=False))
    # an alert that tells of it is over
    event = EndpointSwitched(estate_id, endpoint_id, row.url, is_on=True, reason=None)
    await publish(session, event, now=now)
    return row


async def rotate_secret(
    session: AsyncSession,
    *,
    estate_id: int,
    endpoint_id: int,
    overlap: timedelta,
    now: datetime,
) -> tuple[WebhookEndpoint, str]:
    """Give an endpoint another secret; return it once. During ``overlap`` both sign, newest first.

    An older one, from a rotation before, ends at once.

    :raises mita.kit.errors.NotFound: if there is no such endpoint
    """
    row = await queries.endpoint(session, estate_id=estate_id, endpoint_id=endpoint_id, lock=True)
    secret, seals = new_secret(), seals_of(session)
    if overlap:
        old = seals.open(row.secret_sealed, about=SECRET.about)
        row.old_secret_sealed, row.old_secret_until = seals.seal(old, about=OLD_SECRET.about), now + overlap
    else:
        row.old_secret_sealed, row.old_secret_until = None, None
    row.secret_sealed = seals.seal(secret.encode(), about=SECRET.about)
    row.updated_at = now
    await session.flush()
    return row, secret
