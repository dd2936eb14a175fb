"""Meter tokens from the database, each given to its meter over its line once at most."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from mita.credit import operations as credit
from mita.credit import queries as credit_queries
from mita.credit.operations import TokenOutcome
from mita.devices import queries as registry
from mita.entrypoints.polling.ends import WaitingTask
from mita.entrypoints.polling.line import NotReached, TokenLine, TokenRefused, Unreachable
from mita.estates import queries as estates
from mita.kit.clock import now_utc
from mita.metering import queries as metering

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mita.credit.operations import TokenInHand
    from mita.credit.queries import DueToken
    from mita.entrypoints.polling.line import Line
    from mita.entrypoints.polling.reach import Reach
    from mita.kit.db import Database

logger = logging.getLogger(__name__)

_TOKENS_MAX = 1_000
# within the time that a token is claimed for
_TALK_S_MAX = 180.0


class _TakenAway(Exception):
    """The token is in another hand by now: it is not sent from here."""


class MeterTokens:
    """The tokens of all meters that are asked and may be."""

    def __init__(self, database: Database, *, reach: Reach) -> None:
        self._database = database
        self._reach = reach

    async def waiting(self) -> Sequence[WaitingTask]:
        """Return the tokens that are due and that nobody has in hand just now."""
        async with self._database.unit_of_work(estates=[]) as session:
            estate_ids = await estates.platform_estate_ids(session)
        async with self._database.unit_of_work(estates=estate_ids) as session:
            due = await credit_queries.due_tokens(
                session, estate_ids=estate_ids, now=now_utc(), limit=_TOKENS_MAX
            )
        found: list[WaitingTask] = []
        for estate_id in sorted({each.estate_id for each in due}):
            found += await self._of(estate_id, [each for each in due if each.estate_id == estate_id])
        return found

    async def _of(self, estate_id: int, due: Sequence[DueToken]) -> list[WaitingTask]:
        """Return an estate's tokens whose meter is asked and may be; the others wait, until they expire."""
        async with self._database.unit_of_work(estates=[estate_id]) as session:
            units = sorted({each.unit_id for each in due})
            meters = await metering.meters_with_devices(session, estate_id=estate_id, unit_ids=units)
            names = {each.meter_id: each.device for each in meters if each.device is not None}
            configured = await registry.configured(
                session, estate_id=estate_id, names=sorted(set(names.values())), with_secrets=True
            )
        return [
            WaitingTask(estate_id, known.driver, known.device, each.meter_token_id)
            for each in due
            if (name := names.get(each.meter_id)) is not None
            and credit_queries.takes_tokens(name)
            and (known := configured[name]).device_id is not None
            and self._reach.refusal(known.device.settings.get("url")) is None
        ]

    async def carry_out(self, waiting: WaitingTask, line: Line) -> None:
        """Give a token to its meter, unless another one has it, and record what became of it."""
        async with self._database.unit_of_work(estates=[waiting.estate_id]) as session:
            token = await credit.claim_token(
                session, estate_id=waiting.estate_id, meter_token_id=waiting.task_id, now=now_utc()
            )
        if token is None:
            return
        try:
            outcome = await self._outcome(token, waiting, line)
        except _TakenAway:
            return
        async with self._database.unit_of_work(estates=[waiting.estate_id]) as session:
            await credit.settle_token(
                session,
                estate_id=waiting.estate_id,
                meter_token_id=waiting.task_id,
                claim=token.claim,
                outcome=outcome,
                now=now_utc(),
            )

    async def _outcome(self, token: TokenInHand, waiting: WaitingTask, line: Line) -> TokenOutcome:
        if not isinstance(line, TokenLine):
            return TokenOutcome("such a device takes no tokens from here")
        try:
            async with asyncio.timeout(_TALK_S_MAX):
                if token.balance_before_micro is None:
                    return await self._given(token, waiting, line)
                return await _looked_after(token.balance_before_micro, waiting, line)
        except _TakenAway:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a protocol does, what became of it is recorded
            return _failed(error, token, waiting)

    async def _given(self, token: TokenInHand, waiting: WaitingTask, line: TokenLine) -> TokenOutcome:
        async def note(balance_micro: int) -> None:
            # committed before it is sent: whatever happens then, it is never sent again
            async with self._database.unit_of_work(estates=[waiting.estate_id]) as session:
                is_ours = await credit.note_token_sent(
                    session,
                    estate_id=waiting.estate_id,
                    meter_token_id=waiting.task_id,
                    claim=token.claim,
                    balance_before_micro=balance_micro,
                    now=now_utc(),
                )
            if not is_ours:
                raise _TakenAway

        taken = await line.give_token(waiting.device, token=token.digits, before_sending=note)
        return TokenOutcome(balance_after_micro=taken.after_micro)


def _failed(error: Exception, token: TokenInHand, waiting: WaitingTask) -> TokenOutcome:
    if isinstance(error, TokenRefused):
        return TokenOutcome(str(error), reason=error.reason)
    if isinstance(error, Unreachable):
        is_anew = isinstance(error, NotReached) and token.balance_before_micro is None
        return TokenOutcome(str(error), was_not_sent=is_anew)
    if isinstance(error, TimeoutError):
        return TokenOutcome(f"it did not end its answer in {_TALK_S_MAX:.0f} s")
    logger.error("giving a token to %s failed", waiting.device.name, exc_info=error)
    return TokenOutcome("a fault of Mita's own; the log has it")


async def _looked_after(before_micro: int, waiting: WaitingTask, line: TokenLine) -> TokenOutcome:
    """Tell by the balance what became of a token that was sent once and not answered."""
    after_micro = await line.held_balance_micro(waiting.device)
    if after_micro > before_micro:
        return TokenOutcome(balance_after_micro=after_micro)
    words = "it was sent once, the meter did not answer, and its balance has not risen since"
    return TokenOutcome(words, reason="unanswered", balance_after_micro=after_micro)
