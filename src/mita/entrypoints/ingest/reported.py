"""What devices reported beside readings: how their switches stand, how far commands got, how they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mita.credit import operations as credit
from mita.devices.operations import LastWord
from mita.drivers.wire import LimitState, Step, SwitchState
from mita.kit.clock import from_us
from mita.kit.errors import NotFound
from mita.metering import queries as metering
from mita.metering.domain import Rejection, truncated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.drivers.wire import Report
    from mita.entrypoints.ingest.decoding import Heard
    from mita.metering.models import Meter


def news(heard: Heard, last_words: dict[str, LastWord]) -> list[Report]:
    """Return what a message reports without states of the switch that a later one has overtaken.

    ``last_words`` are brought up to date. Of two states of the same time that differ nobody knows which is
    the later one: the first that came stands, and a command that waits for the other is sent again.
    """
    before = last_words.get(heard.arrival.device)
    found: list[Report] = []
    for report in heard.decoded.reports:
        # who names a command answers it, and cannot be overtaken
        if isinstance(report, SwitchState) and report.command_id is None:
            said_at = _said_at(report, heard.arrival.received_us)
            if before is not None and _is_old(report, said_at, before):
                continue
            last_words[heard.arrival.device] = LastWord(report.is_on, said_at)
        found.append(report)
    return found


def without_repeats(
    reports: Sequence[Report], *, device: str, said: dict[tuple[str, str | None, bool], bool | int | None]
) -> list[Report]:
    """Return reports without states that were just said; ``said`` is brought up to date.

    Many devices tell it with every reading: once in a batch is enough, unless it changes.
    """
    found: list[Report] = []
    for report in reports:
        if isinstance(report, SwitchState | LimitState) and report.command_id is None:
            word = report.is_on if isinstance(report, SwitchState) else report.limit_w
            key = (device, report.meter, isinstance(report, SwitchState))
            if key in said and said[key] == word:
                continue
            said[key] = word
        found.append(report)
    return found


def _is_old(said: SwitchState, said_at: datetime, before: LastWord) -> bool:
    # a device with several switches tells of each on its own
    is_contradicted = said.meter is None and said.is_on != before.is_on
    return said_at < before.at or (said_at == before.at and is_contradicted)


def _word(said: SwitchState | LimitState) -> str:
    if isinstance(said, SwitchState):
        return "on" if said.is_on else "off"
    return "no limit" if said.limit_w is None else f"{said.limit_w} W"


def _said_at(said: SwitchState | LimitState, received_us: int) -> datetime:
    return from_us(received_us if said.taken_s is None else min(said.taken_s * 1_000_000, received_us))


async def record_reports(
    session: AsyncSession,
    *,
    estate_id: int,
    device: str,
    reports: Sequence[Report],
    received_us: int,
    source: str,
    now: datetime,
) -> list[Rejection]:
    """Record what concerns supplies, in the order in which it was said; return what cannot be.

    A state that is not new (retained by a broker) must not be among ``reports``.
    """
    rejections: list[Rejection] = []
    for report in reports:
        if isinstance(report, SwitchState | LimitState):
            found = await _state(
                session,
                estate_id=estate_id,
                device=device,
                said=report,
                received_us=received_us,
                source=source,
                now=now,
            )
            if found is not None:
                rejections.append(found)
        elif isinstance(report, Step):
            await _step(session, estate_id=estate_id, device=device, said=report, now=now)
    return rejections


async def _state(
    session: AsyncSession,
    *,
    estate_id: int,
    device: str,
    said: SwitchState | LimitState,
    received_us: int,
    source: str,
    now: datetime,
) -> Rejection | None:
    """Record the state of a switch, or a limit, for the supply behind it, or say why there is none."""
    raw = f"{said.command_id or 'switch'} {_word(said)}"
    meters = await metering.meters_behind(session, estate_id=estate_id, device=device)
    try:
        if said.command_id is not None:
            command = await credit.queries.command(session, estate_id=estate_id, command_id=said.command_id)
            fitting = [each for each in meters if _is_behind(each, command.unit_id, command.utility)]
        else:
            fitting = _switched(meters, serial=said.meter)
        if not fitting:
            return Rejection(source, said.meter, None, raw, "unknown_command", _not_its_own(device, said))
        for unit_id, utility in dict.fromkeys((each.unit_id, each.utility) for each in fitting):
            place: dict[str, Any] = {"estate_id": estate_id, "unit_id": unit_id, "utility": utility}
            told: dict[str, Any] = {"said_at": _said_at(said, received_us), "command_id": said.command_id}
            if isinstance(said, SwitchState):
                await credit.record_switch(session, **place, **told, is_on=said.is_on, now=now)
            else:
                limit_w, step_w = said.limit_w, said.step_w
                await credit.record_limit(session, **place, **told, limit_w=limit_w, step_w=step_w, now=now)
    except NotFound as missing:
        return Rejection(source, said.meter, None, raw, "unknown_command", missing.detail)
    return None


def _is_behind(meter: Meter, unit_id: int, utility: str) -> bool:
    return (meter.unit_id, meter.utility) == (unit_id, utility)


def _switched(meters: Sequence[Meter], *, serial: str | None) -> list[Meter]:
    """Return the meters whose supply a switch cuts: the named one, or those of the only supply."""
    if serial is not None:
        return [each for each in meters if each.serial == serial]
    # a solar meter behind the same device has no supply of its own
    supplies = [each for each in meters if each.utility != "solar"] or list(meters)
    return supplies if len({(each.unit_id, each.utility) for each in supplies}) == 1 else []


def _not_its_own(device: str, said: SwitchState | LimitState) -> str:
    what = "the supply of which it speaks" if said.command_id is None else f"command {said.command_id}"
    return f"device {truncated(device)[:100]!r} does not switch {what}"


async def _step(session: AsyncSession, *, estate_id: int, device: str, said: Step, now: datetime) -> None:
    try:
        command = await credit.queries.command(session, estate_id=estate_id, command_id=said.command_id)
    except NotFound:
        # of another program at the same server
        return
    meters = await metering.meters_behind(session, estate_id=estate_id, device=device)
    if any(_is_behind(each, command.unit_id, command.utility) for each in meters):
        await credit.record_step(
            session,
            estate_id=estate_id,
            command_id=said.command_id,
            state=said.step,
            reason=said.reason,
            may_retry=said.may_retry,
            now=now,
        )
