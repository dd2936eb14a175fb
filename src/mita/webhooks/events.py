"""What webhooks tell the other features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class EndpointSwitched:
    """An endpoint was turned on, or off: by a person with no ``reason``, or because nothing arrives there."""

    name: ClassVar[str] = "webhooks.endpoint.switched"
    estate_id: int
    endpoint_id: int
    url: str
    is_on: bool
    reason: str | None
