"""Events that one feature tells and others react to, inside the same database transaction.

A feature publishes; :mod:`mita.wiring` holds the only table of who listens.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


class Event(Protocol):
    """Anything with a stable ``name`` such as ``wallets.balance.crossed``."""

    name: ClassVar[str]


E = TypeVar("E", bound=Event)

_handlers: dict[type, list[Callable[..., Awaitable[None]]]] = defaultdict(list)


def subscribe(event_type: type[E], handler: Callable[[AsyncSession, E, datetime], Awaitable[None]]) -> None:
    """Let ``handler`` run for every ``event_type``; doing so twice has no effect."""
    if handler not in _handlers[event_type]:
        _handlers[event_type].append(handler)


async def publish(session: AsyncSession, event: Event, *, now: datetime) -> None:
    """Run all handlers of ``event`` now, in the publisher's transaction; an error undoes the cause too."""
    for handler in _handlers[type(event)]:
        await handler(session, event, now)
