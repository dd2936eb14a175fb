"""Background tasks of imports: rows are carried, readings charged; what a worker left lying is taken up."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

import numpy as np
from procrastinate import Blueprint, JobContext

from mita.drivers.files import Fault, UnreadableFile
from mita.estates import queries as estates
from mita.estates.operations import in_every_estate
from mita.imports import operations, queries
from mita.imports.domain import Mode, ReadingTerms, RowState, State, fault_of, portions_of, read_content
from mita.imports.operations.reading_files import READINGS_TASK
from mita.imports.operations.receive import TASK
from mita.kit import context as causes
from mita.kit.clock import now_utc, to_us
from mita.kit.context import Context
from mita.kit.desk import Desk
from mita.kit.enqueue import enqueue
from mita.kit.zones import zone
from mita.ledger.operations import StaleHeads
from mita.metering.domain import ReadingBatch, ReadingClass

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.charging.domain.outcome import Outcome
    from mita.drivers.files import Gathered
    from mita.imports.domain import Brought, Portion
    from mita.imports.models import ImportFile, ImportRow, ReadingFile
    from mita.kit.db import Database

logger = logging.getLogger(__name__)
jobs = Blueprint()
PORTION = 250
# rows name people; what became of them is counted for good
KEPT_FOR = timedelta(days=30)
_LEFT_LYING = timedelta(minutes=2)
# the worker lends what charges under this name
CHARGER = "charger"
READINGS_PORTION = 2_000
_SOURCE_MAX = 100


class Charger(Protocol):
    """Charges batches durably, each in a transaction of its own."""

    async def charge(self, batch: ReadingBatch, *, estate_id: int, now: datetime) -> Outcome:
        """Charge a batch of one estate."""


class _NothingKept(Exception):
    """The transaction that carried the rows is to be undone."""


@jobs.task(name="run_import", pass_context=True)
async def run_import(context: JobContext, *, estate_id: int, import_id: str) -> None:
    """Carry the rows of an import; an error of ours is tried again a few times, then the import stops."""
    database: Database = context.additional_context["database"]
    number = UUID(import_id)
    try:
        await carry_out(database, estate_id=estate_id, import_id=number)
    except Exception:
        async with database.unit_of_work(estates=[estate_id]) as session:
            state = await operations.note_trouble(
                session, estate_id=estate_id, import_id=number, now=now_utc()
            )
        logger.warning("import went wrong estate_id=%s import_id=%s state=%s", estate_id, import_id, state)
        raise


@jobs.task(name="run_reading_file", pass_context=True)
async def run_reading_file(context: JobContext, *, estate_id: int, reading_file_id: str) -> None:
    """Charge a file of a head-end; an error of ours is tried again a few times, then the file is stopped."""
    database: Database = context.additional_context["database"]
    charger: Charger = context.additional_context[CHARGER]
    number = UUID(reading_file_id)
    try:
        await charge_file(database, charger, estate_id=estate_id, reading_file_id=number)
    except Exception:
        async with database.unit_of_work(estates=[estate_id]) as session:
            state = await operations.note_reading_trouble(
                session, estate_id=estate_id, reading_file_id=number, now=now_utc()
            )
        logger.warning("reading file went wrong estate_id=%s id=%s state=%s", estate_id, number, state)
        raise


@jobs.periodic(cron="* * * * *")
@jobs.task(name="resume_imports", pass_context=True, queueing_lock="imports:resume_imports")
async def resume_imports(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Take up files that nobody has touched for two minutes: their worker is gone."""
    database: Database = context.additional_context["database"]
    async with database.unit_of_work(estates=[]) as session:
        for estate_id, import_id in await queries.unfinished(session, touched_before=now_utc() - _LEFT_LYING):
            await enqueue(session, task=TASK, estate_id=estate_id, import_id=str(import_id))
        before = now_utc() - _LEFT_LYING
        for estate_id, number in await queries.unfinished_reading_files(session, touched_before=before):
            await enqueue(session, task=READINGS_TASK, estate_id=estate_id, reading_file_id=str(number))


@jobs.periodic(cron="50 3 * * *")
@jobs.task(name="forget_rows", pass_context=True, queueing_lock="imports:forget_rows")
async def forget_rows(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Delete the rows of imports that ended a month ago."""
    database: Database = context.additional_context["database"]

    async def forget(session: AsyncSession, *, estate_id: int, now: datetime) -> None:
        await operations.forget_rows(session, estate_id=estate_id, before=now - KEPT_FOR, now=now)

    await in_every_estate(database, step=forget, clock=now_utc)


async def carry_out(database: Database, *, estate_id: int, import_id: UUID) -> None:
    """Carry all rows of an import that wait, in portions; at most one worker at a time does.

    By ``valid_rows`` each portion is a transaction with its own outcomes: whatever happens, a row is carried
    once. Otherwise, and in a dry run, all rows are one transaction, which is undone if one failed.
    """
    async with database.unit_of_work(estates=[estate_id]) as session:
        file = await queries.import_file(session, estate_id=estate_id, import_id=import_id)
    if file.finished_at is not None:
        return
    run = _Run(database, file, Desk(database, contention=(StaleHeads,)))
    with causes.entered(Context(file.correlation_id, actor=file.actor, action="start_import")):
        if file.mode == Mode.VALID_ROWS and not file.is_dry_run:
            while await run.desk.run_alone(estate_id, run.portion):
                pass
            return
        try:
            await run.desk.run_alone(estate_id, run.whole)
        except _NothingKept:
            state = State.DONE if file.is_dry_run else State.REFUSED
            async with run.beside() as session:
                await operations.finish(session, file=file, state=state, now=now_utc())


@dataclass(frozen=True, slots=True)
class _Run:
    """One worker's work on one import."""

    database: Database
    file: ImportFile
    desk: Desk

    def beside(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Open another transaction: what it writes stays, whatever becomes of the rows."""
        return self.database.unit_of_work(estates=[self.file.estate_id])

    async def portion(self, session: AsyncSession) -> bool:
        """Carry some rows and write down what became of them; False: there is no more to do here."""
        file, now = self.file, now_utc()
        if not await operations.claim(session, import_id=file.import_id):
            return False
        found = await queries.import_file(session, estate_id=file.estate_id, import_id=file.import_id)
        if found.finished_at is not None:
            return False
        rows = await self._waiting(session)
        if not rows:
            await operations.finish(session, file=file, state=State.DONE, now=now)
            return False
        outcomes = await operations.carry_rows(session, file=file, rows=rows, now=now)
        await operations.note_outcomes(session, file=file, outcomes=outcomes, now=now)
        return True

    async def whole(self, session: AsyncSession) -> None:
        """Carry all rows in one transaction; what became of them is told beside it as it goes.

        :raises _NothingKept: if a row failed, or this is a dry run
        """
        file = self.file
        if not await operations.claim(session, import_id=file.import_id):
            return
        async with self.beside() as other:
            await operations.begin_again(other, file=file, now=now_utc())
        while True:
            now = now_utc()
            async with self.beside() as other:
                rows = await self._waiting(other)
            if not rows:
                break
            outcomes = await operations.carry_rows(session, file=file, rows=rows, now=now)
            async with self.beside() as other:
                await operations.note_outcomes(other, file=file, outcomes=outcomes, now=now)
        found = await queries.import_file(session, estate_id=file.estate_id, import_id=file.import_id)
        if found.failed or file.is_dry_run:
            raise _NothingKept
        await operations.finish(session, file=file, state=State.DONE, now=now_utc())

    async def _waiting(self, session: AsyncSession) -> list[ImportRow]:
        return list(
            await queries.import_rows(
                session,
                estate_id=self.file.estate_id,
                import_id=self.file.import_id,
                state=RowState.WAITING,
                after_line=0,
                limit=PORTION,
            )
        )


async def charge_file(database: Database, charger: Charger, *, estate_id: int, reading_file_id: UUID) -> None:
    """Charge a file of a head-end in portions, each a transaction; what is known already is left as it is.

    By ``all_or_nothing`` a file with a fault charges nothing, by ``valid_rows`` what is sound; what is of no
    meter of the estate is left out in both. A dry run ends before anything is charged.
    """
    async with database.unit_of_work(estates=[estate_id]) as session:
        now = now_utc()
        content = await operations.take_reading_file(
            session,
            estate_id=estate_id,
            reading_file_id=reading_file_id,
            touched_before=now - _LEFT_LYING,
            now=now,
        )
        if content is None:
            return
        file = await queries.reading_file(session, estate_id=estate_id, reading_file_id=reading_file_id)
        estate = await estates.estate(session, estate_id=estate_id)
    run = _ReadingRun(database, charger, file)
    with causes.entered(Context(file.correlation_id, actor=file.actor, action="send_reading_file")):
        try:
            terms = ReadingTerms(**file.terms)
            # it may take seconds, and others wait in this loop
            gathered = await asyncio.to_thread(
                read_content, content, name=file.file_name, terms=terms, local=zone(estate.time_zone)
            )
        except UnreadableFile as error:
            await run.finish(State.REFUSED, faults=[fault_of(error, name=file.file_name)])
            return
        await run.charge(gathered, terms=terms)


@dataclass(frozen=True, slots=True)
class _ReadingRun:
    """One worker's work on one file of a head-end."""

    database: Database
    charger: Charger
    file: ReadingFile

    async def charge(self, gathered: Gathered, *, terms: ReadingTerms) -> None:
        """Charge what the file brings, if it may."""
        brought = await self._planned(gathered, terms=terms)
        if not gathered.fault_count and not (gathered.intervals or gathered.values):
            await self.finish(State.DONE if gathered.left_out else State.REFUSED, faults=[_NOTHING])
        elif brought.fault_count and self.file.mode == Mode.ALL_OR_NOTHING:
            await self.finish(State.REFUSED)
        else:
            if not self.file.is_dry_run:
                for portion in portions_of(brought, readings_max=READINGS_PORTION):
                    await self._charge(portion)
            await self.finish(State.DONE)

    async def finish(self, state: State, *, faults: list[Fault] | None = None) -> None:
        """End the file's way."""
        async with self._transaction() as session:
            await operations.finish_reading_file(
                session, file=self.file, state=state, now=now_utc(), faults=faults or ()
            )

    def _transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        return self.database.unit_of_work(estates=[self.file.estate_id])

    async def _planned(self, gathered: Gathered, *, terms: ReadingTerms) -> Brought:
        estate_id = self.file.estate_id
        async with self._transaction() as session:
            matched = await operations.match_file(
                session, estate_id=estate_id, gathered=gathered, serials=terms.serials
            )
            brought = await operations.plan_file(
                session, estate_id=estate_id, gathered=matched.gathered, rules=terms.rules, utility=None
            )
            await operations.leave_known(session, estate_id=estate_id, brought=brought)
            await operations.note_plan(
                session, file=self.file, matched=matched, brought=brought, now=now_utc()
            )
        return brought

    async def _charge(self, portion: Portion) -> None:
        now = now_utc()
        batch = ReadingBatch(
            key=portion.key,
            taken_s=np.array(portion.taken_s, dtype=np.int64),
            value_micro=np.array(portion.value_micro, dtype=np.int64),
            source=f"file:{self.file.file_name}"[:_SOURCE_MAX],
            received_us=to_us(now),
        )
        outcome = await self.charger.charge(batch, estate_id=self.file.estate_id, now=now)
        classes = Counter(ReadingClass(each).shown for each in outcome.class_.tolist())
        async with self._transaction() as session:
            await operations.note_portion(
                session,
                file=self.file,
                count=len(portion),
                classes=classes,
                net_micro=outcome.net_micro,
                tax_micro=outcome.tax_micro,
                now=now_utc(),
            )


_NOTHING = Fault(0, "nothing_to_take", "nothing in the file is a value that counts money")
