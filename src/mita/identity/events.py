"""What identity tells the other features."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class MessageAsked:
    """Somebody is to be written to; an ``address`` of None is nobody, for whom as much is done."""

    name: ClassVar[str] = "identity.message.asked"
    channel: str
    address: str | None = field(repr=False)
    template: str
    language: str
    values: Mapping[str, str] = field(repr=False)
    person_id: int | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PersonImpersonated:
    """Support began to look through a person's eyes; the person is told."""

    name: ClassVar[str] = "identity.person.impersonated"

    person_id: int
    impersonation_id: UUID
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class PersonErased:
    """A person was forgotten; what else names them, or lets them in, goes with it."""

    name: ClassVar[str] = "identity.person.erased"

    person_id: int
    actor: str
