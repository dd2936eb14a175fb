"""The alarm of months: what is missing ahead, and rows that found no month, are told before they hurt."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mita.kit import events
from mita.kit.clock import now_utc
from mita.kit.months import month_gaps
from mita.ledger import jobs as ledger_jobs
from mita.ledger.events import EntryMonthsChecked
from mita.metering import jobs as metering_jobs
from mita.metering.events import ReadingMonthsChecked
from mita.notifications import queries as alert_queries
from mita.notifications.domain import AlertKind
from tests.integration.world import new_world

if TYPE_CHECKING:
    import psycopg

    from mita.kit.db import Database
    from mita.kit.months import MonthGaps

DECEMBER = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)


class Context:
    """What procrastinate hands to a job."""

    def __init__(self, database: Database) -> None:
        self.additional_context = {"database": database}


async def gaps(database: Database, parent: str) -> MonthGaps:
    async with database.unit_of_work(estates=[]) as session:
        return await month_gaps(session, parent=parent, now=DECEMBER)


@pytest.mark.parametrize("parent", ["entry", "reading"])
async def test_months_ahead_are_missed_one_by_one(
    database: Database, admin: psycopg.Connection, parent: str
) -> None:
    ahead = [date(2026, 12, 1), date(2027, 1, 1), date(2027, 2, 1), date(2027, 3, 1)]
    assert (await gaps(database, parent)).missing == tuple(ahead)
    for month in (ahead[0], ahead[2]):
        admin.execute("SELECT ensure_month_partition(%s, %s)", (parent, month))
    found = await gaps(database, parent)
    assert (found.missing, found.has_strays, bool(found)) == ((ahead[1], ahead[3]), False, True)
    for month in ahead:
        admin.execute("SELECT ensure_month_partition(%s, %s)", (parent, month))
    assert not await gaps(database, parent)
    # a table of that name which is no partition holds nobody's rows
    admin.execute(f"ALTER TABLE {parent} DETACH PARTITION {parent}_2027_01")
    assert (await gaps(database, parent)).missing == (date(2027, 1, 1),)


async def test_a_row_that_found_no_month_is_told(database: Database, admin: psycopg.Connection) -> None:
    admin.execute(
        "INSERT INTO reading VALUES (1, 1, '2031-05-01 00:00Z', '2031-05-01 00:00Z', 0, 0, 0, 0, 1, 0)"
    )
    assert (await gaps(database, "reading")).has_strays
    assert not (await gaps(database, "entry")).has_strays


@pytest.mark.parametrize(
    ("jobs", "event"), [(ledger_jobs, EntryMonthsChecked), (metering_jobs, ReadingMonthsChecked)]
)
async def test_the_job_tells_until_the_months_are_there(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    jobs: Any,
    event: type,
) -> None:
    heard: list[Any] = []

    async def hear(session: object, told: object, now: datetime) -> None:
        heard.append(told)

    monkeypatch.setitem(events._handlers, event, [hear])
    context = Context(database)
    with caplog.at_level(logging.ERROR):
        await jobs.check_months(context, 0)
    (told,) = heard
    assert len(told.months) == 4
    assert told.months[0] == now_utc().date().replace(day=1)
    assert told.has_strays is False
    assert "missing=" in caplog.text
    await jobs.ensure_partitions(context, 0)
    await jobs.check_months(context, 0)
    assert [len(each.months) for each in heard] == [4, 0]
    # three months on, they are missed again
    monkeypatch.setattr(jobs, "now_utc", lambda: now_utc() + timedelta(days=92))
    await jobs.check_months(context, 0)
    assert len(heard[2].months) > 0


@pytest.mark.parametrize("jobs", [ledger_jobs, metering_jobs])
async def test_staff_is_alerted_while_months_are_missing(database: Database, jobs: Any) -> None:
    world = await new_world(database)

    async def subjects() -> list[str]:
        async with world.unit_of_work() as session:
            found = await alert_queries.alerts(
                session, estate_id=world.estate_id, person_id=None, is_open=True
            )
        return [each.subject for each in found if each.kind == AlertKind.MONTHS_MISSING]

    context = Context(database)
    await jobs.check_months(context, 0)
    await jobs.check_months(context, 0)
    assert len(await subjects()) == 1
    await jobs.ensure_partitions(context, 0)
    await jobs.check_months(context, 0)
    assert await subjects() == []
