"""Request and response shapes of web push."""

import base64
from typing import Annotated
from uuid import UUID

from pydantic import Field

from mita.kit.shapes import Instant, Shape
from mita.notifications.models import PushKey, PushSubscription

ENDPOINT_CHARS_MAX = 2000
Key = Annotated[str, Field(min_length=1, max_length=200)]


class PushKeysIn(Shape):
    """The keys that only this browser can read with, as it gives them."""

    p256dh: Key = Field(
        examples=["BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"]
    )
    auth: Key = Field(examples=["BTBZMqHH6r4Tts7J_aSIgg"])


class PushSubscriptionIn(Shape):
    """What ``PushManager.subscribe`` has given."""

    endpoint: str = Field(
        min_length=1, max_length=ENDPOINT_CHARS_MAX, examples=["https://push.example/wpush/v2/gAAAAB"]
    )
    keys: PushKeysIn
    language: str = Field(
        default="en",
        pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        max_length=35,
        description="In which alerts are written there, as far as Mita writes it",
        examples=["fr"],
    )


class PushSubscriptionOut(Shape):
    """A browser in which the caller is told of alerts."""

    push_subscription_id: UUID
    host: str = Field(description="Whose push service brings them", examples=["push.example"])
    language: str = Field(examples=["fr"])
    is_this_session: bool
    created_at: Instant
    last_sent_at: Instant | None


class PushOut(Shape):
    """How to subscribe, and where the caller is told already."""

    public_key: str = Field(
        description="The ``applicationServerKey`` for ``PushManager.subscribe``, in base64url",
        examples=["BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"],
    )
    items: list[PushSubscriptionOut]


def key_text(row: PushKey) -> str:
    """Return a public key as browsers take it."""
    return base64.urlsafe_b64encode(bytes(row.public_key)).rstrip(b"=").decode()


def subscription_out(row: PushSubscription, *, session_id: UUID | None) -> PushSubscriptionOut:
    """Return a subscription as JSON shows it; where it leads is told to nobody."""
    return PushSubscriptionOut(
        push_subscription_id=row.push_subscription_id,
        host=row.host,
        language=row.language,
        is_this_session=row.person_session_id == session_id,
        created_at=row.created_at,
        last_sent_at=row.last_sent_at,
    )
