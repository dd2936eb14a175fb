"""The audit log of the edge: every write that succeeded, every attempt that was refused."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Any

from mita.entrypoints.api.problems import UNAVAILABLE
from mita.identity import operations as identity
from mita.kit import context
from mita.kit.clock import now_utc
from mita.kit.ids import read_number

if TYPE_CHECKING:
    from fastapi import Request
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.errors import Refusal
    from mita.kit.web import Edge

logger = logging.getLogger(__name__)

_BODY_BYTES_MAX = 64 * 1024
# who knocks at the same door again and again is written down once a minute
_REFUSED_AGAIN_S = 60.0
_REFUSED_MAX = 10_000


async def record(session: AsyncSession, request: Request, *, estate_id: int | None) -> None:
    """Write down what a request did, in its own transaction, unless the operation has done so itself."""
    if identity.is_recorded(session):
        return
    cause = context.current()
    await identity.record_audit(
        session,
        estate_id=estate_id or identity.PLATFORM,
        actor=cause.actor,
        action=cause.action or "unknown",
        subject=_subject(request),
        new=_body(request),
        now=now_utc(),
    )


class Refusals:
    """Writes down who was refused what; in a transaction of its own, as the request's was undone."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str, int], float] = {}

    async def record(self, request: Request, refusal: Refusal) -> None:
        """Write down one attempt; whoever tries again within a minute is not written down again."""
        edge: Edge = request.app.state.edge
        cause = context.current()
        estate_id = _estate_of(request)
        if cause.action is None or self._is_told((cause.actor, cause.action, estate_id)):
            return
        try:
            async with edge.database.unit_of_work(estates=[estate_id]) as session:
                await identity.record_audit(
                    session,
                    estate_id=estate_id,
                    actor=cause.actor,
                    action=cause.action,
                    subject=_subject(request),
                    new={"refused": refusal.code, "detail": refusal.detail},
                    outcome="refused",
                    now=now_utc(),
                )
        except UNAVAILABLE:
            # the refusal stands all the same
            logger.warning("a refusal could not be recorded action=%s actor=%s", cause.action, cause.actor)

    def _is_told(self, key: tuple[str, str, int]) -> bool:
        now = time.monotonic()
        if self._told.get(key, -_REFUSED_AGAIN_S) > now - _REFUSED_AGAIN_S:
            return True
        if len(self._told) >= _REFUSED_MAX:
            self._told.clear()
        self._told[key] = now
        return False


def _estate_of(request: Request) -> int:
    # a 403 is said of estates that are there for the caller; of others it is 404
    return read_number(str(request.path_params.get("estate_id", ""))) or identity.PLATFORM


def _subject(request: Request) -> str | None:
    named = [
        f"{name.removesuffix('_id')}:{value}"
        for name, value in request.path_params.items()
        if name != "estate_id"
    ]
    return " ".join(named) or None


def _body(request: Request) -> dict[str, Any] | None:
    # only what was read already: nobody waits here for a body
    raw: bytes | None = getattr(request, "_body", None)
    if not raw:
        return None
    if len(raw) > _BODY_BYTES_MAX:
        return {"bytes": len(raw)}
    try:
        sent = json.loads(raw)
    except ValueError:
        return {"bytes": len(raw)}
    return sent if isinstance(sent, dict) else {"body": sent}
