"""What a device is answered to a post, and why it may not be taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mita.kit.errors import Refusal

RETRY_S = 5


class BadPost(Refusal):
    """The body is no item of our own convention and no array of them."""

    code = "bad_post"
    status = 400
    title = "The post cannot be read"


class NotTaken(Refusal):
    """Too much waits, or the database does not answer: post it again, nothing is charged twice."""

    code = "not_taken"
    status = 503
    title = "The post could not be taken"

    @property
    def headers(self) -> dict[str, str]:
        """When to post again."""
        return {"Retry-After": str(RETRY_S)}


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an item was not taken whole; ``item`` counts from 0."""

    item: int
    code: str
    detail: str


@dataclass(slots=True)
class Answer:
    """How many items were taken whole, what was refused of the others, and the commands that wait.

    Commands are as :meth:`mita.drivers.own.Own.encode` writes them.
    """

    accepted: int = 0
    rejected: int = 0
    refusals: list[Refused] = field(default_factory=list)
    commands: list[dict[str, Any]] = field(default_factory=list)
