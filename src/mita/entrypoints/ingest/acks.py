"""Answers of devices to supply commands: ``m/<device>/ack`` with ``{"id": "<uuid>", "relay": "off"}``."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from mita.credit import operations as credit
from mita.credit import queries as credit_queries
from mita.drivers.text import PAYLOAD_BYTES_MAX, parse_json
from mita.kit.errors import NotFound
from mita.metering import queries as metering
from mita.metering.domain import Rejection, truncated

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

_RELAY = {"on": "on", "off": "off", True: "on", False: "off", Decimal(1): "on", Decimal(0): "off"}


@dataclass(frozen=True, slots=True)
class Ack:
    """The state of a relay after it carried out a command."""

    command_id: UUID
    relay: str


def decode_ack(payload: bytes, *, source: str) -> Ack | Rejection:
    """Return what a device answered, or why it cannot be understood. Never raises."""
    try:
        parsed: Any = parse_json(payload[: PAYLOAD_BYTES_MAX + 1])
    except ValueError as error:
        return Rejection(source, None, None, truncated(payload), "not_json", f"not JSON: {str(error)[:200]}")
    if not isinstance(parsed, dict):
        return Rejection(
            source, None, None, truncated(payload), "bad_shape", "an acknowledgement is an object"
        )
    relay, command_id = parsed.get("relay"), parsed.get("id")
    known = isinstance(relay, str | bool | Decimal) and not (isinstance(relay, Decimal) and relay.is_nan())
    if not known or relay not in _RELAY:
        return Rejection(source, None, None, truncated(payload), "bad_relay", '"relay" must be "on" or "off"')
    try:
        return Ack(UUID(command_id), _RELAY[relay])
    except (TypeError, ValueError, AttributeError):
        return Rejection(
            source, None, None, truncated(payload), "unknown_command", '"id" is no command of ours'
        )


async def record_ack(
    session: AsyncSession, *, estate_id: int, device: str, ack: Ack, source: str, now: datetime
) -> Rejection | None:
    """Record a device's answer: confirmed if the relay is as asked, failed if it is not.

    Return a rejection if the device cannot answer for that command.
    """
    raw = f"{ack.command_id} {ack.relay}"
    try:
        command = await credit_queries.command(session, estate_id=estate_id, command_id=ack.command_id)
    except NotFound as missing:
        return Rejection(source, None, None, raw, "unknown_command", missing.detail)
    meters = await metering.meters(session, estate_id=estate_id, unit_id=command.unit_id)
    if all(meter.device != device or meter.utility != command.utility for meter in meters):
        detail = f"device {device[:100]!r} does not switch the supply of command {ack.command_id}"
        return Rejection(source, None, None, raw, "unknown_command", detail)
    state = "confirmed" if ack.relay == command.action else "failed"
    try:
        await credit.record_command_state(
            session, estate_id=estate_id, command_id=ack.command_id, state=state, now=now
        )
    except credit.CommandFinished as finished:
        return Rejection(source, None, None, raw, finished.code, finished.detail)
    return None
