"""Response shapes of messages."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from mita.kit.shapes import Id, Instant, Shape
from mita.notifications.models import Message

MessageState = Literal["queued", "sent", "failed", "nobody"]


class MessageOut(Shape):
    """A message to a person; what it says is never shown."""

    message_id: UUID
    person_id: Id | None
    channel: Literal["email", "sms", "push"]
    template: str = Field(examples=["sign_in_code"])
    language: str = Field(examples=["en"])
    address_hint: str = Field(examples=["t…@example.com"])
    state: MessageState = Field(description="`nobody`: asked for by somebody who has no account")
    tries: int = Field(examples=[1])
    problem: str | None = Field(description="Why it is not delivered yet", examples=["no mail server is set"])
    created_at: Instant
    next_at: Instant
    ended_at: Instant | None


def message_out(row: Message) -> MessageOut:
    """Return a message as JSON shows it."""
    return MessageOut.model_validate({name: getattr(row, name) for name in MessageOut.model_fields})
