"""``mita ingest``: readings off MQTT into charges, supply commands back."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections import deque
from typing import TYPE_CHECKING, Any

from mita.entrypoints.health import Health, serve_metrics
from mita.entrypoints.ingest.chirpstack import chirpstack_server
from mita.entrypoints.ingest.commands import CommandSender
from mita.entrypoints.ingest.inbox import Inbox
from mita.entrypoints.ingest.link import Link
from mita.entrypoints.ingest.parts import Stopped
from mita.entrypoints.ingest.renewals import Renewals
from mita.entrypoints.ingest.settings import IngestSettings
from mita.entrypoints.ingest.settle import Settler
from mita.entrypoints.ingest.things_stack import tts_server
from mita.entrypoints.ingest.tls import tls_of
from mita.entrypoints.ingest.topics import table_of
from mita.entrypoints.metrics import BROKER, INBOX, watch_database
from mita.entrypoints.outside import report_faults, trace
from mita.entrypoints.process import (
    collect_less,
    database_url,
    log_to_stderr,
    run,
    secret_keys_path,
    stop_event,
)
from mita.kit.db import Database
from mita.kit.seal import Seals
from mita.wiring import wire

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

logger = logging.getLogger("mita.entrypoints.ingest")

REPORT_S = 10.0
# one is written, one is prepared
UNDER_WAY_MAX = 2
# the supervisor waits ten seconds before it kills
_FINISH_S = 8.0


async def serve(settings: IngestSettings) -> None:
    """Run ingest until the process is asked to stop."""
    stopping = stop_event()
    # a file that cannot be read is told now, not by a link that never comes about
    tls_of(settings)
    database = Database(database_url(settings), seals=Seals.load(secret_keys_path(settings)))
    report_faults(settings, role="ingest")
    trace(role="ingest", engine=database.engine)
    table = table_of(settings)
    inbox = Inbox(table)
    settler = Settler(database, readings_max=settings.batch_readings)
    link = Link(settings, inbox=inbox, topics=table.filters())
    chirpstack, tts = chirpstack_server(settings), tts_server(settings)
    sender = CommandSender(database, link=link, chirpstack=chirpstack, tts=tts)
    consumer = asyncio.create_task(
        _consume(settings, inbox, settler, link, Renewals(database, tell=link.tell))
    )
    others = [
        asyncio.create_task(link.run()),
        asyncio.create_task(sender.run()),
        asyncio.create_task(_report(settler, sender, inbox)),
        asyncio.create_task(serve_metrics(settings, _health(database, link, inbox))),
    ]
    asked = asyncio.create_task(stopping.wait())
    logger.info("ingest starts")
    done, _ = await asyncio.wait({asked, consumer, *others}, return_when=asyncio.FIRST_COMPLETED)
    # stop taking, finish the batch, say goodbye
    inbox.close()
    settler.stopping.set()
    await asyncio.wait({consumer}, timeout=_FINISH_S)
    for task in (*others, asked, consumer):
        task.cancel()
    await asyncio.gather(*others, asked, consumer, return_exceptions=True)
    await link.close()
    await settler.close()
    await sender.close()
    await tts.close()
    if chirpstack is not None:
        await chirpstack.close()
    await database.close()
    asyncio.get_running_loop().set_exception_handler(_without_unacknowledged)
    logger.info("ingest stopped unacknowledged=%d", len(inbox))
    for task in done - {asked}:
        # one of them ended by itself, which none may: let the supervisor see it
        task.result()


def _health(database: Database, link: Link, inbox: Inbox) -> Health:
    watch_database(database.engine)
    BROKER.set_function(lambda: float(link.is_connected))
    INBOX.set_function(lambda: float(len(inbox)))
    return Health(database, needs={"broker": lambda: link.is_connected})


async def _consume(
    settings: IngestSettings, inbox: Inbox, settler: Settler, link: Link, renewals: Renewals
) -> None:
    """Settle what comes, one batch written while the next one is prepared."""
    wait_s = settings.batch_wait_ms / 1000
    under_way: deque[asyncio.Task[None]] = deque()

    def look(task: asyncio.Task[None]) -> None:
        # what waits for messages would not hear of it
        if not task.cancelled() and task.exception() is not None:
            inbox.close()

    try:
        while arrivals := await inbox.next_batch(readings_max=settings.batch_readings, wait_s=wait_s):
            link.resume()
            others = await renewals.answered(arrivals)
            if not others:
                continue
            task = await settler.begin(others)
            task.add_done_callback(look)
            under_way.append(task)
            if len(under_way) == UNDER_WAY_MAX:
                await under_way.popleft()
        while under_way:
            await under_way.popleft()
    except Stopped:
        logger.warning("stopped while the database was away")
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def _report(settler: Settler, sender: CommandSender, inbox: Inbox) -> None:
    """Log what was done, every ten seconds in which something was."""
    told = dict(settler.counts)
    while True:
        await asyncio.sleep(REPORT_S)
        counts = dict(settler.counts)
        changed = {
            name: count - told.get(name, 0) for name, count in counts.items() if count != told.get(name, 0)
        }
        if changed or len(inbox):
            line = " ".join(f"{name}={count}" for name, count in sorted(changed.items()))
            logger.info("settled %s waiting=%d commands_sent=%d", line, len(inbox), sender.sent)
        told = counts


def _without_unacknowledged(loop: AbstractEventLoop, context: dict[str, Any]) -> None:
    """Keep quiet about messages that the end of the process leaves unacknowledged: they come again."""
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)


def main() -> int:
    """Run the role."""
    log_to_stderr()
    wire()
    collect_less()
    run(serve(IngestSettings()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
