"""Background tasks of imports: rows are carried in portions, and what a worker left lying is taken up."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from procrastinate import Blueprint, JobContext

from mita.estates import queries as estates
from mita.imports import operations, queries
from mita.imports.domain import Mode, RowState, State
from mita.imports.operations.receive import TASK
from mita.kit import context as causes
from mita.kit.clock import now_utc
from mita.kit.context import Context
from mita.kit.desk import Desk
from mita.kit.enqueue import enqueue
from mita.ledger.operations import StaleHeads

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.imports.models import ImportFile, ImportRow
    from mita.kit.db import Database

logger = logging.getLogger(__name__)
jobs = Blueprint()
PORTION = 250
# rows name people; what became of them is counted for good
KEPT_FOR = timedelta(days=30)
_LEFT_LYING = timedelta(minutes=2)


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


@jobs.periodic(cron="* * * * *")
@jobs.task(name="resume_imports", pass_context=True, queueing_lock="imports:resume_imports")
async def resume_imports(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Take up imports that nobody has touched for two minutes: their worker is gone."""
    database: Database = context.additional_context["database"]
    async with database.unit_of_work(estates=[]) as session:
        for estate_id, import_id in await queries.unfinished(session, touched_before=now_utc() - _LEFT_LYING):
            await enqueue(session, task=TASK, estate_id=estate_id, import_id=str(import_id))


@jobs.periodic(cron="50 3 * * *")
@jobs.task(name="forget_rows", pass_context=True, queueing_lock="imports:forget_rows")
async def forget_rows(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Delete the rows of imports that ended a month ago."""
    database: Database = context.additional_context["database"]
    now = now_utc()
    for estate_id in await estates.every_estate_id(database):
        async with database.unit_of_work(estates=[estate_id]) as session:
            await operations.forget_rows(session, estate_id=estate_id, before=now - KEPT_FOR, now=now)


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
