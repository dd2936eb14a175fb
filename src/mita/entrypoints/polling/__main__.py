"""``mita poll``: asks the devices that do not speak by themselves, and carries supply commands to them."""

from __future__ import annotations

import asyncio
import logging
import sys

from mita.entrypoints.health import Health, serve_metrics
from mita.entrypoints.metrics import watch_database
from mita.entrypoints.outside import report_faults, trace
from mita.entrypoints.polling.kinds import kinds_of
from mita.entrypoints.polling.registered import Registered
from mita.entrypoints.polling.service import PollingService
from mita.entrypoints.polling.settings import PollSettings
from mita.entrypoints.polling.tasks import DeviceTasks
from mita.entrypoints.polling.tokens import MeterTokens
from mita.entrypoints.polling.turns import BusTurns
from mita.entrypoints.process import database_url, log_to_stderr, secret_keys_path, stop_event
from mita.kit.db import Database
from mita.kit.seal import Seals
from mita.wiring import wire

logger = logging.getLogger("mita.entrypoints.polling")
# the supervisor waits ten seconds before it kills
_FINISH_S = 9.0


async def serve(settings: PollSettings) -> None:
    """Run the service until the process is asked to stop."""
    stopping = stop_event()
    database = Database(database_url(settings), seals=Seals.load(secret_keys_path(settings)))
    report_faults(settings, role="poll")
    trace(role="poll", engine=database.engine)
    watch_database(database.engine)
    reach = settings.reach()
    if reach.is_nowhere:
        logger.warning("nothing is asked: MITA_POLL_NETWORKS and MITA_POLL_SERIAL name nothing")
    registered = Registered(database, reach=reach)
    turns = BusTurns(database.url)
    service = PollingService(
        kinds=kinds_of(database),
        source=registered,
        sink=registered,
        # whoever keyed a token in may sit in the dark
        tasks=(MeterTokens(database, reach=reach), DeviceTasks(database, reach=reach)),
        turns=turns,
    )
    health = asyncio.create_task(serve_metrics(settings, Health(database)))
    running = asyncio.create_task(service.run())
    asked = asyncio.create_task(stopping.wait())
    logger.info("polling starts")
    try:
        await asyncio.wait({asked, running, health}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            # it ends by itself only by an error: let the supervisor see it
            running.result()
        service.stop()
        await asyncio.wait({running}, timeout=_FINISH_S)
    finally:
        for task in (asked, running, health):
            task.cancel()
        await asyncio.gather(asked, running, health, return_exceptions=True)
        await turns.close()
        await database.close()
    logger.info("polling stopped")


def main() -> int:
    """Run the role."""
    log_to_stderr()
    wire()
    asyncio.run(serve(PollSettings()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
