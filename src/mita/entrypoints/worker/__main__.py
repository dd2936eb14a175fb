"""``mita worker``: carries out jobs, and defers those that have their hour."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys

from procrastinate.exceptions import AlreadyEnqueued, ConnectorException

from mita.charging.jobs import SUPPLY_SIGHT
from mita.credit.queries import off_spans
from mita.entrypoints.api.lanes import Lanes
from mita.entrypoints.checkpoints import SettingsNotary
from mita.entrypoints.health import Health, serve_metrics
from mita.entrypoints.metrics import watch_database
from mita.entrypoints.outside import report_faults, trace
from mita.entrypoints.process import database_url, log_to_stderr, secret_keys_path, stop_event
from mita.entrypoints.worker.app import create_worker_app
from mita.entrypoints.worker.post import SettingsPost
from mita.entrypoints.worker.poster import WebhookPoster
from mita.entrypoints.worker.webhooks import WebhookDispatcher
from mita.imports.jobs import CHARGER
from mita.kit.db import Database
from mita.kit.seal import Seals
from mita.kit.settings import Settings
from mita.notifications.jobs import POST
from mita.webhooks.domain import AddressRules
from mita.wiring import wire

logger = logging.getLogger("mita.entrypoints.worker")

# deferred at each start: a month may have begun, or an installation, since the hour struck
AT_START = (
    "metering:ensure_partitions",
    "ledger:ensure_partitions",
    "metering:refresh_statistics",
    "ledger:take_daily_checkpoints",
)
CONCURRENCY = 4
_GRACE_S = 8.0
_DELAY_S = 2.0


async def serve(settings: Settings) -> None:
    """Run the worker until the process is asked to stop; a database that is away is waited for."""
    stopping = stop_event()
    database = Database(database_url(settings), seals=Seals.load(secret_keys_path(settings)))
    rules = AddressRules.of(settings.webhooks_allow_private.split(","))
    webhooks = WebhookDispatcher(database, poster=WebhookPoster(rules))
    delivering = asyncio.create_task(webhooks.run(stopping), name="webhooks")
    watch_database(database.engine)
    report_faults(settings, role="worker")
    trace(role="worker", engine=database.engine)
    watched = asyncio.create_task(serve_metrics(settings, Health(database, is_worker=True)), name="metrics")
    while not stopping.is_set():
        try:
            await _work(settings, database, stopping)
        except ConnectorException as error:
            logger.warning("database away, waiting delay_s=%.1f error=%r", _DELAY_S, error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), _DELAY_S)
    await delivering
    watched.cancel()
    await asyncio.gather(watched, return_exceptions=True)
    await database.close()
    logger.info("worker stopped")


async def _work(settings: Settings, database: Database, stopping: asyncio.Event) -> None:
    app = create_worker_app(database_url(settings))
    post = SettingsPost(settings)
    async with app.open_async(), contextlib.AsyncExitStack() as closing:
        closing.push_async_callback(post.close)
        for name in AT_START:
            with contextlib.suppress(AlreadyEnqueued):
                await app.configure_task(name, queueing_lock=name).defer_async(timestamp=0)
        logger.info("worker starts")
        worker = asyncio.create_task(
            app.run_worker_async(
                concurrency=CONCURRENCY,
                delete_jobs="successful",
                install_signal_handlers=False,
                shutdown_graceful_timeout=_GRACE_S,
                additional_context={
                    "database": database,
                    "notary": SettingsNotary(settings),
                    POST: post,
                    SUPPLY_SIGHT: off_spans,
                    CHARGER: Lanes(database),
                },
            )
        )
        asked = asyncio.create_task(stopping.wait())
        await asyncio.wait({worker, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if not worker.done():
            worker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await worker


def main() -> int:
    """Run the role."""
    log_to_stderr()
    # it tells every job otherwise
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    wire()
    asyncio.run(serve(Settings()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
