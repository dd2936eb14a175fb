"""The body of a webhook: ``{"type", "timestamp", "data"}``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mita.kit.shapes import show_instant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


def body_of(topic: str, *, data: Mapping[str, Any], now: datetime) -> str:
    """Return the text that is sent and signed; ``now`` is when the event happened."""
    body = {"type": topic, "timestamp": show_instant(now), "data": data}
    return json.dumps(body, ensure_ascii=True, separators=(",", ":"))
