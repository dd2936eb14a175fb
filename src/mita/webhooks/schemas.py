"""Request and response shapes of webhooks."""

import json
from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from mita.kit.shapes import Id, Instant, Shape
from mita.webhooks.domain import EXAMPLES, DeliveryState, Topic
from mita.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from mita.webhooks.operations import EndpointTerms

_URL = "https://example.com/hooks/mita"
_Url = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[\x21-\x7e]+$")]
_Description = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
StateWord = Literal["waiting", "delivered", "failed"]


class WebhookEndpointIn(Shape):
    """An address to be told of an estate's events."""

    url: _Url = Field(description="https, port 443 or 8443", examples=[_URL])
    types: list[Topic] = Field(
        min_length=1, max_length=len(Topic), description="What it is told of", examples=[["wallet.topup"]]
    )
    description: _Description = Field(default="", examples=["our books"])
    is_on: bool = Field(default=True, description="While it is off nothing is told or sent")

    def terms(self) -> EndpointTerms:
        """Return what it asks for."""
        return EndpointTerms(self.url, tuple(self.types), self.description, self.is_on)


class WebhookEndpointOut(Shape):
    """An endpoint; its secret is never shown again."""

    endpoint_id: Id
    url: str = Field(examples=[_URL])
    types: list[Topic] = Field(examples=[["wallet.topup"]])
    description: str = Field(examples=["our books"])
    is_on: bool
    off_reason: str | None = Field(description="Why Mita turned it off", examples=[None])
    failing_since: Instant | None = Field(description="The first failure since something last arrived")
    old_secret_until: Instant | None = Field(description="Until when the secret before signs as well")
    created_by: str = Field(examples=["staff:console"])
    created_at: Instant
    updated_at: Instant


class WebhookEndpointWithSecret(WebhookEndpointOut):
    """An endpoint with its secret, shown this once."""

    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="])


class RotationIn(Shape):
    """How the change to another secret goes."""

    overlap_hours: int = Field(
        default=24,
        ge=0,
        le=168,
        description="How long the old secret signs beside the new one",
        examples=[24],
    )

    @property
    def overlap(self) -> timedelta:
        """The overlap."""
        return timedelta(hours=self.overlap_hours)


class ReplayIn(Shape):
    """What to send again."""

    since: Instant = Field(description="What was told from then on")
    states: list[StateWord] = Field(
        default=["failed"], min_length=1, max_length=3, description="And stands so", examples=[["failed"]]
    )


class ReplayOut(Shape):
    """What is sent again."""

    deliveries: int = Field(ge=0, examples=[12])


class WebhookDeliveryOut(Shape):
    """One event on its way to one endpoint."""

    event_id: UUID = Field(description="The `webhook-id` that it is sent with")
    type: str = Field(examples=["wallet.topup"])
    state: StateWord
    tries: int = Field(ge=0, examples=[1])
    next_at: Instant | None = Field(description="When it is tried next; null when it is not")
    last_status: int | None = Field(examples=[204])
    last_error: str | None = Field(examples=[None])
    created_at: Instant
    finished_at: Instant | None


class WebhookAttemptOut(Shape):
    """One try and what came of it."""

    number: int = Field(ge=1, examples=[1])
    sent_at: Instant
    duration_ms: int = Field(ge=0, examples=[84])
    status: int | None = Field(examples=[204])
    error: str | None = Field(examples=[None])
    answer: str | None = Field(description="The first kilobyte of what the receiver said", examples=[""])


class WebhookDeliveryWithAttempts(WebhookDeliveryOut):
    """A delivery with what is sent and every try."""

    payload: dict[str, Any] = Field(
        examples=[
            {"type": "wallet.topup", "timestamp": "2026-03-01T10:00:00Z", "data": EXAMPLES[Topic.TOP_UP]}
        ]
    )
    attempts: list[WebhookAttemptOut]


def _endpoint_fields(row: WebhookEndpoint) -> dict[str, Any]:
    return {
        "endpoint_id": row.endpoint_id,
        "url": row.url,
        "types": [Topic(topic) for topic in row.topics],
        "description": row.description,
        "is_on": row.is_on,
        "off_reason": row.off_reason,
        "failing_since": row.failing_since,
        "old_secret_until": row.old_secret_until,
        "created_by": row.created_by,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def endpoint_out(row: WebhookEndpoint) -> WebhookEndpointOut:
    """Return an endpoint as JSON shows it."""
    return WebhookEndpointOut(**_endpoint_fields(row))


def endpoint_with_secret(row: WebhookEndpoint, *, secret: str) -> WebhookEndpointWithSecret:
    """Return an endpoint with its secret, as JSON shows it once."""
    return WebhookEndpointWithSecret(**_endpoint_fields(row), secret=secret)


def _delivery_fields(row: WebhookDelivery) -> dict[str, Any]:
    return {
        "event_id": row.event_id,
        "type": row.topic,
        "state": DeliveryState(row.state).value,
        "tries": row.tries,
        "next_at": row.next_at,
        "last_status": row.last_status,
        "last_error": row.last_error,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
    }


def delivery_out(row: WebhookDelivery) -> WebhookDeliveryOut:
    """Return a delivery as JSON shows it."""
    return WebhookDeliveryOut(**_delivery_fields(row))


def delivery_with_attempts(
    row: WebhookDelivery, *, attempts: list[WebhookAttempt]
) -> WebhookDeliveryWithAttempts:
    """Return a delivery with its payload and tries as JSON shows them."""
    shown = [
        WebhookAttemptOut(
            number=each.number,
            sent_at=each.sent_at,
            duration_ms=each.duration_ms,
            status=each.status,
            error=each.error,
            answer=each.answer,
        )
        for each in attempts
    ]
    return WebhookDeliveryWithAttempts(**_delivery_fields(row), payload=json.loads(row.body), attempts=shown)
